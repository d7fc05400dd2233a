"""Linear groups acting on vectors, for example the states of an N-body system over several time steps."""

from __future__ import annotations

from torch import Tensor

from bench.lie.action import Action, expand_algebra
from bench.lie.exponential import expm


class VectorAction(Action):
    """``x -> g x`` on ``(n, dim)``, or with one ``g`` for all time steps on ``(n, t, dim)``."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def apply(self, algebra: Tensor, x: Tensor, norm_bound: float | None = None) -> Tensor:
        """``exp(A) x`` per vector; shapes as in :meth:`Action.apply`."""
        rows = x.reshape(len(x), -1, self.dim)  # (n, t, d)
        return (rows @ expm(expand_algebra(algebra, x), norm_bound).mT).reshape(x.shape)

    def moving_part(self, x: Tensor) -> Tensor:
        """One row per time step, ``(n, t, dim)``."""
        return x.reshape(len(x), -1, self.dim)
