"""Runs one cell in a separate process: training data -> Problem -> fit -> test data -> scores -> record.

The worker sends progress and then the record to its parent, and writes the record to the store.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from bench.api import (
    Array,
    Budget,
    Fitted,
    Method,
    OnProgress,
    RunContext,
    Split,
    Task,
    TaskCard,
    TaskData,
    TrainingData,
    Units,
    joined,
)
from bench.api.discovery import from_arrays, to_arrays
from bench.api.parameters import from_values
from bench.api.pipeline import Pipeline
from bench.api.training_problem import make_problem
from bench.errors import BenchError, Diverged, Unsupported
from bench.metrics.cost import peak_memory_mb
from bench.metrics.evaluate import PREDICT_BATCH, Evaluation, evaluate, physical_predictor, reference_scores
from bench.records.cell import TASK_PREFIX, Cell, split_params, stages_of
from bench.records.provenance import blank_record
from bench.records.record import (
    Cost,
    DiscoveryEntry,
    Record,
    ScoreValue,
    Sizes,
    Status,
    TaskEntry,
    Validation,
    replaced,
)
from bench.records.store import Store
from bench.records.text import first_line, printable
from bench.running.loading import DataSource
from bench.running.registry import load_registry
from bench.running.returned import CheckedFitted


def run_job(job: Mapping[str, Any], say: Callable[..., None]) -> None:
    """Run ``job``, store its record, and tell progress and then the record by ``say(progress=…)``, ``say(record=…)``.

    Raises:
        BenchError: when the job names something that does not exist here.
    """
    cell = Cell(**job["cell"])
    registry = load_registry()
    task, method = registry.task(cell.task), registry.method(cell.method)
    torch.set_num_threads(job["threads"])
    store, discovery = Store(Path(job["root"])), None
    if job["discovery"] is not None:
        discovery = DiscoveryInput(store.read(job["discovery"]), store.arrays(job["discovery"]))
    kept = store.checkpoint(cell)
    work = Work(cell, task, method, torch.device(job["device"]), Path(job["data_dir"]), discovery, kept, job["tested"])
    record, arrays = run_cell(work, say)
    try:
        written = store.write_outcome(cell, record, arrays)
    except OSError as error:  # the store is at fault, not the cell: no record is written, so the cell runs again
        say(unwritable=error.strerror)
        return
    kept.unlink(missing_ok=True)  # the cell ran to its end, so the checkpoint is no longer needed
    say(record=msgspec.to_builtins(written))


@dataclass(frozen=True)
class DiscoveryInput:
    """The discovery that a consumer uses: its record and its arrays."""

    record: Record
    arrays: Mapping[str, Array]


@dataclass(frozen=True)
class Work:
    """A cell and everything that is needed to run it."""

    cell: Cell
    task: Task
    method: Method
    device: torch.device
    data_dir: Path
    discovery: DiscoveryInput | None = None
    checkpoint: Path | None = None
    tested: bool = True  # False: the test split is never read, and only the validation score is recorded


def run_cell(work: Work, say: Callable[..., None]) -> tuple[Record, dict[str, Array]]:
    """Run one cell and return its record and arrays. Errors of the method become the status of the record.

    The test split and the truth are read only after fit() has returned.
    """
    cell, units = work.cell, None
    record = blank_record(cell, work.task, work.method, work.device.type)
    fields: dict[str, Any] = {"discovery": _discovery_entry(work.discovery.record) if work.discovery else None}
    arrays: dict[str, Array] = {}
    with tempfile.TemporaryDirectory(prefix="symmetry-bench-") as scratch:
        ctx = _context(work, record, Path(scratch), say)
        try:
            source = DataSource.of(cell, work.task, work.data_dir)
            training = source.training()
            units = training.units
            fields["task"] = _task_entry(cell, training)
            fit = _fit(work, source, training, ctx)
            if work.tested:
                evaluation = source.evaluation(training)
                fields["task"] = _task_entry(cell, training, len(evaluation.test))
                fields["references"] = reference_scores(training, evaluation)
                result = _evaluated(work, fit.fitted, joined(training, evaluation), source.budget)
            else:
                result = _untested(fit.fitted, work.task.card, units)
            arrays |= result.arrays
            fields |= _outcome(work, training, fit, result)
        except Exception as error:
            fields |= _failure(error)
        try:
            arrays |= _history(ctx) | (_trace(ctx, units) if units else {})
        except (TypeError, ValueError) as error:
            fields |= {"status": Status.FAILED, "reason": f"ctx.log was given what is not a number: {error}"}
    if fields.get("reason") is not None:
        fields["reason"] = printable(fields["reason"])
    return replaced(record, fields), arrays


def _context(work: Work, record: Record, scratch: Path, say: Callable[..., None]) -> RunContext:
    params, identity = stage_params(work.cell, work.method), _identity(work.cell, record, work.discovery)
    ctx = RunContext(
        params, work.cell.seed, work.device, scratch, checkpoint=work.checkpoint, identity=identity
    )  # fmt: skip
    ctx.progress = _progress(ctx, say)
    return ctx


def _failure(error: Exception) -> dict[str, Any]:
    """Status and reason of a cell that ended by ``error``. Unexpected errors are also printed to the log."""
    match error:
        case Diverged():
            return {"status": Status.DIVERGED, "reason": str(error)}
        case Unsupported():
            return {"status": Status.UNSUPPORTED, "reason": str(error)}
        case MemoryError() | torch.OutOfMemoryError():
            return {"status": Status.OUT_OF_MEMORY, "reason": first_line(error)}
        case BenchError() if error.__cause__ is None:
            return {"status": Status.FAILED, "reason": str(error)}
    traceback.print_exception(error)
    words = str(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
    return {"status": Status.FAILED, "reason": words}


def _discovery_entry(discovery: Record) -> DiscoveryEntry:
    method = discovery.method
    return DiscoveryEntry(method=method.id, search=method.search, key=discovery.key)


def _task_entry(cell: Cell, data: TrainingData, test: int | None = None) -> TaskEntry:
    """The task entry of a record; ``test`` is the number of test examples, or None before they are read."""
    return TaskEntry(
        id=cell.task,
        version=cell.task_version,
        data=cell.data,
        data_sha256=data.data_sha256,
        data_note=data.data_note,
        sizes=Sizes(train=len(data.train), val=len(data.val), test=test),
    )


def _progress(ctx: RunContext, say: Callable[..., None]) -> OnProgress:
    """A callback that prints the progress and the finite validation losses since its last call."""
    said = 0

    def progress(done: int, total: int) -> None:
        nonlocal said
        losses = ctx.history.get("val/loss", [])
        new, said = losses[said:], len(losses)
        say(progress=(done, total), losses=[point for point in new if math.isfinite(point[1])])

    return progress


def _identity(cell: Cell, record: Record, discovery: DiscoveryInput | None) -> str:
    """What must be equal to resume a checkpoint: cell, versions, discovery, torch, and the kind of device."""
    parts = [cell.key, str(cell.seed), str(record.method.versions)]
    earlier = discovery.record.started if discovery else ""
    return " ".join([*parts, earlier, record.env.torch, str(record.env.gpu)])


def stage_params(cell: Cell, method: Method) -> Any:
    """The parameter object of a method, or prefix -> parameter object of a pipeline's stages."""
    stages = stages_of(method)
    others = [TASK_PREFIX, *stages]
    built = {
        prefix: from_values(stage.Params, split_params(cell.params, prefix, others), owner=stage.card.id)
        for prefix, stage in stages.items()
    }
    return built if isinstance(method, Pipeline) else built[""]


