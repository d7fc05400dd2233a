"""A sweep: independent studies of equally many trials over what a method's author lets be searched, by validation."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import psutil
import torch

from bench.api import Fitted, Method, Task
from bench.api.parameters import Sweep, sweeps_of
from bench.api.pipeline import Pipeline
from bench.errors import BenchError, Interrupted, Pruned
from bench.records.cell import Cell, discovery_of, make_cell, stages_of
from bench.records.lock import Busy, CellLock
from bench.records.preset import (
    SCHEMA,
    TUNED,
    Preset,
    Study,
    Trial,
    median_study,
    preset_path,
    sweep_folder,
    write_preset,
)
from bench.records.provenance import environment, method_digest, task_digest
from bench.records.store import Record, Store, read_arrays
from bench.running.executors.pool import MEMORY_SHARE
from bench.running.registry import Registry
from bench.running.supervisor import Limits, run_in_worker
from bench.running.sweeps.study import FIRST_SEED, PRUNER, SAMPLER, Outcome, Prune, Search, run_study

#: (study, trial, how it ended, seconds)
Told = Callable[[int, Trial, Outcome, float], None]
#: Seconds until a cell is looked at again whose worker outlives a killed parent for a moment; and how often.
BUSY_S, PATIENCE = 0.5, 120


@dataclass(frozen=True)
class SweepPlan:
    """What is swept, and how far."""

    task: Task
    method: Method
    default: Cell  # of the first study
    fixed: tuple[tuple[str, str], ...]  # set by hand for every trial
    results: Path
    device: str
    data_dir: Path
    studies: int
    trials: int
    max_hours: float

    @property
    def folder(self) -> Path:
        return sweep_folder(self.results, self.default)

    @property
    def space(self) -> dict[str, Sweep]:
        """What is searched by its full name; wide enough to hold the family's settings."""
        return _space(self.method, self.default, self.fixed)

    @property
    def identity(self) -> str:
        """Trials are comparable only where this is the same."""
        code = task_digest(self.task), method_digest(self.method)
        text = json.dumps([self.default.key, self.space, self.fixed, code, self.device, SAMPLER, PRUNER])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def cell(self, seed: int, params: Mapping[str, Any]) -> Cell:
        """The cell of a trial."""
        start = self.default
        return make_cell(
            self.task,
            self.method,
            search=start.search if self.method.card.searches else None,
            budget=start.budget,
            seed=seed,
            fingerprint=start.data,
            assignments=[*self.fixed, *((name, str(value)) for name, value in params.items())],
        )


def refuse(method: Method, default: Cell, fixed: Sequence[tuple[str, str]], registry: Registry) -> None:
    """Raise BenchError, in one line, where a sweep makes no sense."""
    if not _predicts(method):
        raise _no_predictor(method, registry)
    if not _space(method, default, fixed):
        raise BenchError(
            f"method {method.card.id!r} has nothing to sweep: none of its parameters declares a range for it, or --set "
            "fixes them all."
        )


