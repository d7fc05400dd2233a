"""The smooth twin of a network: the same function class with derivatives that can be trusted."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.nn.mlp import MLP
from bench.nn.smooth_perceptron import SmoothPerceptron

#: Units and hidden layers of the perceptron that stands in for a network which has no twin of its own shape.
WIDTH, LAYERS = 128, 3


def smooth_twin(network: nn.Module, x: Tensor) -> nn.Module:
    """``network`` itself where it is smooth, its twin with SiLU where it is an MLP, else a SiLU MLP on pixels.

    The derivatives of a ReLU network are constant between kinks, and wrong there. A network is smooth when it has an
    attribute ``smooth`` that is true.

    Args:
        network: ``(n, *shape) -> (n, *shape_out)``.
        x: ``(n, *shape)``, one example or more, from which the shapes are read.
    """
    if getattr(network, "smooth", False):
        return network
    if isinstance(network, MLP):
        silu = torch.nn.functional.silu
        return MLP(network.in_shape, network.out_shape, network.width, network.hidden_layers, silu)
    with torch.no_grad():
        shape = network.eval()(x[:1]).shape[1:]
    return SmoothPerceptron(x.shape[1:], shape, WIDTH, LAYERS)
