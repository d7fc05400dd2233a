"""The game of learned generators against a discriminator: LieGAN's and SymmetryGAN's loop.

Source: Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023) and its public code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.api import Problem, RunContext
from bench.api.batches import Batches
from bench.api.checkpoint import ResumableLoop
from bench.api.parameters import Parameters, count, learning_rate, parameter, positive
from bench.errors import Diverged
from bench.lie.images import ImageAction
from bench.lie.points import PointAction
from bench.lie.vectors import VectorAction
from bench.nn.discriminators import ImageDiscriminator, VectorDiscriminator
from bench.nn.lie_generator import LieGenerator
from bench.nn.moved_pairs import moved_pairs
from bench.nn.point_discriminator import PointDiscriminator
from bench.nn.shared_backward import judge_at_once

#: Rates are raised at most by this factor (see `lr_steps`): a few steps are too short for any path.
MAX_SPEEDUP = 10.0


@dataclass(frozen=True)
class GameParameters(Parameters):
    """Settings of both players."""

    steps: int = count(5_000, "steps of both players", high=100_000_000)
    batch_size: int = count(64, "training examples per step", high=100_000)
    # Not called `lr`, which the task's budget would replace by the rate of its predictor.
    lr_g: float = learning_rate(1e-3, "learning rate of the generators (Adam)", sweep=(1e-4, 1e-2))
    lr_d: float = learning_rate(2e-4, "learning rate of the discriminator (Adam)", sweep=(5e-5, 2e-3))
    lr_steps: int | None = count(
        None,
        "number of steps that both rates are made for: with n steps both are multiplied by lr_steps / n, "
        "at most by 10; none keeps them",
        high=100_000_000,
    )
    vector_width: int = count(512, "units in the hidden layers of D, for vectors and points", high=8192)
    image_width: int = count(16, "channels of D's first convolutions, for images", high=1024)
    equal_resampling: bool = parameter(
        True, "images: resample the real ones as often as the moved ones, at a random sub-pixel shift"
    )
    average_last: float = positive(0.2, "share of the steps, at the end, whose generators are averaged", high=1.0)

    @property
    def speedup(self) -> float:
        """The factor of both rates."""
        return 1.0 if self.lr_steps is None else min(self.lr_steps / self.steps, MAX_SPEEDUP)


def discriminator_for(problem: Problem, params: GameParameters) -> nn.Module:
    """A discriminator of pairs (x, y); :func:`has_no_discriminator` says of which problems there is one."""
    x, y = problem.train.x, problem.train.y
    if isinstance(problem.action_in, ImageAction):
        return ImageDiscriminator(params.image_width, int(y.max()) + 1)
    if isinstance(problem.action_in, PointAction):
        return PointDiscriminator(x.shape[-1] - 3, y[0].numel(), params.vector_width)
    return VectorDiscriminator(tuple(x.shape[1:]), tuple(y.shape[1:]), params.vector_width)


class GeneratorGame:
    """Alternates a step of the generators G and one of the discriminator D, on the same moved batch.

    G descends -log D(gx, gy) and its penalties, D its binary cross-entropy.
    """

    def __init__(self, problem: Problem, ctx: RunContext, generator: LieGenerator, discriminator: nn.Module) -> None:
        params: GameParameters = ctx.params
        self.action, self.ctx, self.params = problem.action_in, ctx, params
        self.generator, self.discriminator = generator, discriminator
        self.batches = Batches(problem.train, params.batch_size, ctx)
        self.theta, self.phi = list(generator.parameters()), list(discriminator.parameters())
        self.step_g = torch.optim.Adam(self.theta, lr=params.speedup * params.lr_g, betas=(0.5, 0.999), fused=True)
        self.step_d = torch.optim.Adam(self.phi, lr=params.speedup * params.lr_d, fused=True)
        self.draws = ctx.rng("coefficients", problem.device)
        shifts = ctx.rng("shifts", problem.device)
        self.pairs = moved_pairs(problem, generator.max_norm, params.equal_resampling, shifts)
        self.one_pass = not isinstance(discriminator, ImageDiscriminator)  # batch norm ties the examples to each other
        self.mean = torch.zeros(generator.shape, device=problem.device)

    def play(self) -> Tensor:
        """Trains both players; returns the mean generators ``(k, d, d)`` of the last steps.

        Raises:
            Diverged: when the mean of a loss over an epoch is not finite.
        """
        ctx, total = self.ctx, self.params.steps
        loop = ResumableLoop(ctx, self.generator, self.discriminator, self.step_g, self.step_d, self.mean)
        epoch = loop.resume()
        while ctx.steps < total:
            epoch += 1
            means = self._epoch()
            ctx.log(ctx.steps, **{f"train/{name}": value for name, value in means.items()})
            ctx.trace(ctx.steps, self.generator())
            ctx.progress(ctx.steps, total)
            broken = [name for name, value in means.items() if not math.isfinite(value)]
            if broken:
                raise Diverged(f"{broken[0]} is not finite after step {ctx.steps} of {total}")
            loop.epoch_done(epoch)
        return self.mean

    def _epoch(self) -> dict[str, float]:
        """The mean of each term over one time through the data, or over the steps that are left."""
        ctx, total = self.ctx, self.params.steps
        averaged = max(1, round(self.params.average_last * total))
        sums: dict[str, Tensor] = {}
        first = ctx.steps
        for x, y in islice(self.batches.epoch(), total - first):
            ctx.done = ctx.steps / total
            terms = self._step(x, y)
            ctx.steps += 1
            ctx.samples += len(x)
            sums = {name: sums.get(name, 0.0) + term.detach() for name, term in terms.items()}
            if ctx.steps > total - averaged:
                self.mean += self.generator().detach() / averaged
        return {name: float(value) / (ctx.steps - first) for name, value in sums.items()}

    def _step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One step of both players.

        D is the same in both steps, so one pass over the moved batch serves both; in the reference they differ by D's
        dropout alone. Each gradient reaches its own player only, without a detached copy.
        """
        generator, discriminator = self.generator, self.discriminator
        generators = generator()
        real, gx, gy = self.pairs(generator.sample(generators, len(x), self.draws), x, y)
        penalties = generator.penalties(self.action, generators, gx, x)
        if self.one_pass:
            on_fake, on_real = judge_at_once(discriminator, (gx, gy), (real, y))
        else:
            on_fake, on_real = discriminator(gx, gy), discriminator(real, y)
        fooling = F.softplus(-on_fake).mean()  # -log D
        fake, true = F.softplus(on_fake).mean(), F.softplus(-on_real).mean()
        if self.one_pass:
            _set_gradients([*self.theta, *self.phi], generator.weighted(0.5 * (fake + true), penalties))
        else:
            _set_gradients(self.theta, generator.weighted(fooling, penalties), keep_graph=True)
            _set_gradients(self.phi, 0.5 * (fake + true))
        self.step_g.step()
        self.step_d.step()
        norm = torch.linalg.vector_norm(generators)
        return {"G": fooling, "D_fake": fake, "D_real": true, "L_norm": norm, **penalties}


def has_no_discriminator(problem: Problem) -> str | None:
    """None when there is a discriminator of the pairs of ``problem``, else the reason why not."""
    classes = not problem.train.y.is_floating_point()
    if isinstance(problem.action_in, ImageAction):
        return None if classes else "has no discriminator for images with targets that are not classes"
    if isinstance(problem.action_in, VectorAction):
        return "has no discriminator for vectors with class labels" if classes else None
    if isinstance(problem.action_in, PointAction):
        return "has no discriminator for points with class labels" if classes else None
    return f"has no discriminator for the inputs of {type(problem.action_in).__name__}"


def _set_gradients(parameters: list[nn.Parameter], loss: Tensor, keep_graph: bool = False) -> None:
    gradients = torch.autograd.grad(loss, parameters, retain_graph=keep_graph)
    for parameter_, gradient in zip(parameters, gradients, strict=True):
        parameter_.grad = gradient
