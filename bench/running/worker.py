"""Runs one cell in a process of its own: task -> Problem -> fit -> scores -> record.

Reads a job as JSON from standard input, says progress and at the end the record as JSON lines on standard output, and
writes the record itself. Whatever a method prints goes to standard error, which the parent keeps as a log.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import msgspec
import numpy as np
import torch

from bench.api import (
    TIERS,
    Array,
    Fitted,
    Method,
    OnProgress,
    RunContext,
    Split,
    Task,
    TaskCard,
    TaskData,
    Units,
)
from bench.api.discovery import from_arrays, to_arrays
from bench.api.parameters import from_values
from bench.api.pipeline import Pipeline
from bench.errors import BenchError, Diverged, Unsupported
from bench.metrics.cost import peak_memory_mb
from bench.metrics.evaluate import PREDICT_BATCH, Evaluation, evaluate, physical_predictor
from bench.records.cell import TASK_PREFIX, Cell, split_params, stages_of
from bench.records.provenance import blank_record
from bench.records.record import Cost, DiscoveryEntry, Record, Score, Sizes, Status, TaskEntry, Validation, replaced
from bench.records.store import Store
from bench.running.problem import make_problem
from bench.running.registry import load_registry

#: Seconds between two looks at whether the parent lives.
PARENT_POLL_S = 0.5


def main() -> None:
    """Run the job on standard input; exits 0 once its record is said."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    messages = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = json.load(sys.stdin)
    cell = Cell(**job["cell"])
    registry = load_registry()
    task, method = registry.task(cell.task), registry.method(cell.method)
    torch.set_num_threads(job["threads"])
    say = partial(_say, messages)
    store, found = Store(Path(job["root"])), None
    if job["discovery"] is not None:
        found = Found(store.read(job["discovery"]), store.arrays(job["discovery"]))
    kept = store.checkpoint(cell)
    device, folder = torch.device(job["device"]), Path(job["data_dir"])
    record, arrays = run_cell(cell, task, method, device, folder, say, found, kept, job["tested"])
    try:
        written = store.write_outcome(cell, record, arrays)
    except OSError as error:  # no fault of the cell: it is left without a record, to be run again
        say(unwritable=error.strerror)
        return
    kept.unlink(missing_ok=True)  # what ended by itself would end so again
    say(record=msgspec.to_builtins(written))


def _end_with_parent(parent: int) -> None:
    """A cell that nobody waits for must not go on: its parent may have been killed."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    os._exit(1)


@dataclass(frozen=True)
class Found:
    """The discovery that a consumer builds on: its record and its arrays."""

    record: Record
    arrays: Mapping[str, Array]


def run_cell(
    cell: Cell,
    task: Task,
    method: Method,
    device: torch.device,
    data_dir: Path,
    say: Callable[..., None],
    found: Found | None = None,
    checkpoint: Path | None = None,
    tested: bool = True,
) -> tuple[Record, dict[str, Array]]:
    """Run ``cell``; whatever the method does, the outcome is a record with a status.

    Without ``tested`` the test split is not looked at: the record has no scores, only the validation score.
    """
    record = blank_record(cell, task, method, device.type)
    outcome: dict[str, Any] = {"discovery": _discovery_entry(found.record) if found else None}
    arrays: dict[str, Array] = {}
    with tempfile.TemporaryDirectory(prefix="symmetry-bench-") as scratch:
        params = stage_params(cell, method)
        identity = _identity(cell, record, found)
        ctx = RunContext(params, cell.seed, device, Path(scratch), checkpoint=checkpoint, identity=identity)
        ctx.progress = _progress(ctx, say)
        try:
            _fill(outcome, arrays, cell, task, method, ctx, data_dir, found, tested)
            outcome["status"] = Status.OK
        except Diverged as error:
            outcome["status"], outcome["reason"] = Status.DIVERGED, str(error)
        except Unsupported as error:
            outcome["status"], outcome["reason"] = Status.UNSUPPORTED, str(error)
        except (MemoryError, torch.OutOfMemoryError) as error:
            outcome["status"], outcome["reason"] = Status.OUT_OF_MEMORY, str(error).splitlines()[0]
        except BenchError as error:
            outcome["status"], outcome["reason"] = Status.FAILED, str(error)
        except Exception as error:
            traceback.print_exc()
            outcome["status"], outcome["reason"] = Status.FAILED, f"{type(error).__name__}: {error}"
        try:
            arrays.update(_history(ctx))
        except (TypeError, ValueError) as error:
            outcome["status"], outcome["reason"] = Status.FAILED, f"ctx.log was given what is no number: {error}"
    return replaced(record, outcome), arrays


def _discovery_entry(discovery: Record) -> DiscoveryEntry:
    method = discovery.method
    return DiscoveryEntry(method=method.id, search=method.search, key=discovery.key)


def _progress(ctx: RunContext, say: Callable[..., None]) -> OnProgress:
    """Says how far the cell is, and the finite validation losses since the last time (all, after a checkpoint)."""
    said = 0

    def progress(done: int, total: int) -> None:
        nonlocal said
        losses = ctx.history.get("val/loss", [])
        new, said = losses[said:], len(losses)
        say(progress=(done, total), losses=[point for point in new if math.isfinite(point[1])])

    return progress


def _identity(cell: Cell, record: Record, found: Found | None) -> str:
    """What a checkpoint must agree in: the cell, the versions, the discovery, torch, and the kind of device."""
    own = [cell.key, str(cell.seed), str(record.method.versions)]
    earlier = found.record.started if found else ""
    return " ".join([*own, earlier, record.env.torch, str(record.env.gpu)])


def stage_params(cell: Cell, method: Method) -> Any:
    """The parameter object of a method, or prefix -> parameter object of a pipeline's stages."""
    stages = stages_of(method)
    others = [TASK_PREFIX, *stages]
    built = {
        prefix: from_values(stage.Params, split_params(cell.params, prefix, others), owner=stage.card.id)
        for prefix, stage in stages.items()
    }
    return built if isinstance(method, Pipeline) else built[""]


