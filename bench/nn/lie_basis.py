"""Generators with learned entries in a search space, and the frozen distribution of their coefficients."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.api import SymmetryEstimate
from bench.api.coefficients import CoefficientSampler
from bench.lie.exponential import Algebra
from bench.lie.one_parameter import OneParameter
from bench.lie.search_space import SearchSpace


class Law(NamedTuple):
    """The distribution of the coefficients: its kind (see CoefficientSampler), and one scale per generator."""

    kind: str
    scale: tuple[float, ...]


class LieBasis(nn.Module):
    r"""Draws :math:`A = \sum_j z_j L_j` with learned ``L (k, d, d)`` and a frozen distribution of z.

    Entries outside the search space are not part of the parameter, so norms and Adam never see them.

    Args:
        std: standard deviation of the first entries.
        max_norm: largest Frobenius norm of a drawn element; longer ones are shortened.
    """

    def __init__(self, search: SearchSpace, law: Law, std: float, max_norm: float) -> None:
        super().__init__()
        k, d = len(law.scale), search.dim
        self.kind, self.max_norm, self.shape = law.kind, max_norm, (k, d, d)
        self.entries = nn.Parameter(std * torch.randn(k, search.size))  # (k, m)
        self.free: Tensor
        self.register_buffer("free", search.mask.flatten().nonzero().squeeze(1))  # (m,), where the entries belong
        self.scale: Tensor
        self.register_buffer("scale", torch.tensor(law.scale))

    def forward(self) -> Tensor:
        """The generators, ``(k, d, d)``."""
        return self.placed(self.entries)

    def placed(self, entries: Tensor) -> Tensor:
        """Entries ``(k, m)`` at their places in matrices ``(k, d, d)``."""
        k, d, _ = self.shape
        return entries.new_zeros(k, d * d).index_copy(1, self.free, entries).view(self.shape)

    def sampler(self, generators: Tensor) -> CoefficientSampler:
        """The frozen distribution on the basis ``generators (k, d, d)``."""
        return CoefficientSampler(generators, self.kind, self.scale)

    def sample(self, generators: Tensor, n: int, draws: torch.Generator) -> Algebra:
        """n algebra elements, none longer than ``max_norm``."""
        drawn = self.sampler(generators).factors(n, draws)
        return drawn.shortened(self.max_norm) if isinstance(drawn, OneParameter) else shorten(drawn, self.max_norm)

    def estimate(self, generators: Tensor) -> SymmetryEstimate:
        """The reported estimate: ``generators (k, d, d)`` with the distribution that they were learned with."""
        fixed = generators.detach().clone()
        return SymmetryEstimate(fixed, self.sampler(fixed))


def shorten(algebra: Tensor, max_norm: float) -> Tensor:
    """Elements ``(n, d, d)`` whose Frobenius norm exceeds ``max_norm`` scaled down to it, the others as they are.

    Not in the references: a normal coefficient times a generator with real eigenvalues overflows the exponential,
    and a bound that the host knows lets the exponential run without measuring norms.
    """
    norm = torch.linalg.vector_norm(algebra, dim=(1, 2), keepdim=True)  # (n, 1, 1)
    shortened: Tensor = algebra * (max_norm / norm.clamp_min(max_norm))
    return shortened
