"""The CNN of the image tasks with turns by 360 / N degrees built in, of escnn's steerable convolutions.

Source: Weiler, Cesa, NeurIPS 2019, in the arrangement of :mod:`bench.nn.cnn`.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.nn.cnn import POOL_AFTER, channel_pairs, check_images, check_sizes

TURNS = {"c4": 4, "c8": 8, "c16": 16}  # N, the turns of each group


class SteerableCNN(nn.Module):
    """Layers of escnn, from an image to invariant channels, then the mean over the image and a linear head.

    Args:
        layers: an ``escnn.nn.SequentialModule`` whose input type is one trivial field.
        channels: how many channels it gives.
        classes: number of classes.
        mean: the mean of the task's pixels, which the network subtracts.
    """

    mean: Tensor
    layers: Any  # escnn has no types

    def __init__(self, layers: nn.Module, channels: int, classes: int, mean: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.layers = layers
        self.head = nn.Linear(channels, classes)
        self.train()

    def train(self, mode: bool = True) -> "SteerableCNN":
        """Set the mode of all layers except the convolutions, which always stay in training mode."""
        super().train(mode)
        for layer in self.layers.children():
            # Evaluation would make escnn keep the dense filter with its graph: the network could then not be copied,
            # and would go on with the old filter when its weights change.
            if hasattr(layer, "expand_parameters"):
                layer.train()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(n, classes)`` of images ``(n, 1, size, size)``.

        Raises:
            ValueError: if ``x`` is not ``(n, 1, size, size)`` with a size that is a multiple of 4.
        """
        check_images("SteerableCNN", x, multiple=True)
        h = self.layers(self.layers.in_type(x - self.mean)).tensor  # (n, channels, size / 4, same)
        logits: Tensor = self.head(h.mean((2, 3)))
        return logits


def steerable_cnn(
    group: str, width: int = 8, classes: int = 10, mean: float = 0.0, batch_norm: bool = True
) -> SteerableCNN:
    """Four 3 x 3 steerable convolutions of regular fields, two max-pools, the maximum over a field, mean, linear head.

    Exactly invariant under quarter turns; under the other turns of the group up to the resolution of the pixel grid.

    Args:
        group: ``"c4"``, ``"c8"`` or ``"c16"``.
        width: regular fields of the first two convolutions, each of N channels; the last two have twice as many.
        classes: number of classes.
        mean: the mean of the task's pixels, which the network subtracts.
        batch_norm: whether batch norm, shared by the channels of a field, follows each convolution.

    Raises:
        ValueError: if ``group`` is unknown, or ``width`` or ``classes`` is not positive.
        BenchError: if escnn is not installed.
    """
    if group not in TURNS:
        raise ValueError(f"steerable_cnn got group {group!r}; it must be one of {', '.join(TURNS)}.")
    check_sizes("steerable_cnn", width, classes)
    try:
        # Imported here because it is optional and takes seconds.
        from escnn import gspaces
        from escnn import nn as enn
    except ModuleNotFoundError as error:
        raise BenchError(
            f"group {group!r} of gcnn needs escnn, which is not installed; "
            '`pip install "symmetry-bench[escnn]"` (needs a Fortran compiler and Python < 3.13).'
        ) from error
    plane = gspaces.rot2dOnR2(TURNS[group])
    fields = [b for _, b in channel_pairs(width)]
    types = [enn.FieldType(plane, [plane.trivial_repr])]
    types += [enn.FieldType(plane, [plane.regular_repr] * number) for number in fields]
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise(types)):
        layers.append(enn.R2Conv(a, b, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(enn.InnerBatchNorm(b))
        if i in POOL_AFTER:
            layers.append(enn.PointwiseMaxPool2D(b, 2))  # before the ReLU, as in the CNN
        layers.append(enn.ReLU(b))
    layers.append(enn.GroupPooling(types[-1]))
    return SteerableCNN(enn.SequentialModule(*layers), fields[-1], classes, mean)
