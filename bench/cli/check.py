"""`python -m bench check`: every check of the contract on one method, or on all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
import typer
from tabulate import tabulate

from bench.api import Method, Task
from bench.cli.progress import progress_bar
from bench.contract.check import CheckResult, CheckStatus, Examination, run_check
from bench.contract.checks import CHECKS
from bench.datasets.cache import data_dir
from bench.errors import BenchError
from bench.records.command_line import command_line
from bench.running.loading import prepared
from bench.running.registry import Registry, load_registry


def check_command(method_name: str, task_name: str) -> int:
    """Run the checks and print their results. Returns 1 if a check failed, else 0.

    Raises:
        BenchError: when the method or the task is unknown.
    """
    torch.set_num_threads(1)
    registry, folder = load_registry(), data_dir()
    methods = [registry.method(method_name)] if method_name else list(registry.methods.values())
    task = _prepared_task(registry, task_name, folder)
    outcomes: dict[str, list[CheckResult]] = {}
    for number, method in enumerate(methods, start=1):
        place = f"[{number}/{len(methods)}] " if len(methods) > 1 else ""
        outcomes[method.card.id] = _examine(method, folder, task, place)
    if method_name:
        ((name, results),) = outcomes.items()
        _show_one(name, results)
    else:
        _show_all(outcomes)
    everything = [result for results in outcomes.values() for result in results]
    failed = sum(result.status == "failed" for result in everything)
    _next(method_name, task_name, failed, any(r.check == "record" and r.status == "ok" for r in everything))
    return 1 if failed else 0


def _prepared_task(registry: Registry, name: str, folder: Path) -> Task | None:
    if not name:
        return None
    task = registry.task(name)
    if "smoke" not in task.card.budgets:
        raise BenchError(f"task {name!r} has no budget 'smoke', at which a check runs.")
    with progress_bar(f"data of {name}") as on_progress:
        prepared(task, folder, on_progress)
    return task


def _examine(method: Method, folder: Path, task: Task | None, place: str) -> list[CheckResult]:
    examination, results = Examination(method, folder, task, [check.name for check in CHECKS]), []
    with progress_bar(f"{place}check {method.card.id}") as on_progress:
        for number, check in enumerate(CHECKS, start=1):
            results.append(run_check(check, examination))
            on_progress(number, len(CHECKS))
    return results


def _show_one(name: str, results: Sequence[CheckResult]) -> None:
    promises = {check.name: check.promise for check in CHECKS}
    rows = [[r.check, promises[r.check], r.status, f"{r.seconds:.1f}"] for r in results]
    typer.echo(f"\n{tabulate(rows, ['check', f'{name} keeps', 'result', 's'], disable_numparse=True)}\n")
    _reasons("", results)


def _show_all(outcomes: dict[str, list[CheckResult]]) -> None:
    rows = []
    for name, results in outcomes.items():
        count = Counter(result.status for result in results)
        numbers = [count[status] or "" for status in ("ok", "failed", "known", "skipped")]
        rows.append([name, *numbers, f"{sum(result.seconds for result in results):.1f}"])
    header = ["method", "ok", "failed", "known", "skipped", "s"]
    typer.echo(f"\n{tabulate(rows, header, disable_numparse=True)}\n")
    for name, results in outcomes.items():
        _reasons(f"{name} ", [result for result in results if result.status != "skipped"])


def _reasons(name: str, results: Sequence[CheckResult]) -> None:
    """Print one line per reason, with the checks that share it."""
    said: dict[tuple[CheckStatus, str], list[str]] = {}
    for result in results:
        if result.reason:
            said.setdefault((result.status, result.reason), []).append(result.check)
    for (status, reason), checks in said.items():
        typer.echo(f"{name}{', '.join(checks)}: {status}: {reason}", err=status == "failed")


def _next(method: str, task: str, failed: int, runs: bool) -> None:
    if failed:
        typer.echo(f"\n{failed} failed")
    elif not (method and runs):
        typer.echo(f"\nnext: {command_line('list')}")
    elif task:
        typer.echo(f"\nnext: {command_line('run', '--method', method, '--task', task, '--budget', 'small')}")
    else:
        typer.echo(f"\nnext: {command_line('check', method, '--task', 'TASK')}   (`{command_line('list', 'tasks')}`)")
