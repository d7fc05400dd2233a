"""REMUL: a task loss and an equivariance loss on moved samples as two tasks, with fixed or moving weights.

Source: Elhag, Rusch, Di Giovanni, Bronstein (arXiv 2410.17878); docs/methods/remul.md says where each choice is from.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.api import Fitted, Method, MethodCard, Problem, RunContext, SymmetryEstimate
from bench.api.augmentation import AugmentedFitted, given_to, move
from bench.api.parameters import parameter, positive, weight
from bench.api.training import Objective, train
from bench.errors import BenchError
from bench.methods.augment import AugmentParams
from bench.metrics.cost import parameter_count
from bench.nn.grad_norm import GradNorm, gradient_norms, last_weight


@dataclass(frozen=True)
class RemulParams(AugmentParams):
    alpha: float = weight(1.0, "weight of the loss on original samples; gradnorm starts from it")
    beta: float = weight(
        1.0, "weight of the equivariance loss; gradnorm starts from it, linear ends at it", log=True, sweep=(1e-2, 1e2)
    )
    weights: str = parameter(
        "constant",
        "how the two weights develop: not at all, by their gradients, or beta rising from 0 in proportion to passes",
        choices=("constant", "gradnorm", "linear"),
    )
    gamma: float = parameter(
        1.5, "gradnorm: how much the loss that fell less is favoured", low=0.0, high=5.0, log=True, sweep=(0.1, 3.0)
    )
    eta: float = positive(0.025, "gradnorm: rate of the weights", high=1.0)
    anchor: str = parameter(
        "label",
        "what f(gx) is compared with: the moved label g y, the moved prediction g f(x), or that without its gradient",
        choices=("label", "function", "function_stop"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.alpha and not (self.beta and self.anchor == "label" and self.weights == "constant"):
            raise BenchError(
                f"alpha of remul is 0, so moved labels alone count: that needs beta above 0 (is {self.beta:g}), anchor "
                f"label ({self.anchor}) and weights constant ({self.weights})."
            )


class Remul(Method):
    r"""Minimises α ℓ(f(x), y) + β ℓ(f(gx), gy), g from the given group; with its defaults it is `augment`.

    A loss whose weight is always 0 is not computed, and costs no passes: `beta` 0, or no generators, is `plain`.
    """

    card = MethodCard(
        id="remul",
        title="REMUL",
        summary="the task's network trained on two losses, task and equivariance; with its defaults it is augment",
        knowledge="none",
        citation="Elhag, Rusch, Di Giovanni, Bronstein: Relaxed equivariance via multitask learning (arXiv 2410.17878)",
        consumes=True,
    )
    Params = RemulParams
    moves_examples = True

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: RemulParams = ctx.params
        given = given_to(problem, "remul")
        with ctx.seeded("init"):
            network = problem.backbone().to(problem.device)
        train(problem, ctx, network, _objective(problem, ctx, network))
        elements = given.sample(params.inference_copies, ctx.rng("inference")).to(problem.train.x)
        return AugmentedFitted(network, problem, given, elements, params.inference, parameter_count(network))


def _objective(problem: Problem, ctx: RunContext, network: nn.Module) -> Objective:
    """The objective that the parameters ask for; a loss that never has a weight is left out."""
    params: RemulParams = ctx.params
    assert problem.given is not None
    if not params.beta or not len(problem.given.generators):
        return lambda x, y: _alone("task", problem.loss(network(x), y))
    losses = _Losses(problem, network, params, problem.given, ctx.rng("coefficients"))
    if not params.alpha:
        return lambda x, y: _alone("equivariance", losses.moved(x, y))
    ends = problem.train.x.new_tensor([params.alpha, params.beta])
    if params.weights == "gradnorm":
        return _balanced(losses, ctx.keep(GradNorm(ends, params.gamma, params.eta)), last_weight(network))
    linear = params.weights == "linear"
    start = ends * ends.new_tensor([1.0, 0.0]) if linear else ends
    return lambda x, y: _weighted(torch.lerp(start, ends, ctx.done) if linear else ends, *losses.both(x, y))


@dataclass(frozen=True)
class _Losses:
    """The losses of a batch, with fresh group elements for each of its examples."""

    problem: Problem
    network: nn.Module
    params: RemulParams
    given: SymmetryEstimate
    draws: torch.Generator

    def both(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """ℓ(f(x), y), and ℓ(f(gx), gy) or ℓ(f(gx), g f(x)), from one pass, so that batch norm sees both inputs."""
        algebra, bound = self._draw(x)
        gx, target = move(self.problem, algebra, x, y, bound)
        fx, fgx = self.network(torch.cat([x, gx])).split([len(x), len(gx)])
        if self.params.anchor != "label":
            prediction: Tensor = self.problem.link(fx)  # probabilities, where y are classes
            prediction = prediction.detach() if self.params.anchor == "function_stop" else prediction
            copies = prediction.repeat_interleave(self.params.copies, 0)
            target = self.problem.action_out.apply(algebra, copies, bound)
        return self.problem.loss(fx, y), self.problem.loss(fgx, target)

    def moved(self, x: Tensor, y: Tensor) -> Tensor:
        """ℓ(f(gx), gy) alone."""
        algebra, bound = self._draw(x)
        gx, gy = move(self.problem, algebra, x, y, bound)
        return self.problem.loss(self.network(gx), gy)

    def _draw(self, x: Tensor) -> tuple[Tensor, float]:
        """Algebra elements ``(b·K, d, d)`` and a bound of their norms."""
        algebra = self.given.sample(len(x) * self.params.copies, self.draws)  # on the host
        return algebra.to(x), float(algebra.abs().sum(-1).amax())


def _balanced(losses: _Losses, balance: GradNorm, layer: nn.Parameter) -> Objective:
    """Weighted by ``balance``, whose weights move after each batch; its gradients take no further forward pass."""

    def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        task, equivariance = losses.both(x, y)
        terms = _weighted(balance.weights, task, equivariance)
        both = torch.stack([task, equivariance])
        balance.update(both.detach(), gradient_norms(both, layer))
        return terms

    return objective


def _weighted(weights: Tensor, task: Tensor, equivariance: Tensor) -> dict[str, Tensor]:
    """The terms of the history: the weighted sum, both losses and both weights."""
    first, second = weights
    terms = {"loss": first * task + second * equivariance, "task": task, "equivariance": equivariance}
    return terms | {"weight_task": first, "weight_equivariance": second}


def _alone(name: str, loss: Tensor) -> dict[str, Tensor]:
    return {"loss": loss, name: loss}


METHODS = (Remul(),)
