"""Learned generators with a frozen distribution of their coefficients: what LieGAN and Augerino+ have in common.

Source: Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023) and its public code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.api import SymmetryEstimate
from bench.api.coefficients import KINDS, CoefficientSampler
from bench.api.parameters import Parameters, count, parameter, positive, weight
from bench.api.regularisers import MOTION_KINDS, motion_penalty, overlap
from bench.lie.action import Action
from bench.lie.exponential import Algebra
from bench.lie.one_parameter import OneParameter
from bench.lie.search_space import SearchSpace

#: Standard deviation of the first entries in the public code, by search space; elsewhere Kaiming's, sqrt(2)/d.
REFERENCE_STD = {"mask2": 1.0, "mask4": 0.01}


@dataclass(frozen=True)
class LieGeneratorParameters(Parameters):
    n_generators: int = count(1, "generators in the basis (c)", high=64)
    init_std: float | None = positive(
        None, "standard deviation of the generators' first entries; none: the published one of the search space", 10.0
    )
    coefficients: str = parameter("normal", "distribution of the coefficients, never learned", choices=KINDS)
    coefficient_scale: float = positive(
        1.0, "standard deviation, half-width, or largest integer of the coefficients (sigma)", high=100.0
    )
    normalise: bool = parameter(False, "scale each generator to Frobenius norm sqrt(d)")
    max_norm: float = positive(10.0, "largest Frobenius norm of an algebra element; longer ones are shortened", 50.0)
    regulariser: str = parameter("cosine", "what keeps the generators from doing nothing", choices=MOTION_KINDS)
    weight_regulariser: float = weight(1e-2, "weight of that regulariser (lamda)", 1000.0, log=True, sweep=(1e-3, 10.0))
    weight_norm: float = weight(0.0, "weight of the entries' p-norm (mu)")
    norm_order: float = parameter(2.0, "order p of that norm", low=1.0, high=10.0)
    weight_overlap: float = weight(1.0, "weight against overlapping generators (eta)")


class LieGenerator(nn.Module):
    r"""Draws :math:`A = \sum_j z_j L_j` with learned ``L (k, d, d)`` and a frozen distribution of z.

    Entries outside the search space are not part of the parameter, so norms and Adam never see them.
    """

    def __init__(self, params: LieGeneratorParameters, search: SearchSpace) -> None:
        super().__init__()
        self.params = params
        d = search.dim
        std = params.init_std or REFERENCE_STD.get(search.name, math.sqrt(2.0) / d)
        self.entries = nn.Parameter(std * torch.randn(params.n_generators, search.size))  # (k, m)
        self.free: Tensor
        self.register_buffer("free", search.mask.flatten().nonzero().squeeze(1))  # (m,), where the entries belong
        self.scale: Tensor
        self.register_buffer("scale", torch.full((params.n_generators,), params.coefficient_scale))
        self.shape = (params.n_generators, d, d)

    def forward(self) -> Tensor:
        """The generators, ``(k, d, d)``."""
        k, d, _ = self.shape
        entries: Tensor = self.entries
        if self.params.normalise:
            entries = math.sqrt(d) * nn.functional.normalize(entries, dim=1)
        return entries.new_zeros(k, d * d).index_copy(1, self.free, entries).view(self.shape)

    def sampler(self, generators: Tensor) -> CoefficientSampler:
        """The frozen distribution on the basis ``generators (k, d, d)``."""
        return CoefficientSampler(generators, self.params.coefficients, self.scale)

    def sample(self, generators: Tensor, n: int, draws: torch.Generator) -> Algebra:
        """n algebra elements, none longer than ``max_norm``."""
        drawn, longest = self.sampler(generators).factors(n, draws), self.params.max_norm
        return drawn.shortened(longest) if isinstance(drawn, OneParameter) else shorten(drawn, longest)

    def estimate(self, generators: Tensor) -> SymmetryEstimate:
        """The reported estimate: ``generators (k, d, d)`` with the distribution that they were learned with."""
        fixed = generators.detach().clone()
        return SymmetryEstimate(fixed, self.sampler(fixed))

    def penalties(self, action: Action, generators: Tensor, gx: Tensor, x: Tensor) -> dict[str, Tensor]:
        """The unweighted penalties of the generators; ``gx``, ``x`` are ``(n, *shape)``."""
        terms = {"regulariser": motion_penalty(action, gx, x, generators, self.params.regulariser)}
        if self.params.weight_norm:
            terms["norm"] = torch.linalg.vector_norm(generators, self.params.norm_order)
        if len(generators) > 1:
            terms["overlap"] = overlap(generators)
        return terms

    def weighted(self, loss: Tensor, penalties: Mapping[str, Tensor]) -> Tensor:
        """``loss`` and the weighted sum of :meth:`penalties`."""
        weights = {name: getattr(self.params, f"weight_{name}") for name in penalties}
        return torch.stack([loss, *(weights[name] * term for name, term in penalties.items())]).sum()


def shorten(algebra: Tensor, max_norm: float) -> Tensor:
    """Elements ``(n, d, d)`` whose Frobenius norm exceeds ``max_norm`` scaled down to it, the others as they are.

    Not in the references: a normal coefficient times a generator with real eigenvalues overflows the exponential,
    and a bound that the host knows lets the exponential run without measuring norms.
    """
    norm = torch.linalg.vector_norm(algebra, dim=(1, 2), keepdim=True)  # (n, 1, 1)
    shortened: Tensor = algebra * (max_norm / norm.clamp_min(max_norm))
    return shortened
