"""Bases of the maps that a matrix group leaves unchanged, as buffers that layers share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bench.lie.equivariant_maps import NullSpace, intertwiners


class EquivariantSpaces(nn.Module):
    r"""Bases of the equivariant maps between V, its dual and the trivial representation.

    .. math:: B L = L B,\quad f L = 0,\quad L u = 0,\quad L^\top S + S L = 0 \;(S = S^\top)

    Args:
        generators: ``(k, d, d)``, k >= 1.
        elements: ``(j, d, d)`` group elements not connected to the identity, such as reflections.

    Raises:
        ValueError: if a generator is zero or not finite, or a rank is ambiguous (the message holds the spectrum).
    """

    def __init__(self, generators: Tensor, elements: Tensor | None = None) -> None:
        super().__init__()
        d = generators.shape[-1]
        algebra = [g.detach().cpu().double() for g in generators]
        group = [] if elements is None else [h.detach().cpu().double() for h in elements]
        zero, one = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)

        def solve(what: str, out: str, inner: str, symmetric: bool = False) -> NullSpace:
            # A dual generator is -Aᵀ, a dual element h⁻ᵀ; S maps V to its dual.
            act: dict[str, Callable[[Tensor], Tensor]] = {"V": lambda a: a, "V*": lambda a: -a.mT, "1": lambda a: zero}
            move: dict[str, Callable[[Tensor], Tensor]] = {
                "V": lambda h: h,
                "V*": lambda h: torch.linalg.inv(h).mT,
                "1": lambda h: one,
            }
            pairs = [(act[out](a), act[inner](a)) for a in algebra] + [(move[out](h), move[inner](h)) for h in group]
            return intertwiners(pairs, what, symmetric)

        solved = {
            "commutant": solve("linear map", "V", "V"),  # (r, d, d)
            "functionals": solve("linear functional", "1", "V"),  # (r, 1, d)
            "vectors": solve("vector", "V", "1"),  # (r, d, 1)
            "forms": solve("quadratic form", "V*", "V", symmetric=True),  # (r, d, d)
        }
        self.dim = d
        #: Ascending singular values of each solve, with its dimension: the evidence for the ranks.
        self.spectra = {name: (space.singular_values, len(space.basis)) for name, space in solved.items()}
        self.commutant: Tensor
        self.functionals: Tensor
        self.vectors: Tensor
        self.forms: Tensor
        shapes = {"functionals": (-1, d), "vectors": (-1, d)}
        for name, space in solved.items():
            basis = space.basis.float()
            self.register_buffer(name, basis if name not in shapes else basis.reshape(len(basis), d))
