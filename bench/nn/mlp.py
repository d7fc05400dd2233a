"""Multilayer perceptron from one short trajectory to another: the backbone of the two-body task.

Source: the published two-body experiment: four linear layers with ReLU between them.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn


class MLP(nn.Module):
    r"""A network on flattened trajectories.

    .. math:: f(x) = A_L \circ \sigma \circ A_{L-1} \circ \dots \circ \sigma \circ A_1 (\mathrm{vec}\, x)

    with affine maps :math:`A_l` and an activation :math:`\sigma`, ReLU by default; ``hidden_layers=3`` gives the
    reference's four maps, 8 t_in -> 32 -> 32 -> 32 -> 8 t_out.

    Args:
        in_shape: ``(t_in, d)``, the shape of one input.
        out_shape: ``(t_out, d)``, the shape of one output.
        width: units in every hidden layer.
        hidden_layers: number of hidden layers; 0 is a linear model.
        activation: the function between layers.

    Raises:
        ValueError: if a size is not positive or ``hidden_layers`` is negative.

    Example:
        >>> MLP((1, 8), (2, 8))(torch.zeros(5, 1, 8)).shape
        torch.Size([5, 2, 8])

    Source: Yang, Walters, Dehmamy, Yu, ICML 2023 (its augmented predictor).
    """

    def __init__(
        self,
        in_shape: tuple[int, int],
        out_shape: tuple[int, int],
        width: int = 32,
        hidden_layers: int = 3,
        activation: Callable[[Tensor], Tensor] = torch.relu,
    ) -> None:
        super().__init__()
        if min(*in_shape, *out_shape, width) < 1 or hidden_layers < 0:
            raise ValueError(
                f"MLP got in_shape {in_shape}, out_shape {out_shape}, width {width}, hidden_layers {hidden_layers}; "
                "sizes must be at least 1 and hidden_layers at least 0."
            )
        self.in_shape, self.out_shape = in_shape, out_shape
        self.width, self.hidden_layers, self.activation = width, hidden_layers, activation
        sizes = [in_shape[0] * in_shape[1], *[width] * hidden_layers, out_shape[0] * out_shape[1]]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        """Predict ``(n, t_out, d)`` from ``(n, t_in, d)``.

        Raises:
            ValueError: if ``x`` is not ``(n, t_in, d)``; a transposed input would otherwise pass unnoticed.
        """
        if x.shape[1:] != self.in_shape:
            t, d = self.in_shape
            raise ValueError(f"MLP got an input of shape {tuple(x.shape)}; it must be (n, {t}, {d}).")
        h = x.flatten(1)  # (n, t_in*d)
        *hidden, last = self.layers
        for layer in hidden:
            h = self.activation(layer(h))  # (n, width)
        out: Tensor = last(h)  # (n, t_out*d)
        return out.view(-1, *self.out_shape)  # (n, t_out, d)
