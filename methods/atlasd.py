"""AtlasD, its global version: generators that leave a trained, frozen network equivariant.

Source: Bhat, Park, Yang, Dehmamy, Walters, Yu: AtlasD: automatic local symmetry discovery (ICML 2025) and its public
code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor, nn

from bench.api import Method, MethodCard, Problem, RunContext
from bench.api.augmentation import move
from bench.api.discovery import Discovery
from bench.api.parameters import count, learning_rate, parameter, positive, weight
from bench.api.regularisers import overlap
from bench.api.training import TrainingParameters, train
from bench.metrics.cost import parameter_count
from bench.nn.lie_basis import Law, LieBasis

#: Added to a mean square before its root, whose gradient at 0 is infinite.
TINY = 1e-12


@dataclass(frozen=True)
class AtlasDParameters(TrainingParameters):
    n_generators: int = count(1, "generators in the basis (c)", high=64)
    share_predictor: float = parameter(
        0.5,
        "share of the passes that train the network; the generators get the others",
        low=0.05,
        high=0.95,
        sweep=(0.2, 0.8),
    )
    basis_lr: float = learning_rate(5e-4, "peak learning rate of the generators (Adam)", sweep=(1e-4, 1e-2))
    init_std: float = positive(0.02, "standard deviation of the generators' first entries", high=10.0)
    max_norm: float = positive(10.0, "largest Frobenius norm of an algebra element; longer ones are shortened", 50.0)
    weight_overlap: float = weight(0.05, "weight against overlapping generators (r1)", log=True, sweep=(1e-2, 1.0))
    largest_entry: float = positive(1.0, "entries are not rewarded beyond this size (r2)", high=100.0)
    weight_growth: float = weight(0.35, "reward of the generators' length (r3)", log=True, sweep=(1e-2, 3.0))
    standard_basis: bool = parameter(False, "generators overlap where their entries do, whatever the signs")


class Frozen(nn.Module):
    """A trained network that stays as it is: no gradients for its parameters, and batch norm does not learn."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        prediction: Tensor = self.network(x)
        return prediction

    def train(self, mode: bool = True) -> Self:
        return super().train(False)


class AtlasD(Method):
    r"""Trains f as `plain` does, then minimises over L with f frozen and z normal:

    .. math:: \ell(f(gx), g f(x)) + r_1 d \sum_{i<j} |\cos(L_i, L_j)| - \frac{r_3}{k} \sum_i \lVert [L_i]_{\pm r_2}
        \rVert, \quad g = e^{\sum_j z_j L_j}

    The root of the mean square is the loss of numbers, as in the public code, and the task's loss that of classes.
    """

    card = MethodCard(
        id="atlasd",
        title="AtlasD (global)",
        summary="learns generators that leave a trained, frozen network equivariant",
        knowledge="cardinality",
        citation="Bhat, Park, Yang, Dehmamy, Walters, Yu: AtlasD: automatic local symmetry discovery (ICML 2025)",
        discovers=True,
        searches=True,
    )
    Params = AtlasDParameters

    def supports(self, problem: Problem) -> str | None:
        y = problem.train.y
        alike = bool((y == y[:1]).all())
        return "has targets that are all alike, of which every motion is a symmetry" if alike else None

    def fit(self, problem: Problem, ctx: RunContext) -> Discovery:
        params: AtlasDParameters = ctx.params
        with ctx.seeded("init"):
            network = problem.backbone().to(problem.device)
        with ctx.seeded("generators"):
            law = Law("normal", (1.0,) * params.n_generators)
            basis = LieBasis(problem.search, law, params.init_std, params.max_norm).to(problem.device)
        parameters = parameter_count(network) + parameter_count(basis)
        before = ctx.passes
        ctx.params = replace(params, passes=max(1, round(params.share_predictor * params.passes)))
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(network(x), y)})
        # The passes of a step that was not taken are left to the second stage.
        ctx.params = replace(params, passes=params.passes - (ctx.passes - before))
        _learn(problem, ctx, Frozen(network), basis)
        ctx.params = params
        return Discovery(basis.estimate(basis()), parameters)


def _learn(problem: Problem, ctx: RunContext, network: Frozen, basis: LieBasis) -> None:
    """Fits the generators to the network, whose rows count although it does not change."""
    params: AtlasDParameters = ctx.params
    draws = ctx.rng("coefficients", problem.device)
    classes = not problem.train.y.is_floating_point()

    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        generators = basis()  # (k, d, d)
        with torch.no_grad():
            fx = problem.link(network(x))
        gx, gfx = move(problem, basis.sample(generators, len(x), draws), x, fx, params.max_norm)
        fgx = network(gx)
        defect = problem.loss(fgx, gfx) if classes else ((fgx - gfx).square().mean() + TINY).sqrt()
        alike = generators.shape[-1] * overlap(generators.abs() if params.standard_basis else generators)
        length = rewarded_length(generators, params.largest_entry)
        loss = defect + params.weight_overlap * alike - params.weight_growth * length
        return {"loss": loss, "equivariance": defect, "overlap": alike, "length": length}

    group = {"params": list(basis.parameters()), "lr": params.basis_lr}
    train(problem, ctx, network, objective, [group], lambda passes: ctx.trace(passes, basis()))


def rewarded_length(generators: Tensor, largest_entry: float) -> Tensor:
    """The mean Frobenius norm of the generators ``(k, d, d)``, their entries clipped to ± ``largest_entry``."""
    clipped = generators.clamp(-largest_entry, largest_entry)
    length: Tensor = torch.linalg.vector_norm(clipped, dim=(1, 2)).mean()
    return length


METHODS = (AtlasD(),)
