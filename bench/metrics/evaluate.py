"""From a fitted method to scores: prediction on the whole test set, equivariance, and the discovered symmetry.

Everything is in physical units; the same group elements and inputs for every method and seed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from bench.api import (
    AlgebraSampler,
    Array,
    Budget,
    EvaluationData,
    Fitted,
    Split,
    SymmetryEstimate,
    TaskCard,
    TaskData,
    TrainingData,
    Units,
    seed_for,
    to_physical,
)
from bench.api.coefficients import CoefficientSampler
from bench.api.discovery import to_arrays
from bench.errors import Diverged
from bench.metrics.discovery import discovery_scores
from bench.metrics.equivariance import EquivarianceErrors, equivariance_errors
from bench.metrics.judge import Judge
from bench.metrics.orientation import orientation_curve
from bench.metrics.scores import as_recorded, find
from bench.metrics.strength import DECLARED_ABOVE, USED_ABOVE, support
from bench.metrics.symmetry import angle_rate

PREDICT_BATCH = 1024
#: Examples whose augmentations are kept for a figure, and augmentations of each.
SAMPLES, SAMPLE_COPIES = 4, 8
#: Steps of the curve over the full turn.
ANGLES = 24


@dataclass
class Evaluation:
    """Scores as ``name -> (value, unit, higher_is_better)``, and the arrays of the record."""

    card: TaskCard
    scores: dict[str, tuple[float, str, bool | None]] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    predict_s: float = 0.0  # seconds of the method's own predictions on the whole test set

    def add(self, name: str, value: float) -> None:
        """Add a score that the table of scores knows.

        Raises:
            Diverged: when ``value`` is not finite.
        """
        if not math.isfinite(value):
            raise Diverged(f"{name} is {value}")
        score = find(name)
        self.scores[name] = as_recorded(value), score.unit_on(self.card), score.higher_is_better_on(self.card)


def evaluate(
    fitted: Fitted, data: TaskData, card: TaskCard, budget: Budget, search: str | None, given: bool = False
) -> Evaluation:
    """All scores of a fitted method; what it was ``given``, by a discoverer or as the truth, is not its discovery.

    Raises:
        Diverged: when a score is not finite.
    """
    result = Evaluation(card)
    inputs, elements = _subset(data.test, budget.equivariance_inputs), budget.equivariance_elements
    estimate = fitted.symmetry()
    if fitted.predicts:
        _add_prediction(result, fitted, data, card)
        if data.truth is not None:
            _add_equivariance(result, fitted, data, inputs, elements)
        if data.orientations is not None:
            _add_orientations(result, fitted, data, card)
    if estimate is not None:
        result.arrays.update(to_arrays(estimate, data.units))
        estimate = to_physical(estimate, data.units)
        if fitted.predicts:
            errors = _equivariance(fitted.predict, data, inputs, elements, estimate.sample)
            result.add("equivariance/learned_e", errors.e)
            result.add("equivariance/learned_e_prime", errors.e_prime)
        if not given:
            _add_declared(result, fitted, data, search or card.searches[0], budget)
            _add_symmetry(result, data, card, estimate, search or card.searches[0])
        _add_samples(result, data, inputs, estimate.sample)
    return result


def reference_scores(training: TrainingData, evaluation: EvaluationData) -> dict[str, float]:
    """Mean test score of each trivial predictor of a task."""
    return {
        name: float(training.score(prediction, evaluation.test.y).mean())
        for name, prediction in evaluation.references.items()
    }


def physical_predictor(predict: Callable[[Tensor], Tensor], units: Units) -> Callable[[Tensor], Tensor]:
    """``predict`` from physical inputs to physical outputs."""
    return lambda x: units.y_to_physical(predict(units.x_to_training(x)))


def _add_prediction(result: Evaluation, fitted: Fitted, data: TaskData, card: TaskCard) -> None:
    metric = card.metric
    for name, way in _ways(fitted).items():
        predict = physical_predictor(way, data.units)
        score = torch.empty(len(data.test), dtype=torch.float64)
        started = time.perf_counter()
        for index, x in data.test.batches(PREDICT_BATCH):
            score[index.cpu()] = data.score(predict(x), data.test.y[index]).cpu()
        seconds, mean = time.perf_counter() - started, float(score.mean())
        if name:
            result.add(f"{metric.name}_{name}", mean)
        if name == (fitted.inference or ""):
            result.add(metric.name, mean)
            result.arrays["test_score"] = score.numpy().astype(np.float32)
            result.predict_s = seconds


def _add_equivariance(result: Evaluation, fitted: Fitted, data: TaskData, inputs: Tensor, elements: int) -> None:
    assert data.truth is not None
    for way_name, way in _ways(fitted).items():
        errors = _equivariance(way, data, inputs, elements, data.truth.sample)
        if way_name:
            result.add(f"equivariance/e_prime_{way_name}", errors.e_prime)
        if way_name == (fitted.inference or ""):
            result.add("equivariance/e", errors.e)
            result.add("equivariance/e_prime", errors.e_prime)
            for name in ("e_prime_rel", "e_prime_rel_median", "e_prime_rel_p95", "e_prime_rel_max"):
                result.add(f"equivariance/{name}", getattr(errors, name))
            result.arrays["equivariance"] = errors.per_example.numpy().astype(np.float32)
            for name, part in data.truth.parts.items():
                errors = _equivariance(way, data, inputs, elements, part)
                result.add(f"equivariance/e_{name}", errors.e)
                result.add(f"equivariance/e_prime_{name}", errors.e_prime)
    if data.action_in.resamples:
        _add_floor(result, fitted, data, inputs, elements)


def _ways(fitted: Fitted) -> Mapping[str, Callable[[Tensor], Tensor]]:
    """Every way to predict, by name. A method with only one way has the empty name."""
    return fitted.strategies() or {"": fitted.predict}


def _equivariance(
    predict: Callable[[Tensor], Tensor], data: TaskData, inputs: Tensor, elements: int, sample: AlgebraSampler
) -> EquivarianceErrors:
    """Errors under ``elements`` group elements per input: the same ones for every method and seed."""
    algebra = _elements(sample, len(inputs), elements)
    physical = physical_predictor(predict, data.units)
    return equivariance_errors(physical, inputs, algebra, data.action_in, data.action_out, PREDICT_BATCH)


def _elements(sample: AlgebraSampler, n: int, m: int) -> Tensor:
    """``(n, m, d, d)``, the same ones for every method and seed."""
    algebra = sample(n * m, torch.Generator().manual_seed(seed_for(0, "equivariance")))
    return algebra.reshape(n, m, *algebra.shape[1:])


def _add_floor(result: Evaluation, fitted: Fitted, data: TaskData, inputs: Tensor, m: int) -> None:
    """The change of f when its input is turned there and back: the part of E' that resampling alone causes."""
    assert data.truth is not None
    predict = physical_predictor(fitted.predict, data.units)
    algebra = _elements(data.truth.sample, len(inputs), m).to(inputs)  # (n, M, d, d)
    total = 0.0
    for x, pieces in zip(inputs.split(PREDICT_BATCH // m), algebra.split(PREDICT_BATCH // m), strict=True):  # type: ignore[no-untyped-call]
        there, copies = pieces.flatten(0, 1), x.repeat_interleave(m, 0)
        back = data.action_in.apply(-there, data.action_in.apply(there, copies))
        difference = (predict(back) - predict(x).repeat_interleave(m, 0)).double()
        total += float(difference.reshape(len(copies), -1).norm(dim=1).sum())
    result.add("equivariance/e_prime_floor", total / (len(inputs) * m))


def _add_orientations(result: Evaluation, fitted: Fitted, data: TaskData, card: TaskCard) -> None:
    """The curve over all angles, and its means within and beyond the angles of the training data."""
    orientations = data.orientations
    assert orientations is not None
    angles = torch.linspace(-math.pi, math.pi, ANGLES + 1, dtype=torch.float64)
    predict = physical_predictor(fitted.predict, data.units)
    turns = angles[:, None, None] * orientations.direction  # (m, d, d)
    actions = data.action_in, data.action_out
    curve = orientation_curve(predict, data.score, orientations.upright, turns, actions, PREDICT_BATCH)
    result.arrays["orientation_curve"] = torch.cat([angles[:, None], curve], 1).numpy()
    wrapped = torch.remainder(angles[1:] + orientations.period / 2.0, orientations.period) - orientations.period / 2.0
    inner = wrapped.abs() <= orientations.trained + 1e-9  # angles[1:]: -π and π are one orientation
    metric = card.metric
    for name, mask in (("within", inner), ("beyond", ~inner)):
        if bool(mask.any()):
            score, error = curve[1:][mask].mean(0).tolist()
            result.add(f"{metric.name}_{name}", score)
            result.add(f"equivariance/e_prime_{name}", error)


def _add_declared(result: Evaluation, fitted: Fitted, data: TaskData, search: str, budget: Budget) -> None:
    """What the method stands by: without a predictor it cannot decline, and declares all that it returns."""
    estimate = fitted.symmetry()
    assert estimate is not None
    if not fitted.predicts:
        result.add("symmetry/declared", len(estimate.generators))
        result.arrays["declared_generators"] = np.ones(len(estimate.generators), dtype=bool)
        return
    assert isinstance(estimate.sample, CoefficientSampler)  # as of every method that searches
    strength, reach = support(Judge(data, search, budget), data, estimate.sample, data.spaces[search])
    used = reach >= USED_ABOVE
    # A generator that hardly moves the data is not declared, so its strength is not counted.
    result.arrays["strength_on_validation"] = strength.where(used, torch.zeros(())).numpy()
    declared = used & (strength >= DECLARED_ABOVE)
    result.arrays["declared_generators"] = declared.numpy()
    result.add("symmetry/declared", int(declared.sum()))
    result.add("symmetry/strength", float(strength.mean()))
    result.add("symmetry/strength_min", float(strength.min()))


def _add_symmetry(result: Evaluation, data: TaskData, card: TaskCard, estimate: SymmetryEstimate, search: str) -> None:
    space, learned = data.spaces[search], estimate.generators.cpu()
    if len(learned) == 1:
        rate = angle_rate(learned[0])
        result.add("symmetry/angle_rate", rate)
        if card.unit_angle is not None:
            result.add("symmetry/angle_rate_rel", rate / card.unit_angle)
    declared = torch.from_numpy(result.arrays["declared_generators"])
    for name, value in discovery_scores(learned, declared, data, space, card.control).items():
        result.add(f"symmetry/{name}", value)
    if data.truth is not None:
        result.arrays["truth"] = data.truth.textbook.numpy()
        result.arrays["truth_algebra"] = data.truth.algebra(space).numpy()


def _add_samples(result: Evaluation, data: TaskData, inputs: Tensor, sample: AlgebraSampler) -> None:
    original = inputs[:SAMPLES]
    generator = torch.Generator().manual_seed(seed_for(0, "samples"))
    algebra = sample(len(original) * SAMPLE_COPIES, generator).to(original)
    moved = data.action_in.apply(algebra, original.repeat_interleave(SAMPLE_COPIES, 0))
    result.arrays["sample_original"] = original.cpu().numpy()
    result.arrays["sample_moved"] = moved.reshape(len(original), SAMPLE_COPIES, *moved.shape[1:]).cpu().numpy()


def _subset(test: Split, size: int) -> Tensor:
    """A fixed random choice of test inputs, trimmed to the largest of them; ``(size, *shape)``."""
    index = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed_for(0, "inputs")))[:size]
    x = test.x[index.to(test.x.device)]
    return x if test.sizes is None else x[:, : int(test.sizes[index.numpy()].max())]
