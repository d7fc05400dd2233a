"""Linear groups acting on vectors, for example the states of an N-body system over several time steps."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.lie.action import Action


class VectorAction(Action):
    """``x -> g x`` on ``(n, dim)``, or with one ``g`` for all time steps, or all vectors, on ``(n, t, dim)``.

    Args:
        dim: coordinates of a vector.
        scalars: numbers in front of every vector that the group leaves alone, such as a mass; rows then have
            ``scalars + dim`` columns.
        per_state: how many of the t vectors make up one state.
    """

    def __init__(self, dim: int, scalars: int = 0, per_state: int = 1) -> None:
        self.dim, self.scalars, self.per_state = dim, scalars, per_state

    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """``g x`` per vector; shapes as in :meth:`Action.act`."""
        scalars, rows = self.parts(x)
        return self._joined(scalars, rows @ elements.mT).reshape(x.shape)

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        """``A x`` per vector, 0 in the scalars; shapes as in :meth:`Action.infinitesimal`."""
        scalars, rows = self.parts(x)
        return self._joined(torch.zeros_like(scalars), rows @ algebra.to(x).mT).reshape(x.shape)

    def moving_part(self, x: Tensor) -> Tensor:
        """One row per vector, ``(n, t, dim)``."""
        return self.parts(x)[1]

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The scalars ``(n, t, scalars)`` and the vectors ``(n, t, dim)``."""
        rows = x.reshape(len(x), -1, self.scalars + self.dim)
        return rows[..., : self.scalars], rows[..., self.scalars :]

    def _joined(self, scalars: Tensor, rows: Tensor) -> Tensor:
        return torch.cat([scalars, rows], -1) if self.scalars else rows
