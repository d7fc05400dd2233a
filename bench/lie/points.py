"""Affine maps of space acting on point clouds whose atoms may carry invariant features."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.lie.action import Action, expand_matrices


class PointAction(Action):
    """``p -> R p + t`` on the last three columns of ``(n, atoms, f + 3)``; generators are 4 x 4, last row zero.

    The leading ``f`` columns are invariant features. Where there are any, feature 0 is the nuclear charge, and an
    atom whose charge is 0 is padding: it stays where it is.
    """

    dim = 4
    moved = 3

    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """The moved cloud; shapes as in :meth:`Action.act`."""
        features, points = x[..., :-3], x[..., -3:]
        moved = points @ elements[:, :3, :3].mT + elements[:, None, :3, 3]  # (n, atoms, 3)
        return _with_features(features, moved, points)

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        """The velocity ``B p + t`` of every atom, 0 in the features and for padding, ``(n, atoms, f + 3)``."""
        features, points = x[..., :-3], x[..., -3:]
        a = expand_matrices(algebra, x)  # (n, 4, 4)
        velocity = points @ a[:, :3, :3].mT + a[:, None, :3, 3]  # (n, atoms, 3)
        moving = _with_features(features, velocity, torch.zeros_like(velocity))
        return torch.cat([torch.zeros_like(features), moving[..., -3:]], dim=-1)

    def moving_part(self, x: Tensor) -> Tensor:
        """All coordinates of a cloud in one row, ``(n, 1, 3 atoms)``."""
        return x[..., -3:].flatten(1).unsqueeze(1)


def _with_features(features: Tensor, atoms: Tensor, padding: Tensor) -> Tensor:
    """``features`` in front of the coordinates ``atoms``, or of ``padding`` where an atom is padding."""
    if features.shape[-1] == 0:
        return atoms
    is_atom = features[..., :1] != 0  # (n, atoms, 1)
    return torch.cat([features, torch.where(is_atom, atoms, padding)], dim=-1)
