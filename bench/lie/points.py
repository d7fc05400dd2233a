"""Affine maps of space acting on point clouds whose atoms may carry invariant features."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.lie.action import Action, expand_algebra
from bench.lie.exponential import expm


class PointAction(Action):
    """``p -> R p + t`` on the last three columns of ``(n, atoms, f + 3)``; generators are 4 x 4, last row zero.

    The leading ``f`` columns are invariant features. Where there are any, feature 0 is the nuclear charge, and an
    atom whose charge is 0 is padding: it stays where it is.
    """

    dim = 4

    def apply(self, algebra: Tensor, x: Tensor, norm_bound: float | None = None) -> Tensor:
        """The cloud moved by ``exp(A)``; shapes as in :meth:`Action.apply`."""
        features, points = x[..., :-3], x[..., -3:]
        g = expm(expand_algebra(algebra, x), norm_bound)  # (n, 4, 4)
        moved = points @ g[:, :3, :3].mT + g[:, None, :3, 3]  # (n, atoms, 3)
        if features.shape[-1] == 0:
            return moved
        is_atom = features[..., :1] != 0  # (n, atoms, 1)
        return torch.cat([features, torch.where(is_atom, moved, points)], dim=-1)

    def moving_part(self, x: Tensor) -> Tensor:
        """All coordinates of a cloud in one row, ``(n, 1, 3 atoms)``."""
        return x[..., -3:].flatten(1).unsqueeze(1)
