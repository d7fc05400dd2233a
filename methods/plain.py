"""The task's backbone, trained without knowledge of a symmetry: the lower reference."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bench.api import Fitted, Method, MethodCard, Problem, RunContext
from bench.api.training import TrainingParameters, train
from bench.metrics.cost import parameter_count


class PlainFitted(Fitted):
    def __init__(self, network: nn.Module, link: Callable[[Tensor], Tensor]) -> None:
        self.network, self.link = network, link
        self.parameters = parameter_count(network)

    @torch.no_grad()
    def predict(self, x: Tensor) -> Tensor:
        return self.link(self.network(x))


class Plain(Method):
    """Minimises the task's loss on the original samples."""

    card = MethodCard(
        id="plain",
        title="Plain backbone",
        summary="the task's network without augmentation",
        knowledge="none",
        citation="",
    )
    Params = TrainingParameters

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        with ctx.seeded("init"):
            network = problem.backbone().to(problem.device)
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(network(x), y)})
        return PlainFitted(network, problem.link)


METHODS = (Plain(),)
