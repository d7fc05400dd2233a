"""Bases of the maps that a matrix group leaves unchanged, as buffers that layers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from bench.lie.equivariant_maps import NullSpace, intertwiners


class EquivariantSpaces(nn.Module):
    r"""Bases of the equivariant maps between V, its dual and the trivial representation.

    .. math:: B L = L B,\quad f L = 0,\quad L u = 0,\quad L^\top S + S L = 0 \;(S = S^\top),\quad L Q + Q L^\top = 0

    Args:
        generators: ``(k, d, d)``, k >= 1.
        elements: ``(j, d, d)`` group elements not connected to the identity, such as reflections.
        tolerance: the largest residual that counts as zero; None derives one from each spectrum.
        tensors: whether to solve for the invariant tensors Q of V ⊗ V too, which only matrices as outputs need.

    Raises:
        ValueError: if a generator is zero or not finite.
    """

    def __init__(
        self,
        generators: Tensor,
        elements: Tensor | None = None,
        tolerance: float | None = None,
        tensors: bool = False,
    ) -> None:
        super().__init__()
        d = generators.shape[-1]
        algebra = [g.detach().cpu().double() for g in generators]
        group = [] if elements is None else [h.detach().cpu().double() for h in elements]
        zero, one = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)

        def solve(out: str, inner: str, symmetric: bool = False) -> NullSpace:
            # A dual generator is -Aᵀ, a dual element h⁻ᵀ; S maps V to its dual.
            act: dict[str, Callable[[Tensor], Tensor]] = {"V": lambda a: a, "V*": lambda a: -a.mT, "1": lambda a: zero}
            move: dict[str, Callable[[Tensor], Tensor]] = {
                "V": lambda h: h,
                "V*": lambda h: torch.linalg.inv(h).mT,
                "1": lambda h: one,
            }
            pairs = [(act[out](a), act[inner](a)) for a in algebra] + [(move[out](h), move[inner](h)) for h in group]
            return intertwiners(pairs, symmetric, tolerance)

        solved = {
            "commutant": solve("V", "V"),  # (r, d, d)
            "functionals": solve("1", "V"),  # (r, 1, d)
            "vectors": solve("V", "1"),  # (r, d, 1)
            "forms": solve("V*", "V", symmetric=True),  # (r, d, d)
        }
        if tensors:
            solved["tensors"] = solve("V", "V*")  # (r, d, d)
        self.dim = d
        #: Of each solve: the ascending singular values and the tolerance, which give its dimension.
        self.solved: Mapping[str, NullSpace] = solved
        self.commutant: Tensor
        self.functionals: Tensor
        self.vectors: Tensor
        self.forms: Tensor
        self.tensors: Tensor
        shapes = {"functionals": (-1, d), "vectors": (-1, d)}
        for name, space in solved.items():
            basis = space.basis.float()
            self.register_buffer(name, basis if name not in shapes else basis.reshape(len(basis), d))

    def nothing_left(self, invariant: bool) -> bool:
        """Whether every network would be constant (of an invariant output) or a multiple of the identity."""
        rest = len(self.forms) + (len(self.functionals) if invariant else len(self.vectors))
        return rest == 0 and (invariant or len(self.commutant) <= 1)
