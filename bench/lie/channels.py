"""Linear groups acting on the channels of fields on a grid, for example on two species that react and diffuse."""

from __future__ import annotations

from torch import Tensor

from bench.lie.action import Action


class ChannelAction(Action):
    """``u -> g u`` at every place of fields ``(n, dim, *grid)``, or of t time steps ``(n, t dim, *grid)``.

    Channels are ordered by time step. All places and time steps of a sample move by one ``g``.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """``g u`` at every place; shapes as in :meth:`Action.act`."""
        return (elements[:, None] @ self._columns(x)).reshape(x.shape)

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        """``A u`` at every place; shapes as in :meth:`Action.infinitesimal`."""
        return (algebra.to(x).unsqueeze(-3) @ self._columns(x)).reshape(x.shape)

    def moving_part(self, x: Tensor) -> Tensor:
        """One row per time step and place, ``(n, t places, dim)``."""
        return self._columns(x).mT.flatten(1, 2)

    def _columns(self, x: Tensor) -> Tensor:
        """One column per place, ``(n, t, dim, places)``."""
        places = x.shape[2:].numel()
        return x.reshape(len(x), -1, self.dim, places)
