r"""Group convolutions over p4, the translations and quarter turns of the pixel grid.

A feature map on the group is a tensor ``(n, 4, channels, h, w)`` whose second axis is the orientation. The turn
:math:`R` is ``torch.rot90``, and it acts by turning the plane and shifting the orientations, :math:`(R f)(t, s) =
f(R^{-1} t, s - 1)`.

Source: Cohen, Welling, ICML 2016.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TURNS = 4


class P4Conv(nn.Module):
    r"""Group correlation from functions on p4 to functions on p4, zeros outside the image, size kept.

    .. math:: (f \star \psi)_o(t, r) = b_o + \sum_{i, s, y} f_i(y, s)\, \psi_{oi}(R^{-r}(y - t), s - r)

    So one ordinary convolution is enough: the filter of output orientation r is :math:`\psi` turned r times, its
    orientation axis shifted by r. The bias is shared by orientations; otherwise the layer would not commute with R.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel: odd size of the filter.
        bias: whether a bias is added.

    Raises:
        ValueError: if a number of channels is not positive or ``kernel`` is not odd.

    Example:
        >>> P4Conv(3, 5)(torch.zeros(2, 4, 3, 28, 28)).shape
        torch.Size([2, 4, 5, 28, 28])
    """

    in_turns = TURNS
    index: Tensor

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 3, bias: bool = True) -> None:
        super().__init__()
        if min(in_channels, out_channels) < 1 or kernel < 1 or kernel % 2 == 0:
            raise ValueError(
                f"{type(self).__name__} got {in_channels} and {out_channels} channels and kernel {kernel}; "
                "channels must be at least 1 and the kernel odd."
            )
        self.kernel = kernel
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, self.in_turns, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        # As nn.Conv2d does it: uniform with half-width 1 / sqrt(fan in).
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.weight[0].numel())
            nn.init.uniform_(self.bias, -bound, bound)
        entries = torch.arange(self.weight[0, 0].numel()).view(self.in_turns, kernel, kernel)
        turned = [entries.rot90(r, (1, 2)).roll(r, 0) for r in range(TURNS)]
        self.register_buffer("index", torch.stack(turned), persistent=False)  # (4, in_turns, k, k)

    def filters(self) -> Tensor:
        """All turned filters as one dense bank ``(4 * out, in_turns * in, k, k)``, orientation before channel."""
        bank = self.weight.flatten(2)[:, :, self.index]  # (out, in, 4, in_turns, k, k)
        return bank.permute(2, 0, 3, 1, 4, 5).flatten(2, 3).flatten(0, 1)

    def forward(self, f: Tensor) -> Tensor:
        """Map ``(n, 4, in, h, w)`` to ``(n, 4, out, h, w)``.

        Raises:
            ValueError: if ``f`` has another shape.
        """
        channels = self.weight.shape[1]
        if f.ndim != 5 or f.shape[1:3] != (TURNS, channels):
            raise ValueError(
                f"P4Conv got an input of shape {tuple(f.shape)}; it must be (n, {TURNS}, {channels}, h, w)."
            )
        return self.correlate(f.flatten(1, 2))

    def correlate(self, x: Tensor) -> Tensor:
        """Convolve ``(n, in_turns * in, h, w)`` with :meth:`filters`, to ``(n, 4, out, h, w)``."""
        bias = None if self.bias is None else self.bias.repeat(TURNS)
        out = F.conv2d(x, self.filters(), bias, padding=self.kernel // 2)
        return out.view(len(x), TURNS, len(self.weight), *x.shape[2:])


class LiftingConv(P4Conv):
    r"""Group correlation from images ``(n, in, h, w)`` to functions on p4, ``(n, 4, out, h, w)``.

    .. math:: (f \star \psi)_o(t, r) = b_o + \sum_{i, y} f_i(y)\, \psi_{oi}(R^{-r}(y - t))

    Everything else is as in :class:`P4Conv`.
    """

    in_turns = 1

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, in, h, w)`` to ``(n, 4, out, h, w)``.

        Raises:
            ValueError: if ``x`` has another shape.
        """
        channels = self.weight.shape[1]
        if x.ndim != 4 or x.shape[1] != channels:
            raise ValueError(f"LiftingConv got an input of shape {tuple(x.shape)}; it must be (n, {channels}, h, w).")
        return self.correlate(x)
