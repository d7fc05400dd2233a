"""Distributions of the coefficients w in exp(Σ w_j L_j): what a discoverer learns with, and what the store keeps.

Source: the paper's Section 4 (uniform); LieGAN (normal, uniform, and integers for discrete groups).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.lie.exponential import Algebra
from bench.lie.one_parameter import OneParameter

KINDS = ("uniform", "normal", "integer", "one_sided")


@dataclass(frozen=True, eq=False)
class CoefficientSampler:
    """Draws ``Σ_j w_j L_j``; an :data:`~bench.api.AlgebraSampler` that can be written to a record.

    Raises:
        ValueError: for an unknown kind, or shapes that do not fit.
    """

    generators: Tensor  # (k, d, d)
    kind: str  # one of KINDS
    scale: Tensor  # (k,): half-width, standard deviation, largest integer, or upper end

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"coefficients of kind {self.kind!r}; must be one of {', '.join(KINDS)}")
        if self.generators.ndim != 3 or self.scale.shape != self.generators.shape[:1]:
            raise ValueError(
                f"generators {tuple(self.generators.shape)} and scale {tuple(self.scale.shape)} must be (k, d, d), (k,)"
            )

    def __call__(self, n: int, generator: torch.Generator) -> Tensor:
        """``(n, d, d)`` algebra elements; zeros without generators."""
        return torch.einsum("nk,kij->nij", self.coefficients(n, generator), self.generators)

    def factors(self, n: int, generator: torch.Generator) -> Algebra:
        """The same draws as a call gives; of one generator they are kept as multiples, whose exponential is cheaper."""
        if len(self.generators) != 1:
            return self(n, generator)
        return OneParameter(self.coefficients(n, generator)[:, 0], self.generators[0])

    def coefficients(self, n: int, generator: torch.Generator) -> Tensor:
        """``(n, k)`` coefficients, in the dtype and on the device of the generators."""
        k, device = len(self.generators), generator.device
        scale = self.scale.to(self.generators)
        if self.kind == "normal":
            return torch.randn(n, k, generator=generator, device=device).to(scale) * scale
        unit = torch.rand(n, k, generator=generator, device=device).to(scale)  # in [0, 1)
        if self.kind == "uniform":
            return (2.0 * unit - 1.0) * scale
        if self.kind == "one_sided":
            return unit * scale
        # Both ends included: the reference's randint leaves out +U, which makes its distribution lopsided.
        return torch.floor(unit * (2.0 * scale + 1.0)) - scale


def uniform_sampler(generators: Tensor, half_width: float) -> CoefficientSampler:
    """Every coefficient uniform on (-half_width, half_width); generators ``(k, d, d)``."""
    return CoefficientSampler(generators, "uniform", torch.full((len(generators),), half_width))
