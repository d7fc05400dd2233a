"""From a fitted method to scores: prediction on the whole test set, equivariance, and the discovered symmetry.

Everything is in physical units; the same group elements and inputs for every method and seed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from torch import Tensor

from bench.api import (
    AlgebraSampler,
    Array,
    Budget,
    Fitted,
    Split,
    SymmetryEstimate,
    TaskCard,
    TaskData,
    Units,
    seed_for,
)
from bench.errors import Diverged
from bench.lie.field import field_gram
from bench.metrics.equivariance import equivariance_errors
from bench.metrics.symmetry import angle_rate, compare, cosine_and_mae

PREDICT_BATCH = 1024
#: Examples whose augmentations are kept for a figure, and augmentations of each.
SAMPLES, SAMPLE_COPIES = 4, 8
#: Held-out inputs on which the field inner product is measured.
GRAM_INPUTS = 500


@dataclass
class Evaluation:
    """Scores as ``name -> (value, unit, higher_is_better)``, and the arrays of the record."""

    scores: dict[str, tuple[float, str, bool | None]] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    predict_s: float = 0.0  # seconds of the method's own predictions on the whole test set

    def add(self, name: str, value: float, unit: str = "1", higher_is_better: bool | None = None) -> None:
        if not math.isfinite(value):
            raise Diverged(f"{name} is {value}")
        # LAPACK's last digits depend on how memory happens to be aligned; nine digits are the same in every run.
        self.scores[name] = (float(f"{value:.9g}"), unit, higher_is_better)


def evaluate(fitted: Fitted, data: TaskData, card: TaskCard, budget: Budget, search: str | None) -> Evaluation:
    """All scores of a fitted method.

    Raises:
        Diverged: when a score is not finite.
    """
    result = Evaluation()
    _add_prediction(result, fitted, data, card)
    inputs = _subset(data.test, budget.equivariance_inputs)
    if data.truth is not None:
        _add_equivariance(result, fitted, data, card, inputs, budget.equivariance_elements, data.truth.sample, "")
    estimate = fitted.symmetry()
    if estimate is not None:
        estimate = to_physical(estimate, data.units)
        _add_equivariance(result, fitted, data, card, inputs, budget.equivariance_elements, estimate.sample, "learned_")
        _add_symmetry(result, data, card, estimate, search or card.searches[0])
        _add_samples(result, data, inputs, estimate.sample)
    return result


def to_physical(estimate: SymmetryEstimate, units: Units) -> SymmetryEstimate:
    """Generators and distribution in physical units, float64 on the host."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        return units.generators_to_physical(estimate.sample(n, generator))

    generators = units.generators_to_physical(estimate.generators.double())
    return SymmetryEstimate(generators, sample, estimate.strength)


def to_training(estimate: SymmetryEstimate, units: Units) -> SymmetryEstimate:
    """The inverse of :func:`to_physical`: what a method that is told the group receives."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        return units.generators_to_training(estimate.sample(n, generator))

    return SymmetryEstimate(units.generators_to_training(estimate.generators), sample, estimate.strength)


def physical_predictor(predict: Callable[[Tensor], Tensor], units: Units) -> Callable[[Tensor], Tensor]:
    """``predict`` from physical inputs to physical outputs."""
    return lambda x: units.y_to_physical(predict(units.x_to_training(x)))


def _add_prediction(result: Evaluation, fitted: Fitted, data: TaskData, card: TaskCard) -> None:
    ways = {"": fitted.predict, **{f"_{name}": way for name, way in fitted.strategies().items()}}
    for suffix, way in ways.items():
        predict = physical_predictor(way, data.units)
        score = torch.empty(len(data.test), dtype=torch.float64)
        started = time.perf_counter()
        for index, x in data.test.batches(PREDICT_BATCH):
            score[index.cpu()] = data.score(predict(x), data.test.y[index]).cpu()
        result.add(f"{card.metric.name}{suffix}", float(score.mean()), card.metric.unit, card.metric.higher_is_better)
        if not suffix:
            result.predict_s = time.perf_counter() - started
            result.arrays["test_score"] = score.numpy().astype(np.float32)


def _add_equivariance(
    result: Evaluation,
    fitted: Fitted,
    data: TaskData,
    card: TaskCard,
    inputs: Tensor,
    elements: int,
    sample: AlgebraSampler,
    prefix: str,
) -> None:
    n = len(inputs)
    generator = torch.Generator().manual_seed(seed_for(0, "equivariance"))
    algebra = sample(n * elements, generator).to(inputs)  # (n·M, d, d)
    algebra = algebra.reshape(n, elements, *algebra.shape[1:])
    errors = equivariance_errors(
        physical_predictor(fitted.predict, data.units), inputs, algebra, data.action_in, data.action_out, PREDICT_BATCH
    )
    unit = card.metric.unit
    result.add(f"equivariance/{prefix}e", errors.e, unit, False)
    result.add(f"equivariance/{prefix}e_prime", errors.e_prime, unit, False)
    if prefix:
        return
    for name in ("e_prime_rel", "e_prime_rel_median", "e_prime_rel_p95", "e_prime_rel_max"):
        result.add(f"equivariance/{name}", getattr(errors, name), "1", False)
    result.arrays["equivariance"] = errors.per_example.numpy().astype(np.float32)


def _add_symmetry(result: Evaluation, data: TaskData, card: TaskCard, estimate: SymmetryEstimate, search: str) -> None:
    space = data.spaces[search]
    learned = estimate.generators.cpu()
    result.arrays["generators"] = learned.numpy()
    if len(learned) == 1:
        result.add("symmetry/angle_rate", angle_rate(learned[0]), "rad per unit coefficient")
    if data.truth is None:
        return
    gram = field_gram(data.action_in, data.val.x[:GRAM_INPUTS].cpu(), space.basis, data.field_weights)
    truth = data.truth.algebra(space)
    scores = compare(learned, truth, space.basis, gram)
    better = {"precision": True, "recall": True, "closure_defect": False}
    for name, value in asdict(scores).items():
        result.add(f"symmetry/{name}", float(value), "1", better.get(name))
    if data.truth.on_data is not None:
        on_data = compare(learned, data.truth.on_data, space.basis, gram)
        result.add("symmetry/precision_on_data", on_data.precision, "1", True)
    similarity = cosine_and_mae(learned, data.truth.textbook)
    result.add("symmetry/cosine", similarity.cosine, "1", True)
    result.add("symmetry/mae", similarity.mae, "1", False)
    result.arrays["truth"] = data.truth.textbook.numpy()
    result.arrays["truth_algebra"] = truth.numpy()


def _add_samples(result: Evaluation, data: TaskData, inputs: Tensor, sample: AlgebraSampler) -> None:
    original = inputs[:SAMPLES]
    generator = torch.Generator().manual_seed(seed_for(0, "samples"))
    algebra = sample(len(original) * SAMPLE_COPIES, generator).to(original)
    moved = data.action_in.apply(algebra, original.repeat_interleave(SAMPLE_COPIES, 0))
    result.arrays["sample_original"] = original.cpu().numpy()
    result.arrays["sample_moved"] = moved.reshape(len(original), SAMPLE_COPIES, *moved.shape[1:]).cpu().numpy()


def _subset(test: Split, size: int) -> Tensor:
    """A fixed random choice of test inputs, trimmed to the largest of them; ``(size, *shape)``."""
    chosen = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed_for(0, "inputs")))[:size]
    x = test.x[chosen.to(test.x.device)]
    return x if test.sizes is None else x[:, : int(test.sizes[chosen.numpy()].max())]
