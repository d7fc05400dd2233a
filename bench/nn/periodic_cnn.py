"""Convolutional network from fields to fields on a periodic grid: the backbone of the reaction-diffusion tasks."""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn


class PeriodicCNN(nn.Module):
    r"""Convolutions that wrap around, with SiLU between them: commutes with shifts of the grid, exactly.

    .. math:: f(x) = C_L \circ \sigma \circ C_{L-1} \circ \dots \circ \sigma \circ C_1 (x)

    The first and the last :math:`C_l` are 3 x 3 convolutions, those between them act on every place alone.

    Args:
        channels: channels of input and output.
        width: channels of every hidden layer.
        hidden_layers: number of hidden layers, at least 1.

    Raises:
        ValueError: if a size is not positive.

    Example:
        >>> PeriodicCNN(2)(torch.zeros(5, 2, 16, 16)).shape
        torch.Size([5, 2, 16, 16])
    """

    #: Its derivatives can be trusted: see :func:`bench.nn.smooth_twin.smooth_twin`.
    smooth = True

    def __init__(self, channels: int, width: int = 32, hidden_layers: int = 3) -> None:
        super().__init__()
        if min(channels, width, hidden_layers) < 1:
            raise ValueError(
                f"PeriodicCNN got channels {channels}, width {width}, hidden_layers {hidden_layers}; all must be at "
                "least 1."
            )
        self.channels = channels
        sizes = [channels, *[width] * hidden_layers, channels]
        kernels = [3, *[1] * (hidden_layers - 1), 3]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, k) for (a, b), k in zip(pairwise(sizes), kernels, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        """Fields ``(n, channels, h, w)`` of fields of the same shape.

        Raises:
            ValueError: if ``x`` does not have that shape.
        """
        if x.ndim != 4 or x.shape[1] != self.channels:
            raise ValueError(
                f"PeriodicCNN got fields of shape {tuple(x.shape)}; they must be (n, {self.channels}, h, w)."
            )
        *hidden, last = self.convs
        for conv in hidden:
            x = F.silu(conv(_wrapped(x) if conv.kernel_size == (3, 3) else x))
        out: Tensor = last(_wrapped(x))
        return out


def _wrapped(x: Tensor) -> Tensor:
    """``x (n, c, h, w)`` with one row and column of the opposite side around it."""
    return F.pad(x, (1, 1, 1, 1), mode="circular")
