"""A sweep: independent studies with the same number of trials, which search a method's parameters by validation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_type_hints

from bench.api import Fitted, Method, Task
from bench.api.parameters import Sweep
from bench.api.pipeline import Pipeline
from bench.errors import BenchError, Interrupted, Pruned
from bench.records.atomic import writing
from bench.records.cell import Cell, make_cell, versions_of
from bench.records.lock import CellLock
from bench.records.preset import Preset, Study, Trial, median_study, preset_path, sweep_folder, write_preset
from bench.records.provenance import environment
from bench.records.record import Record, Status
from bench.records.store import Store
from bench.running.jobs import UNWATCHED, Executor, Job, Watch, jobs_of
from bench.running.plan import make_plan
from bench.running.registry import Registry
from bench.running.schedule import run_plan
from bench.running.session import Session
from bench.running.sweeps.search import PRUNER, SAMPLER, Prune, StudySettings, TrialOutcome, space_of

#: (study, trial, how it ended, seconds)
OnEnd = Callable[[int, Trial, TrialOutcome, float], None]


@dataclass(frozen=True)
class SweepSize:
    """How many studies and trials a sweep has, and its time limit."""

    studies: int
    trials: int  # of each study
    max_hours: float  # after this time a study does not start another trial


def trial_store(results: Path, default: Cell) -> Store:
    """The store of the cells of a sweep's trials, which is separate from the store of the boards."""
    return Store(sweep_folder(results, default) / "trials")


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep searches, and its size."""

    session: Session  # over the store of the trials
    default: Cell  # of the first study
    fixed: tuple[tuple[str, str], ...]  # assignments that hold for every trial
    results: Path
    size: SweepSize

    @property
    def task(self) -> Task:
        return self.session.task(self.default)

    @property
    def method(self) -> Method:
        return self.session.method(self.default)

    @property
    def folder(self) -> Path:
        return sweep_folder(self.results, self.default)

    @property
    def space(self) -> dict[str, Sweep]:
        """Full name -> range of each searched parameter, wide enough to include the settings of the family."""
        return space_of(self.method, self.default, self.fixed)

    @property
    def identity(self) -> str:
        """A hash of everything that comparable trials must share."""
        versions = versions_of(self.method)  # the task's is in the key
        text = json.dumps([self.default.key, self.space, self.fixed, versions, self.session.device, SAMPLER, PRUNER])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def jobs(self, seed: int, params: Mapping[str, Any]) -> list[Job]:
        """The jobs of a trial, ending with its own cell. None of them reads the test split."""
        start = self.default
        cell = make_cell(
            self.task,
            self.method,
            search=start.search if self.method.card.searches else None,
            budget=start.budget,
            seed=seed,
            fingerprint=start.data,
            assignments=[*self.fixed, *((name, str(value)) for name, value in params.items())],
        )
        return jobs_of(cell, self.method, [seed], tested=False)


def refuse(method: Method, default: Cell, fixed: Sequence[tuple[str, str]], registry: Registry) -> None:
    """Raise BenchError when the method has no predictor or no parameter to search."""
    if not _predicts(method):
        raise _no_predictor(method, registry)
    if not space_of(method, default, fixed):
        raise BenchError(
            f"method {method.card.id!r} has nothing to sweep: none of its parameters declares a range for it, or --set "
            "fixes them all."
        )


def run_sweep(plan: SweepPlan, executor: Executor, on_end: OnEnd) -> Preset:
    """Run the missing trials of every study, store the preset, and return it.

    Raises:
        BenchError: when another process runs this sweep, no trial has a result, or the folder cannot be written.
        Interrupted: on Ctrl-C; every finished trial is kept.
    """
    with writing(f"sweep folder {str(plan.folder)!r}"):
        plan.folder.mkdir(parents=True, exist_ok=True)
        with CellLock(plan.folder / ".sweep.lock", f"the sweep in {str(plan.folder)!r}"):
            return _store(plan, _run_studies(plan, executor, on_end))


def _run_studies(plan: SweepPlan, executor: Executor, on_end: OnEnd) -> list[Study]:
    from bench.running.sweeps.study import run_study  # brings Optuna

    settings = StudySettings(
        space=plan.space,
        default={name: plan.default.params[name] for name in plan.space},
        higher_is_better=plan.task.card.metric.higher_is_better,
        passes=int(plan.default.params.get("passes", 0)),
        identity=plan.identity,
        run=partial(_run_trial, plan, executor),
        on_end=on_end,
    )
    trials, max_hours = plan.size.trials, plan.size.max_hours
    with ThreadPoolExecutor(max(1, min(plan.size.studies, executor.slots))) as pool:
        futures = [
            pool.submit(run_study, settings, number, plan.folder / f"study{number}.log", trials, max_hours)
            for number in range(plan.size.studies)
        ]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            if any(future.exception() for future in done):
                executor.stop()
        except KeyboardInterrupt:
            executor.stop()
            raise Interrupted("interrupted; finished trials are stored, the same command continues.") from None
        finally:
            pool.shutdown(cancel_futures=True)
    # The other studies were interrupted because of the first error, which is the cause.
    errors = [error for future in futures if not future.cancelled() and (error := future.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, Interrupted)):
        raise error
    return [future.result() for future in futures]


def _run_trial(plan: SweepPlan, executor: Executor, seed: int, params: Mapping[str, Any], prune: Prune) -> TrialOutcome:
    """Train with ``params`` and return how the trial ended.

    Raises:
        BenchError: when the method does not support the task, or has no validation score.
    """
    jobs, store, ended = plan.jobs(seed, params), plan.session.store, dict[str, Record]()
    place = store.place(jobs[-1].cell)

    def on_end(job: Job, record: Record, ran: bool) -> None:
        ended[store.place(job.cell)] = record

    def on_start(job: Job) -> Watch:
        return Watch(prune=prune) if job is jobs[-1] else UNWATCHED

    try:
        run_plan(make_plan(jobs, plan.session, retry=("failed",)), executor, on_end, on_start)
    except Pruned:
        return TrialOutcome("pruned")
    record = ended.get(place) or store.read(place)
    # A cell that was finished before, or ran on a cluster, has not called prune() yet.
    if prune(_losses(store, record)):
        return TrialOutcome("pruned")
    if record.status is Status.UNSUPPORTED:
        raise BenchError(f"{plan.method.card.id} does not support {plan.task.card.id}: {record.reason}.")
    if record.status is not Status.OK:
        return TrialOutcome("failed", reason=f"{record.status}: {record.reason}")
    if record.validation is None:
        raise _no_predictor(plan.method, plan.session.registry)
    return TrialOutcome("complete", record.validation.value)


def _losses(store: Store, record: Record) -> list[tuple[int, float]]:
    """The validation losses (passes, loss) of a cell that has ended."""
    name = "history/val/loss"
    history = store.arrays(record.place, [name]).get(name, ()) if name in record.arrays else ()
    return [(int(passes), float(loss)) for passes, loss in history]


def _store(plan: SweepPlan, studies: Sequence[Study]) -> Preset:
    metric, start = plan.task.card.metric, plan.default
    median = median_study(studies, metric.higher_is_better)
    best = median.best(metric.higher_is_better) if median else None
    if median is None or best is None:
        raise BenchError(f"no trial has a result; {str(plan.folder)!r} holds the logs of their workers.")
    fixed = {name: start.params[name] for name, _ in plan.fixed if name in start.params}  # some are absent at default
    preset = Preset(
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
        chosen=median.study,
        studies=tuple(studies),
        max_hours=plan.size.max_hours,
        sampler=SAMPLER,
        pruner=PRUNER,
        optuna=version("optuna"),
        git_sha=environment(plan.session.device).git_sha,
        device=plan.session.device,
        identity=plan.identity,
    )
    write_preset(preset_path(plan.results, start), preset)
    return preset


def _predicts(method: Method) -> bool:
    """Whether the return type of fit() has a predictor; True when the type is not known."""
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
