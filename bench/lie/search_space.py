"""Search spaces: the linear spaces of d x d matrices in which a method looks for generators.

Each is given by a boolean mask of free entries (docs/metrics.md, section 1: the space H with basis E_1..E_m).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from bench.lie.algebra import block_diagonal_mask, elementary


@dataclass(frozen=True, eq=False)
class SearchSpace:
    """All matrices supported on ``mask``."""

    name: str
    mask: Tensor  # (d, d) bool: true where an entry is free

    @cached_property
    def basis(self) -> Tensor:
        """Elementary matrices of the free entries, ``(m, d, d)`` float64."""
        return elementary(self.mask)

    @property
    def dim(self) -> int:
        """d, the side of the matrices."""
        return self.mask.shape[0]

    @property
    def size(self) -> int:
        """m, the dimension of the space."""
        return int(self.mask.sum())


def full(d: int) -> SearchSpace:
    """gl(d): every entry is free."""
    return SearchSpace(f"full{d}", torch.ones(d, d, dtype=torch.bool))


def mask2(d: int = 8) -> SearchSpace:
    """2 x 2 diagonal blocks: each plane vector of the state [q1, p1, q2, p2] is mapped to itself (16 of 64 entries).

    Raises:
        ValueError: if ``d`` is odd.
    """
    if d % 2:
        raise ValueError(f"mask2 has d = {d}; it must be even, one 2 x 2 block per plane vector")
    return SearchSpace("mask2", block_diagonal_mask([2] * (d // 2)))


def mask4() -> SearchSpace:
    """Positions mix with positions and momenta with momenta, in the order [q1, p1, q2, p2] (32 of 64 entries)."""
    is_position = torch.tensor([True, True, False, False, True, True, False, False])
    return SearchSpace("mask4", is_position[:, None] == is_position[None, :])


def affine2d() -> SearchSpace:
    """Affine maps of the plane: 3 x 3 homogeneous, last row zero (6 free entries)."""
    return _affine(2)


def affine3d() -> SearchSpace:
    """Affine maps of space: 4 x 4 homogeneous, last row zero (12 free entries)."""
    return _affine(3)


def _affine(n: int) -> SearchSpace:
    mask = torch.ones(n + 1, n + 1, dtype=torch.bool)
    mask[n] = False
    return SearchSpace(f"affine{n}d", mask)
