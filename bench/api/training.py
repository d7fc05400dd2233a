"""The one supervised loop: batches by index from memory, a warm-up and cosine schedule, divergence, progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bench.api.batches import Batches
from bench.api.checkpoint import ResumableLoop
from bench.api.context import RunContext
from bench.api.parameters import Parameters, count, learning_rate
from bench.api.passes import PassCounter, PassesSpent
from bench.api.problem import Problem
from bench.errors import BenchError, Diverged

#: Share of all passes in which the learning rate rises linearly before the cosine decay to zero.
WARMUP = 0.1

#: Maps a batch (x, y) to named loss terms, scalars; "loss" is what is minimised.
Objective = Callable[[Tensor, Tensor], dict[str, Tensor]]


@dataclass(frozen=True)
class TrainingParameters(Parameters):
    """Optimisation settings that every trained method shares; the task's budget supplies them."""

    passes: int = count(10_000, "examples forward and backward through the network in all, copies counted", high=10**12)
    batch_size: int = count(64, "training examples per step", high=100_000)
    lr: float = learning_rate(1e-3, "peak learning rate of the network (Adam)", sweep=(1e-4, 1e-2))


def train(
    problem: Problem,
    ctx: RunContext,
    network: nn.Module,
    objective: Objective,
    extra_groups: Sequence[dict[str, Any]] = (),
    on_epoch: Callable[[int], None] = lambda passes: None,
) -> None:
    """Minimise ``objective`` over the training split until ``ctx.params.passes`` rows went through ``network``.

    Every forward pass of ``network`` that records gradients counts its rows, whatever the objective does; a step that
    would exceed the budget is not taken. An epoch is one time through the training split; validation follows each
    epoch and the last step. ``extra_groups`` are further Adam groups (``{"params", "lr"}``), e.g. the generators of a
    discoverer. ``on_epoch`` is called after each epoch with the passes so far. A killed run resumes from its
    checkpoint.

    Raises:
        BenchError: when ``objective`` does not call ``network``, so that nothing is counted, or one step exceeds the
            budget.
        Diverged: when the mean loss of an epoch, or the validation loss after it, is not finite.
    """
    params: TrainingParameters = ctx.params
    groups = [{"params": list(network.parameters()), "lr": params.lr}, *extra_groups]
    optimiser = torch.optim.Adam(groups, fused=True)
    batches = Batches(problem.train, params.batch_size, ctx)
    loop = ResumableLoop(ctx, network, optimiser)
    earlier = ctx.passes  # of a loop before this one in the same cell
    epoch = loop.resume()
    with PassCounter(network, params.passes) as counter:
        counter.passes = ctx.passes - earlier
        spent = False
        while not spent:
            epoch += 1
            network.train()
            means, spent = _epoch(_Stepper(ctx, optimiser, objective, counter), batches)
            if not means:
                break  # the budget ended with the epoch before
            means["validation"] = evaluate_loss(problem, network)
            ctx.passes = earlier + counter.passes
            ctx.log(ctx.passes, **{f"train/{name}": value for name, value in means.items() if name != "validation"})
            ctx.log(ctx.passes, **{"val/loss": means["validation"]})
            on_epoch(ctx.passes)
            ctx.progress(counter.passes, params.passes)
            broken = [name for name, value in means.items() if not math.isfinite(value)]
            if broken:
                raise Diverged(f"{broken[0]} is not finite after {counter.passes} of {params.passes} passes")
            loop.epoch_done(epoch)
    if not counter.passes:
        raise BenchError(
            f"passes is {params.passes}, less than the rows of one step in batches of {params.batch_size}."
        )
    ctx.done = 1.0
    network.eval()


class _Stepper:
    """Takes optimiser steps whose learning rates follow the share of the passes."""

    def __init__(
        self, ctx: RunContext, optimiser: torch.optim.Optimizer, objective: Objective, counter: PassCounter
    ) -> None:
        self.ctx, self.optimiser, self.objective, self.counter = ctx, optimiser, objective, counter
        self.peaks = [group.setdefault("peak", group["lr"]) for group in optimiser.param_groups]

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The loss terms of one batch, on which a step was taken.

        Raises:
            PassesSpent: when the batch would exceed the budget.
        """
        before, counter = self.counter.passes, self.counter
        self.ctx.done = before / counter.limit
        try:
            terms = self.objective(x, y)
        except PassesSpent:
            counter.passes = before  # what a step that is not taken has sent forward does not go backward
            raise
        if counter.passes == before:
            raise BenchError(
                "the objective does not call the network that is trained, so its passes cannot be counted; call "
                "network(x) itself."
            )
        factor = learning_rate_factor(0.5 * (before + counter.passes) / counter.limit)  # in the middle of the step
        for group, peak in zip(self.optimiser.param_groups, self.peaks, strict=True):
            group["lr"] = peak * factor
        self.optimiser.zero_grad(set_to_none=True)
        terms["loss"].backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.ctx.steps += 1
        self.ctx.samples += len(x)
        return terms


def _epoch(stepper: _Stepper, batches: Batches) -> tuple[dict[str, float], bool]:
    """The mean of each loss term over one time through the data, and whether the passes were spent within it."""
    sums: Tensor | None = None
    names: list[str] = []
    steps, spent = 0, False
    for x, y in batches.epoch():
        try:
            terms = stepper.step(x, y)
        except PassesSpent:
            spent = True
            break
        names, steps = list(terms), steps + 1
        values = torch.stack([term.detach() for term in terms.values()])
        sums = values if sums is None else sums + values
    if sums is None:
        return {}, spent
    return dict(zip(names, (sums / steps).tolist(), strict=True)), spent  # the one host sync of an epoch


@torch.no_grad()
def evaluate_loss(problem: Problem, network: nn.Module, batch_size: int = 2048) -> float:
    """Mean validation loss of the bare network (no augmentation)."""
    network.eval()
    total = torch.zeros((), device=problem.device, dtype=torch.float64)
    for index, x in problem.val.batches(batch_size):
        total += problem.loss(network(x), problem.val.y[index]).double() * len(index)
    return float(total) / len(problem.val)


def learning_rate_factor(share: float) -> float:
    """Linear warm-up over the first :data:`WARMUP` of the passes, then half a cosine down to zero; in [0, 1]."""
    if share < WARMUP:
        return share / WARMUP
    return 0.5 * (1.0 + math.cos(math.pi * (share - WARMUP) / (1.0 - WARMUP)))