def run_sweep(plan: SweepPlan, registry: Registry, workers: int, told: Told) -> Preset:
    """Run what is missing of every study, ``workers`` of them at once, and store the preset.

    Raises:
        BenchError: when another process runs this sweep, or no trial has a result.
        Interrupted: on Ctrl-C; every finished trial is kept.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    with CellLock(plan.folder / ".sweep.lock", f"the sweep in {str(plan.folder)!r}"):
        studies = _run_studies(plan, registry, workers, told)
    return _store(plan, studies)


def _run_studies(plan: SweepPlan, registry: Registry, workers: int, told: Told) -> list[Study]:
    runner = _Trials(plan, registry, workers)
    search = Search(
        space=plan.space,
        default={name: plan.default.params[name] for name in plan.space},
        higher_is_better=plan.task.card.metric.higher_is_better,
        epochs=int(plan.default.params.get("epochs", 0)),
        identity=plan.identity,
        run=runner.run,
        told=told,
    )
    journals = [plan.folder / f"study{number}.log" for number in range(plan.studies)]
    with ThreadPoolExecutor(workers) as pool:
        futures = [
            pool.submit(run_study, search, number, journal, plan.trials, plan.max_hours)
            for number, journal in enumerate(journals)
        ]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; finished trials are stored, the same command continues.") from None
        finally:
            runner.stop.set()
            pool.shutdown(cancel_futures=True)
    # The first error is the cause; the other studies were stopped because of it.
    errors = [future.exception() for future in futures if not future.cancelled()]
    for error in sorted(filter(None, errors), key=lambda error: not isinstance(error, BenchError)):
        raise error
    return [future.result() for future in futures]


class _Trials:
    """Runs the cells of trials, scored on the validation split alone, in a store of their own."""

    def __init__(self, plan: SweepPlan, registry: Registry, workers: int) -> None:
        self.plan, self.registry = plan, registry
        self.store = Store(plan.folder / "trials")
        self.stop = threading.Event()
        memory = MEMORY_SHARE * psutil.virtual_memory().total / 2**20 / workers
        threads = max(1, (os.cpu_count() or 1) // workers)
        self.limits = Limits(threads, memory, stop=self.stop, tested=False)

    def run(self, seed: int, params: Mapping[str, Any], prune: Prune) -> Outcome:
        """Train with ``params``.

        Raises:
            BenchError: when the method cannot treat the task, or has no validation score.
        """
        plan = self.plan
        cell = plan.cell(seed, params)
        gpus = torch.cuda.device_count() if plan.device == "cuda" else 0
        limits = self.limits._replace(gpu=(seed - FIRST_SEED) % gpus) if gpus else self.limits
        first, discovery = discovery_of(cell, plan.method), None
        if first is not None:
            assert isinstance(plan.method, Pipeline)
            found = self._record(first, plan.method.discoverer, None, limits)
            if found["status"] != "ok":
                return self._failed(found, "its discoverer: ")
            discovery = self.store.path(first)
        try:
            record = self._record(cell, plan.method, discovery, limits._replace(prune=prune))
        except Pruned:
            return Outcome("pruned")
        if record["status"] != "ok":
            return self._failed(record, "")
        if "validation" not in record:
            raise _no_predictor(plan.method, self.registry)
        return Outcome("complete", record["validation"]["value"])

    def _record(self, cell: Cell, method: Method, discovery: Path | None, limits: Limits) -> Record:
        earlier = self.store.finished(cell)
        if earlier is not None:  # finished just before the kill, or the same parameters were drawn before
            history = read_arrays(self.store.path(cell), earlier).get("history/val/loss")
            points = [] if history is None else [(int(epoch), float(loss)) for epoch, loss in history]
            if limits.prune is not None and points and limits.prune(points):
                raise Pruned
            return earlier
        plan = self.plan
        for _ in range(PATIENCE):
            try:
                return run_in_worker(
                    cell, plan.task, method, self.store, plan.device, plan.data_dir, lambda *_: None, discovery, limits
                )
            except Busy:
                time.sleep(BUSY_S)
        raise BenchError(f"another process keeps running {cell.title} in {str(self.store.root)!r}.")

    def _failed(self, record: Record, before: str) -> Outcome:
        plan = self.plan
        if record["status"] == "unsupported":
            raise BenchError(f"{plan.method.card.id} cannot treat {plan.task.card.id}: {before}{record['reason']}.")
        return Outcome("failed", reason=f"{before}{record['status']}: {record['reason']}")


def _store(plan: SweepPlan, studies: Sequence[Study]) -> Preset:
    import optuna

    metric, start = plan.task.card.metric, plan.default
    chosen = median_study(studies, metric.higher_is_better)
    best = chosen.best(metric.higher_is_better) if chosen else None
    if chosen is None or best is None:
        raise BenchError(f"no trial has a result; {str(plan.folder)!r} holds the logs of their workers.")
    fixed = {name: start.params[name] for name, _ in plan.fixed if name in start.params}  # some are absent at default
    preset = Preset(
        schema=SCHEMA,
        name=TUNED,
        task=start.task,
        version=start.task_version,
        method=start.method,
        search=start.search,
        budget=start.budget,
        params=best.params,
        fixed=fixed,
        ranges={name: str(swept) for name, swept in plan.space.items()},
        metric=f"val/{metric.name.partition('/')[2]}",
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        chosen=chosen.study,
        studies=tuple(studies),
        max_hours=plan.max_hours,
        sampler=SAMPLER,
        pruner=PRUNER,
        optuna=optuna.__version__,
        git_sha=environment(plan.device)["git_sha"],
        device=plan.device,
        identity=plan.identity,
    )
    write_preset(preset_path(plan.results, start), preset)
    return preset


def _space(method: Method, default: Cell, fixed: Sequence[tuple[str, str]]) -> dict[str, Sweep]:
    set_by_hand = {name for name, _ in fixed}
    space = {}
    for prefix, stage in stages_of(method).items():
        for name, swept in sweeps_of(stage.Params).items():
            full = f"{prefix}{name}"
            if full not in set_by_hand:
                space[full] = _holding(swept, full, default.params[full])
    return space


def _holding(swept: Sweep, name: str, value: Any) -> Sweep:
    """``swept``, widened to hold the family's ``value``."""
    if swept.choices:
        return swept
    if value is None or (swept.log and value <= 0):
        raise BenchError(f"parameter {name!r} is {value}, which no sweep over {swept} can hold; fix it by --set.")
    return swept._replace(low=min(swept.low, value), high=max(swept.high, value))


def _predicts(method: Method) -> bool:
    """False where fit() says in its type that it returns a Fitted without a predictor."""
    if isinstance(method, Pipeline):
        return True
    try:
        returned = get_type_hints(type(method).fit).get("return", Fitted)
    except NameError:  # a name that its module imports for type checkers only
        return True
    return bool(getattr(returned, "predicts", True))


def _no_predictor(method: Method, registry: Registry) -> BenchError:
    name = method.card.id
    consumers = [f"{name}+{other}" for other, m in sorted(registry.methods.items()) if m.card.consumes]
    return BenchError(
        f"method {name!r} has no predictor, so no validation score to select by; sweep it with a consumer: "
        f"{' or '.join(consumers) or 'discoverer+consumer'}."
    )
