"""Discriminators of LieGAN: is a pair (x, y) data, or data moved by a learned group element?

Source: Yang, Walters, Dehmamy, Yu, ICML 2023, public code; the image one is Augerino's small network (Benton, Finzi,
Izmailov, Wilson, NeurIPS 2020). Both return logits where the code has a sigmoid: the same loss, without overflow.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.nn.cnn import channels_last, rectify

LEAK = 0.2  # slope of the leaky ReLU for negative inputs
DROPOUT = 0.3  # share of channels set to zero
#: The convolutions, counted from 0, that a 2 x 2 max-pool and that a dropout follows.
POOL_AFTER, DROP_AFTER = (2, 3), (2, 3, 4)


class VectorDiscriminator(nn.Module):
    r"""An MLP on both sides of a pair.

    .. math:: D(x, y) = A_3 \circ \sigma \circ A_2 \circ \sigma \circ A_1 (\mathrm{vec}\, x \oplus \mathrm{vec}\, y)

    Args:
        shape_x, shape_y: shapes of one input and one target.
        width: units in both hidden layers.

    Example:
        >>> VectorDiscriminator((1, 8), (1, 8))(torch.zeros(5, 1, 8), torch.zeros(5, 1, 8)).shape
        torch.Size([5])
    """

    def __init__(self, shape_x: tuple[int, ...], shape_y: tuple[int, ...], width: int = 512) -> None:
        super().__init__()
        sizes = [math.prod(shape_x) + math.prod(shape_y), width, width, 1]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Logits ``(n,)`` of pairs ``(n, *shape_x)``, ``(n, *shape_y)``; positive for data."""
        h = torch.cat([x.flatten(1), y.flatten(1)], 1)
        for layer in self.layers[:-1]:
            h = F.leaky_relu(layer(h), LEAK, inplace=True)  # (n, width)
        logits: Tensor = self.layers[-1](h)  # (n, 1)
        return logits.squeeze(1)


class ImageDiscriminator(nn.Module):
    """Five 3 x 3 convolutions with batch norm and dropout, the mean over the image, and the label's embedding.

    Args:
        width: channels w of the first two convolutions and of the embedding; the other convolutions have 2w.
        classes: number of labels.

    Example:
        >>> ImageDiscriminator(8, 10)(torch.zeros(5, 1, 28, 28), torch.zeros(5, dtype=torch.int64)).shape
        torch.Size([5])
    """

    def __init__(self, width: int = 128, classes: int = 10) -> None:
        super().__init__()
        channels = [1, width, width, 2 * width, 2 * width, 2 * width]
        # No bias: batch norm removes it.
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(channels))
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in channels[1:])
        self.embedding = nn.Embedding(classes, width)
        self.head = nn.Linear(3 * width, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Logits ``(n,)`` of images ``(n, 1, size, size)`` with labels ``(n,)``; positive for data."""
        h = channels_last(x)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            h = rectify(norm(conv(h)), pool=i in POOL_AFTER)
            if i in DROP_AFTER:
                h = F.dropout2d(h, DROPOUT, self.training)
        logits: Tensor = self.head(torch.cat([h.mean((2, 3)), self.embedding(y)], 1))  # (n, 1)
        return logits.squeeze(1)
