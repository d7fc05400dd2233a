"""Augmentation with a given symmetry: the consumer of `true+augment` and of every `<discoverer>+augment`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.api import Fitted, Method, MethodCard, Problem, RunContext
from bench.api.augmentation import AugmentedFitted, averaged_copies, given_to, how_to_predict, move
from bench.api.parameters import count
from bench.api.training import TrainingParameters, train
from bench.metrics.cost import parameter_count


@dataclass(frozen=True)
class AugmentParams(TrainingParameters):
    copies: int = count(1, "moved copies per training example (K)", high=64, sweep=(1, 8))
    inference: str = how_to_predict("plain")
    inference_copies: int = averaged_copies(8)


class Augment(Method):
    """Minimises ℓ(f(x), y) + ℓ(f(gx), gy), g from the given group: the loss of SEMoLA with the generators fixed.

    That is `remul` with its defaults. Without generators there is nothing to move, and it trains as `plain` does.
    """

    card = MethodCard(
        id="augment",
        title="augmentation",
        summary="the task's network trained on original and moved samples",
        knowledge="none",
        citation="Chen, Dobriban, Lee: A group-theoretic framework for data augmentation (JMLR 2020)",
        consumes=True,
        version=2,
    )
    Params = AugmentParams
    moves_examples = True

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: AugmentParams = ctx.params
        given = given_to(problem, "augment")
        with ctx.seeded("init"):
            network = problem.backbone().to(problem.device)
        draws = ctx.rng("coefficients")

        def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
            if not len(given.generators):
                plain = problem.loss(network(x), y)
                return {"loss": plain, "task": plain}
            algebra = given.sample(len(x) * params.copies, draws)  # (b·K, d, d), on the host
            bound = float(algebra.abs().sum(-1).amax())
            gx, gy = move(problem, algebra.to(x), x, y, bound)
            fx, fgx = network(torch.cat([x, gx])).split([len(x), len(gx)])
            plain, moved = problem.loss(fx, y), problem.loss(fgx, gy)
            return {"loss": plain + moved, "task": plain, "equivariance": moved}

        train(problem, ctx, network, objective)
        elements = given.sample(params.inference_copies, ctx.rng("inference")).to(problem.train.x)
        count = parameter_count(network)
        return AugmentedFitted(network, problem, given, elements, params.inference, count)


METHODS = (Augment(),)
