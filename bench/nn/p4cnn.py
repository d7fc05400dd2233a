"""The CNN of the image tasks with quarter turns built in: a group-equivariant network over p4.

Source: Cohen, Welling, ICML 2016, in the arrangement of :mod:`bench.nn.cnn`.
"""

import math

import torch
from torch import Tensor, nn

from bench.nn.cnn import POOL_AFTER, channel_pairs, channels_last, check_images, check_sizes, rectify
from bench.nn.p4conv import TURNS, LiftingConv, P4Conv


class P4CNN(nn.Module):
    r"""Four 3 x 3 group convolutions, two max-pools, the maximum over orientations, the mean, a linear head.

    Every layer commutes with quarter turns. The maximum and the mean are invariant, so :math:`f(Rx) = f(x)`.

    Args:
        width: channels of the first two convolutions, each in four orientations; the last two have twice as many.
        classes: number of classes.
        mean: the mean of the task's pixels, which the network subtracts.
        batch_norm: whether batch norm follows each convolution.

    Raises:
        ValueError: if ``width`` or ``classes`` is not positive.

    Example:
        >>> P4CNN(width=8)(torch.zeros(5, 1, 28, 28)).shape
        torch.Size([5, 10])
    """

    mean: Tensor

    def __init__(self, width: int = 8, classes: int = 10, mean: float = 0.0, batch_norm: bool = True) -> None:
        super().__init__()
        check_sizes("P4CNN", width, classes)
        pairs = channel_pairs(width)
        self.register_buffer("mean", torch.tensor(mean))
        self.convs = nn.ModuleList(
            (P4Conv if i else LiftingConv)(a, b, bias=not batch_norm) for i, (a, b) in enumerate(pairs)
        )
        self.norms = nn.ModuleList(P4BatchNorm(b) if batch_norm else nn.Identity() for _, b in pairs)
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(n, classes)`` of images ``(n, 1, size, size)``.

        Raises:
            ValueError: if ``x`` is not ``(n, 1, size, size)`` with a size that is a multiple of 4.
        """
        check_images("P4CNN", x, multiple=True)
        f = channels_last(x - self.mean)  # (n, 1, size, size)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            h = rectify(norm(conv(f)).flatten(1, 2), pool=i in POOL_AFTER)
            f = h.view(len(x), TURNS, h.shape[1] // TURNS, *h.shape[2:])  # (n, 4, w or 2w, size / 1, 2 or 4, same)
        logits: Tensor = self.head(f.amax(1).mean((2, 3)))
        return logits


class P4BatchNorm(nn.BatchNorm2d):
    """Batch norm of ``(n, 4, c, h, w)`` with statistics and scale shared by the orientations of a channel."""

    def forward(self, f: Tensor) -> Tensor:
        """Normalise the c channels over samples, orientations and pixels."""
        # With channels last all of this is views, and the fast kernel runs as over an image 4 w wide.
        wide = f.permute(0, 2, 3, 4, 1).flatten(3)  # (n, c, h, 4w)
        return super().forward(wide).view(*wide.shape[:3], f.shape[4], TURNS).permute(0, 4, 1, 2, 3)


def parameter_count(width: int, classes: int = 10, batch_norm: bool = True) -> int:
    """Trainable numbers of ``P4CNN(width, classes, batch_norm=batch_norm)``."""
    filters = sum((9 * TURNS if i else 9) * a * b for i, (a, b) in enumerate(channel_pairs(width)))
    shifts_and_scales = (12 if batch_norm else 6) * width
    return filters + shifts_and_scales + (2 * width + 1) * classes


def matching_width(parameters: int, classes: int = 10, batch_norm: bool = True) -> int:
    """The width whose :func:`parameter_count` is nearest to ``parameters``; the smaller of two equally near."""
    # The count is 252 w^2 and a little, so its root is at most one above the best width.
    upper = math.isqrt(max(parameters, 0) // 252) + 1
    return min(range(1, upper + 1), key=lambda width: abs(parameter_count(width, classes, batch_norm) - parameters))