@dataclass(frozen=True)
class _Fit:
    """A trained method and the cost of its training."""

    fitted: Fitted
    seconds: float
    passes: int  # rows forward and backward through the network
    steps: int  # of the optimiser
    samples: int  # training examples seen


def _fit(work: Work, source: DataSource, training: TrainingData, ctx: RunContext) -> _Fit:
    """Train the method on its Problem.

    Raises:
        Unsupported: when the method does not support the problem.
    """
    group = source.group() if work.method.card.told_group else None
    problem = make_problem(training, work.cell.search or work.task.card.searches[0], ctx.device, group)
    reason = work.method.supports(problem)
    if reason is not None:
        raise Unsupported(reason)
    if work.discovery is not None:
        problem = dataclasses.replace(problem, given=from_arrays(work.discovery.arrays, training.units))
    # The first optimiser of a process imports a second's worth of torch; no method should pay for it.
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    ctx.start_clock()
    fitted = work.method.fit(problem, ctx)
    if ctx.device.type == "cuda":
        torch.cuda.synchronize(ctx.device)
    seconds = ctx.fit_seconds()
    return _Fit(CheckedFitted(fitted, work.method.card.id, problem), seconds, ctx.passes, ctx.steps, ctx.samples)


def _evaluated(work: Work, fitted: Fitted, data: TaskData, budget: Budget) -> Evaluation:
    data = dataclasses.replace(data, test=_move(data.test, work.device))
    if data.orientations is not None:
        upright = _move(data.orientations.upright, work.device)
        data = dataclasses.replace(data, orientations=dataclasses.replace(data.orientations, upright=upright))
    given = isinstance(work.method, Pipeline) or work.method.card.told_group
    return evaluate(fitted, data, work.task.card, budget, work.cell.search, given)


