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
from bench.api.problem import Problem
from bench.errors import Diverged

#: Share of all steps in which the learning rate rises linearly before the cosine decay to zero.
WARMUP = 0.1

#: Maps a batch (x, y) to named loss terms, scalars; "loss" is what is minimised.
Objective = Callable[[Tensor, Tensor], dict[str, Tensor]]


@dataclass(frozen=True)
class TrainingParameters(Parameters):
    """Optimisation settings that every trained method shares; the task's budget supplies them."""

    epochs: int = count(10, "passes over the training set", high=100_000)
    batch_size: int = count(64, "training examples per step", high=100_000)
    lr: float = learning_rate(1e-3, "peak learning rate of the network (Adam)", sweep=(1e-4, 1e-2))


def train(
    problem: Problem,
    ctx: RunContext,
    network: nn.Module,
    objective: Objective,
    extra_groups: Sequence[dict[str, Any]] = (),
    on_epoch: Callable[[int], None] = lambda epoch: None,
) -> None:
    """Minimise ``objective`` over the training split for ``ctx.params.epochs`` epochs.

    ``extra_groups`` are further Adam groups (``{"params", "lr"}``), e.g. the generators of a discoverer.
    ``on_epoch`` is called with the number of every finished epoch. A killed run resumes from its checkpoint.

    Raises:
        Diverged: when the mean loss of an epoch, or the validation loss after it, is not finite.
    """
    params: TrainingParameters = ctx.params
    groups = [{"params": list(network.parameters()), "lr": params.lr}, *extra_groups]
    optimiser = torch.optim.Adam(groups, fused=True)
    peaks = [group["lr"] for group in optimiser.param_groups]
    batches = Batches(problem.train, params.batch_size, ctx)
    total = params.epochs * len(batches)
    loop = ResumableLoop(ctx, network, optimiser)
    done = loop.resume()
    step = done * len(batches)
    for epoch in range(done + 1, params.epochs + 1):
        network.train()
        sums: Tensor | None = None
        names: list[str] = []
        for x, y in batches.epoch():
            for group, peak in zip(optimiser.param_groups, peaks, strict=True):
                group["lr"] = peak * learning_rate_factor(step, total)
            ctx.done = step / total
            terms = objective(x, y)
            optimiser.zero_grad(set_to_none=True)
            terms["loss"].backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            names = list(terms)
            values = torch.stack([term.detach() for term in terms.values()])
            sums = values if sums is None else sums + values
            step += 1
        assert sums is not None
        means = dict(zip(names, (sums / len(batches)).tolist(), strict=True))  # the one host sync of an epoch
        means["validation"] = evaluate_loss(problem, network)
        ctx.steps += len(batches)
        ctx.samples += len(problem.train)
        ctx.log(epoch, **{f"train/{name}": value for name, value in means.items() if name != "validation"})
        ctx.log(epoch, **{"val/loss": means["validation"]})
        on_epoch(epoch)
        ctx.progress(epoch, params.epochs)
        broken = [name for name, value in means.items() if not math.isfinite(value)]
        if broken:
            raise Diverged(f"{broken[0]} is not finite after epoch {epoch} of {params.epochs}")
        loop.epoch_done(epoch)
    network.eval()


@torch.no_grad()
def evaluate_loss(problem: Problem, network: nn.Module, batch_size: int = 2048) -> float:
    """Mean validation loss of the bare network (no augmentation)."""
    network.eval()
    total = torch.zeros((), device=problem.device, dtype=torch.float64)
    for index, x in problem.val.batches(batch_size):
        total += problem.loss(network(x), problem.val.y[index]).double() * len(index)
    return float(total) / len(problem.val)


def learning_rate_factor(step: int, total: int) -> float:
    """Linear warm-up over :data:`WARMUP` of the steps, then half a cosine down to zero; in (0, 1]."""
    warm = max(1, round(WARMUP * total))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1.0 + math.cos(math.pi * (step - warm + 1) / (total - warm + 1)))
