"""Linear groups acting on second-rank tensors, for example moments of inertia or covariances."""

from __future__ import annotations

from torch import Tensor

from bench.lie.action import Action, expand_matrices


class MatrixAction(Action):
    r"""``Y -> g Y gᵀ`` on ``(n, dim, dim)``, and :math:`A \cdot Y = A Y + Y A^\top`; symmetric Y stay symmetric."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """``g Y gᵀ``; shapes as in :meth:`Action.act`."""
        return elements @ x @ elements.mT

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        """``A Y + Y Aᵀ``; shapes as in :meth:`Action.infinitesimal`."""
        a = expand_matrices(algebra, x)  # (n, d, d)
        return a @ x + x @ a.mT
