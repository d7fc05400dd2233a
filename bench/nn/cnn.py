"""Convolutional classifier of images: the backbone of the image tasks, with no symmetry built in but translation.

Source: Santos Escriche, Jegelka, arXiv 2506.03914, A.3 ("four convolutional filters and two interleaved max-pooling
layers"); the widths are ours.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

POOL_AFTER = (1, 3)  # the convolutions, counted from 0, that a 2 x 2 max-pool follows
SHRINK = 2 ** len(POOL_AFTER)  # size of the image / size of the last feature map


class CNN(nn.Module):
    r"""Four 3 x 3 convolutions, two max-pools, the mean over the image, a linear head.

    .. math:: f(x) = A\, \mathrm{mean}_p \circ B_{2w,2w} \circ B_{w,2w} \circ B_{w,w} \circ B_{1,w} (x - m)

    with :math:`B = [\mathrm{maxpool}_2] \circ \mathrm{ReLU} \circ [\mathrm{BN}] \circ \mathrm{conv}`; the second
    and the fourth pool, and all pad with zeros. A convolution has a bias only without batch norm.

    Args:
        width: channels w of the first two convolutions; the last two have 2w.
        classes: number of classes.
        mean: the mean m of the task's pixels. The network subtracts it, not the data: an image action fills the
            corners with 0, which must be the background.
        batch_norm: whether batch norm follows each convolution.

    Raises:
        ValueError: if ``width`` or ``classes`` is not positive.

    Example:
        >>> CNN(width=8)(torch.zeros(5, 1, 28, 28)).shape
        torch.Size([5, 10])
    """

    mean: Tensor

    def __init__(self, width: int = 16, classes: int = 10, mean: float = 0.0, batch_norm: bool = True) -> None:
        super().__init__()
        check_sizes("CNN", width, classes)
        pairs = channel_pairs(width)
        self.register_buffer("mean", torch.tensor(mean))
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=not batch_norm) for a, b in pairs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) if batch_norm else nn.Identity() for _, b in pairs)
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(n, classes)`` of images ``(n, 1, size, size)``.

        Raises:
            ValueError: if ``x`` is not ``(n, 1, size, size)`` with a size of at least 4.
        """
        check_images("CNN", x)
        h = channels_last(x - self.mean)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            h = rectify(norm(conv(h)), pool=i in POOL_AFTER)  # (n, w or 2w, size / 1, 2 or 4, same)
        logits: Tensor = self.head(h.mean((2, 3)))
        return logits


def channel_pairs(width: int) -> list[tuple[int, int]]:
    """Channels in and out of the four convolutions."""
    return [(1, width), (width, width), (width, 2 * width), (2 * width, 2 * width)]


def channels_last(x: Tensor) -> Tensor:
    """Images ``(n, 1, size, size)`` with strides that make convolutions use the channels-last layout.

    In that layout a training step on a CPU takes 0.6 of the time. With one channel both layouts store the numbers in
    the same order and ``contiguous`` changes nothing, so the strides must be set explicitly.
    """
    return x.squeeze(1).unsqueeze(-1).movedim(-1, 1)


def rectify(h: Tensor, pool: bool) -> Tensor:
    """ReLU of ``(n, c, size, size)``, then 2 x 2 max-pooling where ``pool``; overwrites ``h``."""
    # ReLU and maximum commute, and behind the pool there are four times fewer entries. No layer keeps its output
    # for the backward pass except ReLU, which can use the overwritten tensor.
    return F.relu(F.max_pool2d(h, 2) if pool else h)


def check_sizes(name: str, width: int, classes: int) -> None:
    """Refuse a network without channels or classes."""
    if width < 1 or classes < 1:
        raise ValueError(f"{name} got width {width} and classes {classes}; both must be at least 1.")


def check_images(name: str, x: Tensor, multiple: bool = False) -> None:
    """Refuse images that are not ``(n, 1, size, size)``; size is at least 4, with ``multiple`` a multiple of 4."""
    size = x.shape[-1] if x.ndim else 0
    if x.ndim != 4 or x.shape[1:] != (1, size, size) or size < SHRINK or (multiple and size % SHRINK):
        # Pooling drops the last row and column of an odd feature map, but the first ones of a turned map.
        allowed = f"a positive multiple of {SHRINK}" if multiple else f"at least {SHRINK}"
        raise ValueError(
            f"{name} got images of shape {tuple(x.shape)}; they must be (n, 1, size, size) with size {allowed}."
        )
