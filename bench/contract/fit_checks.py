"""Checks of a fit: its randomness, its batches and weights, its budget, both precisions, and its predictions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.api import Problem, RunContext
from bench.api.batches import Batches
from bench.api.pipeline import Pipeline
from bench.api.training import TrainingParameters
from bench.contract.check import Examination, NotApplicable, Violation
from bench.contract.subject import ContractFit, Subject
from bench.running.worker import stage_params

#: Largest difference that counts as the same number, relative to the largest entry: rounding may differ with memory's
#: alignment (equal fits), or with the size of a batch (equal examples).
SAME_FIT, SAME_EXAMPLE = 1e-5, 1e-4
#: How much worse a score may be in float64 than in float32: the draws differ, the training is short.
WORSE = 3.0


def is_deterministic(examination: Examination) -> None:
    """Two fits with the same seed give the same predictions and generators, whatever other code has drawn."""
    for subject in examination.supported:
        first, again = subject.fit(0), subject.fit(0, torch.float32, 1)
        for name, value in first.numbers().items():
            difference = _difference(value, again.numbers()[name])
            if difference > SAME_FIT:
                raise Violation(
                    f"two fits of seed 0 on {subject.name} differ in {name} by {difference:.2g} of the largest entry; "
                    "draw from ctx.rng(purpose), or within `with ctx.seeded(purpose)`"
                )


def is_seeded(examination: Examination) -> None:
    """A fit with another seed gives other numbers."""
    random = [subject for subject in examination.supported if subject.fit(0).ctx.is_random]
    if not random:
        raise NotApplicable("nothing in the fit is random")
    for subject in random:
        first, other = subject.fit(0).numbers(), subject.fit(1).numbers()
        if all(value.numel() == 0 for value in first.values()):
            continue  # a discoverer that declares nothing here
        if all(_difference(value, other[name]) == 0.0 for name, value in first.items()):
            raise Violation(
                f"seeds 0 and 1 give the same {' and '.join(first)} on {subject.name}; draw from ctx.rng(purpose), "
                "or within `with ctx.seeded(purpose)`, never from a seed of your own"
            )


def is_paired(examination: Examination) -> None:
    """With the same seed, all methods start from the same weights of the task's network and see the same batches."""
    fits = [(subject, subject.fit(0)) for subject in examination.supported]
    for subject, fit in fits:
        _check_weights(subject, fit)
        if fit.effort.all_steps:
            _check_batches(subject, fit)
    if not any(fit.first_weights or fit.effort.all_steps for _, fit in fits):
        raise NotApplicable("neither builds the task's network nor trains by steps")


def _check_weights(subject: Subject, fit: ContractFit) -> None:
    with RunContext(None, 0, torch.device("cpu"), Path()).seeded("init"):
        shared = subject.data.backbone().state_dict()
    for weights in fit.first_weights:
        if any(not torch.equal(value, weights[name]) for name, value in shared.items()):
            raise Violation(
                f"the first weights of the network on {subject.name} are not those of the other methods at seed 0; "
                'build it first thing in `with ctx.seeded("init"): problem.backbone()`'
            )


def _check_batches(subject: Subject, fit: ContractFit) -> None:
    trained = [params for params in _stages(subject) if hasattr(params, "batch_size")]
    orders = fit.ctx.asked.get("batches", [])
    if trained and len(orders) < len(trained):
        raise Violation(
            f'trains on {subject.name} without ctx.rng("batches"); take the batches from bench.api.batches.Batches, so '
            "that all methods see the same at equal seed"
        )
    for params, order in zip(trained, orders, strict=False):
        if not any(
            torch.equal(order.get_state(), state)
            for state in _shared_states(fit.problem, params, fit.effort.all_steps + 1)
        ):
            raise Violation(
                f"the batches on {subject.name} are not those of the other methods at seed 0; take them from "
                "bench.api.batches.Batches, one epoch() after the other"
            )


def _shared_states(problem: Problem, params: Any, most: int) -> list[Tensor]:
    """States of the shuffling generator after each epoch of the shared batches, of which there are ``most``."""
    batches = Batches(problem.train, params.batch_size, RunContext(params, 0, problem.device, Path()))
    states = []
    for _ in range(most):
        for _batch in batches.epoch():
            pass
        states.append(batches.shuffle.get_state())
    return states


def keeps_budget(examination: Examination) -> None:
    """The fit trains in the shared loop alone, and no more rows go through its network than the budget has passes.

    Steps and rows are counted from outside, so a method that trains by itself is seen, whatever it writes down.
    """
    looked = False
    for subject in examination.supported:
        fit, stages = subject.fit(0), _stages(subject)
        if not fit.effort.all_steps:
            continue
        looked = True
        allowed = sum(params.passes for params in stages if isinstance(params, TrainingParameters))
        if allowed:
            _check_passes(subject, fit, allowed)
        else:
            _check_steps(subject, fit, sum(getattr(params, "steps", 0) for params in stages))
    if not looked:
        raise NotApplicable("takes no optimiser step")


