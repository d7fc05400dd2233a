"""`python -m bench suite`: prints the plan, runs the cells that are not done, and prints a summary."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import typer
from tabulate import tabulate

from bench.cli.cells import REASON_LENGTH, fit_time, reason_of, with_data
from bench.leaderboard.mlflow import Mirroring
from bench.records.command_line import command_line
from bench.records.estimate import Estimate
from bench.records.paths import log_hint
from bench.records.record import Record, Status
from bench.records.store import Store
from bench.running.executors.choose import Resources, choose_executor
from bench.running.jobs import Job
from bench.running.plan import Plan, make_plan
from bench.running.registry import load_registry
from bench.running.schedule import run_plan
from bench.running.suite import expand, read_suite


def suite_command(
    file: Path, root: Path, resources: Resources, *, retry: Sequence[str], dry_run: bool, mlflow: bool
) -> int:
    """Run the suite ``file``. Returns 0 if every cell reached a final status (ok, diverged or unsupported), else 1.

    Raises:
        BenchError: when the file or an option is wrong, before anything is computed, or the store cannot be written.
    """
    registry, store = load_registry(), Store(root)
    jobs = expand(read_suite(file), registry, root)  # refuse a wrong choice before data are downloaded
    with choose_executor(resources, jobs, store, registry) as executor:
        plan = make_plan(with_data(jobs, executor.session), executor.session, retry)
        estimate = Estimate(store.scan().records.values())
        _print_plan(plan, estimate, executor.slots)
        if dry_run or not plan.to_run:
            return 0 if dry_run or not plan.failed else 1
        store.check_writable()
        report = _SuiteReport(plan, store, estimate, Mirroring(root) if mlflow else None)
        run_plan(plan, executor, report.ended)
    rows = [[status, count] for status, count in sorted(report.statuses.items())]
    typer.echo("\n" + tabulate(rows, ["status", "cells"], tablefmt="simple"))
    typer.echo(f"\nrecords: {root}\nnext: {command_line('leaderboard', results=root)}")
    bad = sum(count for status, count in report.statuses.items() if status.is_failure) + len(plan.failed)
    if bad:
        again = command_line("suite", str(file), "--retry", "failed", *resources.words, results=root)
        typer.echo(f"{bad} cells ended without a result; to run them again: {again}")
    return 1 if bad else 0


class _SuiteReport:
    """Prints how each cell ended and how long the rest will take, and mirrors each record."""

    def __init__(self, plan: Plan, store: Store, estimate: Estimate, mirror: Mirroring | None) -> None:
        self.plan, self.store, self.estimate, self.mirror = plan, store, estimate, mirror
        self.statuses: Counter[Status] = Counter()
        self.begun = time.monotonic()
        self.expected = sum(estimate(job.cell) or 0.0 for job in plan.to_run)
        self.behind = 0.0  # estimated seconds of the cells that are done

    def ended(self, job: Job, record: Record, ran: bool) -> None:
        """Report the end of ``job``; ``ran`` is False when another process ran it."""
        self.statuses[record.status] += 1
        self.behind += self.estimate(job.cell) or 0.0
        elsewhere = "" if ran else ", by another process"
        reason = f": {reason_of(record, REASON_LENGTH)}" if record.reason else ""
        log = log_hint(self.store.path(job.cell)) if record.status.is_failure else ""
        place = f"[{self.statuses.total()}/{len(self.plan.to_run)}]"
        took = f"{fit_time(record)}{elsewhere}"
        typer.echo(f"{place} {job.cell.title}: {record.status} ({took}){reason}{log}{self._left()}")
        if self.mirror is not None and ran:
            self.mirror.record(self.store, job.cell, record)

    def _left(self) -> str:
        if not self.behind:
            return ""
        elapsed = time.monotonic() - self.begun
        return f", about {_duration((self.expected - self.behind) * elapsed / self.behind)} left"


def _print_plan(plan: Plan, estimate: Estimate, slots: int) -> None:
    """Print the number of cells by task, and the time estimated from earlier records."""
    names = {"to run": plan.to_run, "done": plan.done, "stale, kept": plan.stale, "failed, kept": plan.failed}
    counts = {name: Counter(job.cell.task for job in jobs) for name, jobs in names.items()}
    tasks = sorted({job.cell.task for jobs in names.values() for job in jobs})
    rows = [[task, *(counts[name][task] for name in names)] for task in tasks]
    rows.append(["all", *(len(jobs) for jobs in names.values())])
    typer.echo(tabulate(rows, ["task", *names], tablefmt="simple"))
    seconds = [estimate(job.cell) for job in plan.to_run]
    known = [s for s in seconds if s is not None]
    unknown = (
        f"; {len(seconds) - len(known)} cells have no earlier record to estimate from"
        if len(known) < len(seconds)
        else ""
    )
    typer.echo(f"\n{len(seconds)} cells to run, {slots} at once: about {_duration(sum(known) / slots)}{unknown}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
