"""Linear groups acting on vectors, for example the states of an N-body system over several time steps."""

from __future__ import annotations

from torch import Tensor

from bench.lie.action import Action


class VectorAction(Action):
    """``x -> g x`` on ``(n, dim)``, or with one ``g`` for all time steps on ``(n, t, dim)``."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """``g x`` per vector; shapes as in :meth:`Action.act`."""
        rows = x.reshape(len(x), -1, self.dim)  # (n, t, d)
        return (rows @ elements.mT).reshape(x.shape)

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        """``A x`` per vector; shapes as in :meth:`Action.infinitesimal`."""
        rows = x.reshape(len(x), -1, self.dim)  # (n, t, d)
        return (rows @ algebra.to(x).mT).reshape(x.shape)

    def moving_part(self, x: Tensor) -> Tensor:
        """One row per time step, ``(n, t, dim)``."""
        return x.reshape(len(x), -1, self.dim)
