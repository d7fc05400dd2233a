"""A SiLU perceptron on all numbers of an example: a network of any shape whose derivatives can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bench.nn.mlp import MLP


class SmoothPerceptron(nn.Module):
    """``(n, *shape) -> (n, *out)`` through hidden layers of ``width`` units.

    Args:
        shape: of one input, any number of axes.
        out: of one output.
        width: units in every hidden layer.
        hidden_layers: number of hidden layers.
    """

    smooth = True

    def __init__(self, shape: Sequence[int], out: Sequence[int], width: int, hidden_layers: int) -> None:
        super().__init__()
        self.out = tuple(out)
        silu = torch.nn.functional.silu
        self.inner = MLP((1, math.prod(shape)), (1, math.prod(out)), width, hidden_layers, silu)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.inner(x.reshape(len(x), 1, -1))
        return y.reshape(len(x), *self.out)
