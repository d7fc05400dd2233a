"""`python -m bench suite`: print the plan, run what is not done, say what came out."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import typer
from tabulate import tabulate

from bench.api import Task
from bench.cli.progress import progress_bar
from bench.datasets.cache import data_dir
from bench.leaderboard.mlflow import Mirroring
from bench.records.estimate import Estimate
from bench.records.paths import log_hint, results_option
from bench.records.store import Record, Store
from bench.running.executors.choose import choose_executor
from bench.running.plan import FAILED, Plan, make_plan
from bench.running.registry import Registry, load_registry
from bench.running.schedule import Executor, run_jobs
from bench.running.standing import Standing
from bench.running.suite import Job, expand, read_suite


def suite_command(
    file: Path,
    *,
    root: Path,
    executor_name: str,
    address: str | None,
    workers: int | None,
    device_name: str,
    memory_mb: float | None,
    retry: Sequence[str],
    dry_run: bool,
    mlflow: bool,
) -> int:
    """Run the suite ``file``; 0 when every cell of it has ended as it can: ok, diverged or unsupported.

    Raises:
        BenchError: for a wrong file or choice, before anything is computed; for a store that cannot be written.
    """
    registry = load_registry()
    blocks = read_suite(file)
    folder, store = data_dir(), Store(root)

    @cache
    def fingerprint(task: Task) -> str:
        with progress_bar(f"data of {task.card.id}") as on_progress:
            task.prepare(folder, on_progress)
        return task.fingerprint(folder)

    jobs = expand(blocks, registry, lambda task: "", root)  # refuse a wrong choice before data are downloaded
    executor = choose_executor(executor_name, address, workers, device_name, memory_mb, jobs, store, registry, folder)
    jobs = expand(blocks, registry, fingerprint, root)
    planned = time.time()
    plan = make_plan(jobs, store, Standing(root, registry), retry)
    estimate = Estimate(store.scan().records.values())
    _print_plan(plan, estimate, executor.slots)
    if dry_run or not plan.to_run:
        return 0 if dry_run or not plan.failed else 1
    store.check_writable()
    mirror = Mirroring(root) if mlflow else None
    statuses = _run(plan, executor, store, registry, estimate, mirror, planned)
    rows = [[status, count] for status, count in sorted(statuses.items())]
    typer.echo("\n" + tabulate(rows, ["status", "cells"], tablefmt="simple"))
    typer.echo(f"\nrecords: {root}\nnext: python -m bench leaderboard{results_option(root)}")
    bad = sum(statuses[name] for name in FAILED) + len(plan.failed)
    if bad:
        again = f"python -m bench suite {shlex.quote(str(file))} --retry failed{results_option(root)}"
        typer.echo(f"{bad} cells ended without a result; to run them again: {again}")
    return 1 if bad else 0


def _run(
    plan: Plan,
    executor: Executor,
    store: Store,
    registry: Registry,
    estimate: Estimate,
    mirror: Mirroring | None,
    planned: float,
) -> Counter[str]:
    statuses: Counter[str] = Counter()
    total, begun = len(plan.to_run), time.monotonic()
    expected = sum(estimate(job.cell) or 0.0 for job in plan.to_run)
    behind = 0.0  # estimated seconds of the cells that are done

    def on_done(job: Job, record: Record, ran: bool) -> None:
        nonlocal behind
        statuses[record["status"]] += 1
        behind += estimate(job.cell) or 0.0
        took = f"{record['cost']['fit_s']:.1f} s" if "fit_s" in record["cost"] else "no fit"
        elsewhere = "" if ran else ", by another process"
        reason = f": {' '.join(record['reason'].split())[:160]}" if record["reason"] else ""
        log = log_hint(store.path(job.cell)) if record["status"] in FAILED else ""
        elapsed = time.monotonic() - begun
        eta = f", about {_duration((expected - behind) * elapsed / behind)} left" if behind else ""
        number = sum(statuses.values())
        typer.echo(f"[{number}/{total}] {job.cell.title}: {record['status']} ({took}{elsewhere}){reason}{log}{eta}")
        if mirror is not None and ran:
            mirror.record(store, job.cell, record)

    run_jobs(plan.to_run, executor, store, registry, executor.device, on_done, planned)
    return statuses


def _print_plan(plan: Plan, estimate: Estimate, slots: int) -> None:
    """Cells by task, and the time that earlier records let one expect."""
    names = {"to run": plan.to_run, "done": plan.done, "stale, kept": plan.stale, "failed, kept": plan.failed}
    counts = {name: Counter(job.cell.task for job in jobs) for name, jobs in names.items()}
    tasks = sorted({job.cell.task for jobs in names.values() for job in jobs})
    rows = [[task, *(counts[name][task] for name in names)] for task in tasks]
    rows.append(["all", *(len(jobs) for jobs in names.values())])
    typer.echo(tabulate(rows, ["task", *names], tablefmt="simple"))
    seconds = [estimate(job.cell) for job in plan.to_run]
    known = [s for s in seconds if s is not None]
    unknown = f"; {len(seconds) - len(known)} cells have nothing to go by" if len(known) < len(seconds) else ""
    typer.echo(f"\n{len(seconds)} cells to run, {slots} at once: about {_duration(sum(known) / slots)}{unknown}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