def _fill(
    outcome: dict[str, Any],
    arrays: dict[str, Array],
    cell: Cell,
    task: Task,
    method: Method,
    ctx: RunContext,
    data_dir: Path,
    found: Found | None,
    tested: bool,
) -> None:
    size: dict[str, Any] = dict(cell.size)
    budget = dataclasses.replace(task.card.budgets[cell.budget], **size)
    options = from_values(task.Options, split_params(cell.params, TASK_PREFIX, ()), owner=cell.task)
    data = task.load(budget, options, data_dir)
    sizes = Sizes(train=len(data.train), val=len(data.val), test=len(data.test))
    outcome["task"] = TaskEntry(
        id=cell.task,
        version=cell.task_version,
        data=cell.data,
        data_sha256=data.data_sha256,
        data_note=data.data_note,
        sizes=sizes,
    )
    outcome["references"] = dict(data.references)
    told = TIERS.index(method.card.knowledge) >= TIERS.index("group")
    problem = make_problem(data, cell.search or task.card.searches[0], ctx.device, told_group=told)
    reason = method.supports(problem)
    if reason is not None:
        raise Unsupported(reason)
    if found is not None:
        problem = dataclasses.replace(problem, given=from_arrays(found.arrays, data.units))
    # The first optimiser of a process imports a second's worth of torch; no method should pay for it.
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    ctx.start_clock()
    try:
        fitted = method.fit(problem, ctx)
    finally:
        arrays.update(_trace(ctx, data.units))
    if ctx.device.type == "cuda":
        torch.cuda.synchronize(ctx.device)
    fit_s = ctx.fit_seconds()
    if not isinstance(fitted, Fitted):
        raise TypeError(f"fit() of {cell.method!r} returned {type(fitted).__name__}; it must return a Fitted")
    if tested:
        data = dataclasses.replace(data, test=_move(data.test, ctx.device))
        result = evaluate(fitted, data, task.card, budget, cell.search)
    else:
        result = _untested(fitted, task.card, data.units)
    if fitted.predicts:
        outcome["validation"] = _validation(fitted, data, task.card, ctx.device)
    outcome["scores"] = {
        name: Score(value=value, unit=unit, higher_is_better=better)
        for name, (value, unit, better) in result.scores.items()
    }
    arrays.update(result.arrays)
    cuda = ctx.device.type == "cuda"
    outcome["cost"] = Cost(
        fit_s=fit_s,
        predict_s=result.predict_s,
        steps=ctx.steps,
        samples_per_s=ctx.samples / fit_s,
        parameters=fitted.parameters,
        forward_passes=fitted.forward_passes,
        peak_rss_mb=peak_memory_mb(),
        peak_device_mb=torch.cuda.max_memory_allocated(ctx.device) / 2**20 if cuda else None,
    )


def _untested(fitted: Fitted, card: TaskCard, units: Units) -> Evaluation:
    """No score, only the generators that a consumer may build on."""
    estimate = fitted.symmetry()
    return Evaluation(card, arrays={} if estimate is None else to_arrays(estimate, units))


def _validation(fitted: Fitted, data: TaskData, card: TaskCard, device: torch.device) -> Validation:
    """The primary metric on the validation split, as `bench.metrics.evaluate` takes it on the test split."""
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
    """What was logged, as ``history/<name>`` -> ``(m, 2)`` of step and value; JSON and charts want finite ones."""
    arrays = {}
    for name, points in ctx.history.items():
        finite = [point for point in points if math.isfinite(point[1])]
        arrays[f"history/{name}"] = np.asarray(finite, dtype=np.float64).reshape(-1, 2)
    return arrays


def _trace(ctx: RunContext, units: Units) -> dict[str, Array]:
    """The generators as they were after each epoch, in physical units: ``trace_step (m,)``, ``trace (m, k, d, d)``."""
    finite = [(step, generators) for step, generators in ctx.traced if bool(generators.isfinite().all())]
    if not finite:
        return {}
    stacked = torch.stack([units.generators_to_physical(generators) for _, generators in finite])
    return {"trace_step": np.array([step for step, _ in finite]), "trace": stacked.numpy()}


def _say(messages: TextIO, **message: Any) -> None:
    try:
        print(json.dumps(message), file=messages, flush=True)
    except BrokenPipeError:
        # Nobody waits for this cell any more: end without a record, which a later run must not find.
        sys.exit("the parent process is gone")


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