def _untested(fitted: Fitted, card: TaskCard, units: Units) -> Evaluation:
    """An evaluation without scores, with only the generators that a consumer may use."""
    estimate = fitted.symmetry()
    return Evaluation(card, arrays={} if estimate is None else to_arrays(estimate, units))


def _outcome(work: Work, training: TrainingData, fit: _Fit, result: Evaluation) -> dict[str, Any]:
    """The fields of the record of a cell that ran to its end."""
    fields: dict[str, Any] = {
        "status": Status.OK,
        "scores": {
            name: ScoreValue(value=value, unit=unit, higher_is_better=better)
            for name, (value, unit, better) in result.scores.items()
        },
        "cost": _cost(fit, result.predict_s, work.device),
    }
    if fit.fitted.predicts:
        fields["validation"] = _validation(fit.fitted, training, work.task.card, work.device)
    return fields


def _cost(fit: _Fit, predict_s: float, device: torch.device) -> Cost:
    """The cost of this cell, without a consumer's discovery, which is a separate cell."""
    cuda = device.type == "cuda"
    return Cost(
        fit_s=fit.seconds,
        predict_s=predict_s,
        passes=fit.passes,
        steps=fit.steps,
        samples_per_s=fit.samples / fit.seconds,
        parameters=fit.fitted.parameters,
        forward_passes=fit.fitted.forward_passes,
        peak_rss_mb=peak_memory_mb(),
        peak_device_mb=torch.cuda.max_memory_allocated(device) / 2**20 if cuda else None,
    )


def _validation(fitted: Fitted, data: TrainingData, card: TaskCard, device: torch.device) -> Validation:
    """The primary metric on the validation split, computed as `bench.metrics.evaluate` does on the test split."""
    predict, split = physical_predictor(fitted.predict, data.units), _move(data.val, device)
    score = torch.empty(len(split), dtype=torch.float64)
    for index, x in split.batches(PREDICT_BATCH):
        score[index.cpu()] = data.score(predict(x), split.y[index]).cpu()
    result, name = Evaluation(card), f"val/{card.metric.name.partition('/')[2]}"
    result.add(name, float(score.mean()))  # rounds, and refuses what is not finite
    value, unit, _ = result.scores[name]
    return Validation(name=name, value=value, unit=unit, higher_is_better=card.metric.higher_is_better)


def _move(split: Split, device: torch.device) -> Split:
    return Split(split.x.to(device), split.y.to(device), split.sizes)


def _history(ctx: RunContext) -> dict[str, Array]:
    """The logged values as ``history/<name>`` -> ``(m, 2)``, step and value; only finite ones are kept."""
    arrays = {}
    for name, points in ctx.history.items():
        finite = [point for point in points if math.isfinite(point[1])]
        arrays[f"history/{name}"] = np.asarray(finite, dtype=np.float64).reshape(-1, 2)
    return arrays


def _trace(ctx: RunContext, units: Units) -> dict[str, Array]:
    """The generators after each epoch, in physical units: ``trace_step (m,)`` and ``trace (m, k, d, d)``."""
    finite = [(step, generators) for step, generators in ctx.traced if bool(generators.isfinite().all())]
    if not finite:
        return {}
    stacked = torch.stack([units.generators_to_physical(generators) for _, generators in finite])
    return {"trace_step": np.array([step for step, _ in finite]), "trace": stacked.numpy()}
