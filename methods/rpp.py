"""RPP: an EMLP with a free pathway beside every layer, under a prior that prefers the equivariant one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.api import Fitted, Method, MethodCard, Problem, RunContext
from bench.api.parameters import weight
from bench.api.training import train
from bench.methods.emlp import EMLPFitted, EMLPMethod, EMLPParams, network_for, solve_spaces
from bench.nn.rpp import RPP


@dataclass(frozen=True)
class RPPParams(EMLPParams):
    # The ratio of the public code's pendulum (1e-4 to 1), at a scale chosen on validation: docs/methods/rpp.md.
    wd_equivariant: float = weight(
        1e-8, "weight of the sum of squares of the equivariant parameters", log=True, sweep=(1e-10, 1e-3)
    )
    wd_free: float = weight(1e-4, "weight of the sum of squares of the free parameters", log=True, sweep=(1e-6, 1e2))


class RPPMethod(Method):
    """Minimises the task's loss plus two Gaussian priors' penalties over sums of equivariant and free layers."""

    card = MethodCard(
        id="rpp",
        title="RPP",
        summary="an EMLP with a free pathway beside every layer, held small by a prior",
        knowledge="none",
        citation="Finzi, Benton, Wilson: Residual pathway priors for soft equivariance constraints (NeurIPS 2021)",
        consumes=True,
    )
    Params = RPPParams
    known_failures: Mapping[str, str] = EMLPMethod.known_failures

    def supports(self, problem: Problem) -> str | None:
        return EMLPMethod().supports(problem)

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: RPPParams = ctx.params
        given = problem.given
        assert given is not None
        d = given.generators.shape[-1]
        identity = None if len(given.generators) else torch.eye(d)[None]  # no generators: the group of one element
        spaces = solve_spaces(given.generators, problem, ctx, self.card.id, identity)
        with ctx.seeded("init"):
            network = network_for(problem, RPP, spaces, params)

        def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
            task = problem.loss(network(x), y)
            equivariant, free = network.norms()
            loss = task + params.wd_equivariant * equivariant + params.wd_free * free
            return {"loss": loss, "task": task, "equivariant": equivariant, "free": free}

        train(problem, ctx, network, objective)
        return EMLPFitted(network, problem, given)


METHODS = (RPPMethod(),)