def _check_passes(subject: Subject, fit: ContractFit, allowed: int) -> None:
    ctx, effort = fit.ctx, fit.effort
    if effort.rows > allowed or ctx.passes > allowed:
        raise Violation(
            f"sent {max(effort.rows, ctx.passes)} rows through the network on {subject.name}, the budget has {allowed} "
            "passes; train with bench.api.training.train alone"
        )
    if effort.all_steps != ctx.steps:
        raise Violation(
            f"took {effort.all_steps} optimiser steps on {subject.name}, of which ctx.steps counts {ctx.steps}; train "
            "with bench.api.training.train alone"
        )


def _check_steps(subject: Subject, fit: ContractFit, allowed: int) -> None:
    """A discoverer that does not train the task's network has a budget of steps, each with one step per player."""
    if fit.effort.rows:
        raise Violation(
            f"trains the task's network on {subject.name} without passes in its budget; derive Params from "
            "TrainingParameters and train with bench.api.training.train"
        )
    if not fit.effort.steps == fit.ctx.steps <= allowed:
        raise Violation(
            f"took {fit.effort.steps} steps on {subject.name}, ctx.steps counts {fit.ctx.steps}, and params.steps is "
            f"{allowed}; take at most params.steps, and count each in ctx.steps"
        )


def _stages(subject: Subject) -> list[Any]:
    """The parameters of each stage, in the order in which they run."""
    params = stage_params(subject.cell(0), subject.method)
    return list(params.values()) if isinstance(subject.method, Pipeline) else [params]


def works_in_both_precisions(examination: Examination) -> None:
    """Fits in float32 and in float64 give finite numbers and about equally good scores."""
    for subject in examination.supported:
        scores = {}
        for dtype in (torch.float32, torch.float64):
            fit = subject.fit(0, dtype)
            for name, value in fit.numbers().items():
                if not value.is_floating_point() or not bool(value.isfinite().all()):
                    raise Violation(f"{name} on {subject.name} in {dtype} are not all finite numbers")
            if fit.prediction is not None:
                scores[dtype] = _score(subject, fit)
        if scores:
            low, high = sorted(scores.values())
            if high > WORSE * low + 1e-6:
                raise Violation(
                    f"the mean score on {subject.name} is {scores[torch.float32]:.3g} in float32, "
                    f"{scores[torch.float64]:.3g} in float64: more than a factor {WORSE:g} apart"
                )


def _score(subject: Subject, fit: ContractFit) -> float:
    """Mean score on the compared examples, in physical units."""
    assert fit.prediction is not None
    index = next(fit.problem.val.batches(len(fit.x)))[0]
    target = subject.data.val.y[index]
    return float(subject.data.score(subject.data.units.y_to_physical(fit.prediction), target).mean())


def predicts_each_alone(examination: Examination) -> None:
    """predict() does not change its input, and gives the same result for an example alone and in a batch."""
    predicting = [subject for subject in examination.supported if subject.fit(0).prediction is not None]
    if not predicting:
        raise NotApplicable("predicts nothing")
    for subject in predicting:
        fit = subject.fit(0)
        _check_probabilities(subject, fit)
        ways = fit.fitted.strategies() or {"": fit.fitted.predict}
        for name, predict in ways.items():
            given = fit.x.clone()
            together, again = predict(given), predict(fit.x.clone())
            way = f"{name} " if name else ""
            if not torch.equal(given, fit.x):
                raise Violation(f"the {way}prediction on {subject.name} changes its input; work on a copy")
            if _difference(together, again) > SAME_FIT:
                raise Violation(
                    f"two {way}predictions of the same inputs on {subject.name} differ; draw once, in fit()"
                )
            alone = torch.cat([predict(x) for x in _one_by_one(fit)])
            difference = _difference(together, alone)
            if difference > SAME_EXAMPLE:
                raise Violation(
                    f"the {way}prediction of an example on {subject.name} changes by {difference:.2g} of the largest "
                    "entry with the batch around it; call network.eval(), and draw nothing in predict()"
                )


def _one_by_one(fit: ContractFit) -> list[Tensor]:
    """Each example alone, point clouds without padding."""
    sizes = fit.problem.val.sizes
    index = next(fit.problem.val.batches(len(fit.x)))[0].numpy()
    lengths = [None] * len(fit.x) if sizes is None else sizes[index].tolist()
    return [fit.x[i : i + 1, :length] for i, length in enumerate(lengths)]


def _check_probabilities(subject: Subject, fit: ContractFit) -> None:
    if fit.prediction is None or fit.problem.train.y.is_floating_point():
        return
    total = fit.prediction.double().sum(1)
    if bool((fit.prediction < 0).any()) or not torch.allclose(total, torch.ones_like(total), atol=1e-4):
        raise Violation(f"predict() did not give probabilities on {subject.name}; return problem.link(network(x))")


def _difference(a: Tensor, b: Tensor) -> float:
    """Largest absolute difference, relative to the largest entry; infinite where the shapes differ."""
    if a.shape != b.shape:
        return math.inf
    scale = max(float(a.abs().max()), float(b.abs().max())) if a.numel() else 0.0
    return float((a.double() - b.double()).abs().max()) / scale if scale else 0.0
