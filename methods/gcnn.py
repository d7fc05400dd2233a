"""The hard-equivariant baseline: a convolutional network whose output cannot change under turns by 90° (or less).

Source: Cohen, Welling: Group equivariant convolutional networks (ICML 2016), group p4, as in the paper's A.3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from bench.api import Fitted, Method, MethodCard, Problem, RunContext
from bench.api.parameters import count, parameter
from bench.api.training import TrainingParameters, train
from bench.lie.images import ImageAction
from bench.methods.plain import PlainFitted
from bench.metrics.cost import parameter_count
from bench.nn.p4cnn import P4CNN, matching_width
from bench.nn.steerable_cnn import steerable_cnn


@dataclass(frozen=True)
class GCNNParams(TrainingParameters):
    group: str = parameter(
        "p4",
        "turns built in, with translations: p4 in own layers; c4, c8, c16 (4, 8, 16 turns) need escnn",
        choices=("p4", "c4", "c8", "c16"),
    )
    width: int | None = count(
        None, "channels of the first layer; none: the network with most nearly the parameters of the task's", high=512
    )


class GCNN(Method):
    """The task's convolutional network with group convolutions, trained like the plain one."""

    card = MethodCard(
        id="gcnn",
        title="GCNN",
        summary="group convolutions, invariant under turns by 90°",
        knowledge="group",
        citation="Cohen, Welling: Group equivariant convolutional networks (ICML 2016)",
    )
    Params = GCNNParams

    def supports(self, problem: Problem) -> str | None:
        if not isinstance(problem.action_in, ImageAction) or problem.train.y.is_floating_point():
            return "group convolutions classify images; the task gives something else"
        return None

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        with ctx.seeded("init"):
            network = build(problem, ctx.params).to(problem.device)
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(network(x), y)})
        return PlainFitted(network, problem.link)


def build(problem: Problem, params: GCNNParams) -> nn.Module:
    """A network like the task's: as many classes, batch norm where it has some, and by default as many parameters."""
    backbone = problem.backbone()
    classes = int(problem.train.y.max()) + 1
    batch_norm = any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    size = parameter_count(backbone)
    mean = float(problem.train.x.mean(dtype=torch.float64))
    if params.group == "p4":
        return P4CNN(params.width or matching_width(size, classes, batch_norm), classes, mean, batch_norm)

    def steerable(width: int) -> nn.Module:
        return steerable_cnn(params.group, width, classes, mean, batch_norm)

    return steerable(params.width or _nearest_width(steerable, size))


def _nearest_width(make: Callable[[int], nn.Module], parameters: int) -> int:
    """The width whose number of parameters is nearest to ``parameters``; the number is quadratic in the width."""
    known = (1, 2, 3)
    curve = np.polyfit(known, [parameter_count(make(width)) for width in known], 2)
    return min(range(1, 513), key=lambda width: abs(float(np.polyval(curve, width)) - parameters))


METHODS = (GCNN(),)
