"""Penalised generators: what the adversarial discoverers (LieGAN, SymmetryGAN) and Augerino+ have in common.

Source: Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023) and its public code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.api.coefficients import KINDS
from bench.api.parameters import Parameters, count, parameter, positive, weight
from bench.api.regularisers import MOTION_KINDS, motion_penalty, overlap
from bench.lie.action import Action
from bench.lie.search_space import SearchSpace
from bench.nn.lie_basis import Law, LieBasis

#: Standard deviation of the first entries in the public code, by search space; elsewhere Kaiming's, sqrt(2)/d.
REFERENCE_STD = {"mask2": 1.0, "mask4": 0.01}


@dataclass(frozen=True)
class ElementParameters(Parameters):
    """Settings of one learned group element exp(A); its multiples by -1, 0 and 1 are what is known of the group."""

    init_std: float | None = positive(
        None, "standard deviation of the generators' first entries; none: the published one of the search space", 10.0
    )
    normalise: bool = parameter(False, "scale each generator to Frobenius norm sqrt(d)")
    max_norm: float = positive(10.0, "largest Frobenius norm of an algebra element; longer ones are shortened", 50.0)
    regulariser: str = parameter("cosine", "what keeps the generators from doing nothing", choices=MOTION_KINDS)
    weight_regulariser: float = weight(1e-2, "weight of that regulariser (lamda)", 1000.0, log=True, sweep=(1e-3, 10.0))
    weight_norm: float = weight(0.0, "weight of the entries' p-norm (mu)")
    norm_order: float = parameter(2.0, "order p of that norm", low=1.0, high=10.0)

    @property
    def law(self) -> Law:
        """The distribution of the coefficients."""
        return Law("integer", (1.0,))


@dataclass(frozen=True)
class LieGeneratorParameters(ElementParameters):
    """Settings of k generators whose coefficients are drawn."""

    n_generators: int = count(1, "generators in the basis (c)", high=64)
    coefficients: str = parameter("normal", "distribution of the coefficients, never learned", choices=KINDS)
    coefficient_scale: float = positive(
        1.0, "standard deviation, half-width, or largest integer of the coefficients (sigma)", high=100.0
    )
    weight_overlap: float = weight(1.0, "weight against overlapping generators (eta)")

    @property
    def law(self) -> Law:
        return Law(self.coefficients, (self.coefficient_scale,) * self.n_generators)


class LieGenerator(LieBasis):
    """A basis whose generators are kept from doing nothing and from being alike."""

    def __init__(self, params: ElementParameters, search: SearchSpace) -> None:
        std = params.init_std or REFERENCE_STD.get(search.name, math.sqrt(2.0) / search.dim)
        super().__init__(search, params.law, std, params.max_norm)
        self.params = params

    def forward(self) -> Tensor:
        """The generators, ``(k, d, d)``."""
        entries: Tensor = self.entries
        if self.params.normalise:
            entries = math.sqrt(self.shape[-1]) * nn.functional.normalize(entries, dim=1)
        return self.placed(entries)

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
