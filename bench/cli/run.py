"""`python -m bench run`: make the cells, run those that are not finished, mirror them, print what came out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from tabulate import tabulate

from bench.api import Method, Task
from bench.api.pipeline import Pipeline
from bench.cli.progress import progress_bar
from bench.datasets.cache import data_dir
from bench.errors import Interrupted
from bench.leaderboard.board.build import HIDDEN_BUDGETS
from bench.leaderboard.mlflow import Mirroring
from bench.metrics.scores import SCORES
from bench.records.cell import Cell, discovery_of
from bench.records.paths import results_option
from bench.records.preset import DEFAULT, preset_cell
from bench.records.provenance import without_discovery
from bench.records.record import Record
from bench.records.store import Store
from bench.running.executors.choose import choose_device
from bench.running.registry import Registry, load_registry
from bench.running.standing import is_stale
from bench.running.supervisor import run_in_worker

#: Scores that the command shows beside the primary metric.
SUMMARY = ("equivariance/e_prime", "symmetry/cosine", "symmetry/precision", "symmetry/recall")


def run_command(
    *,
    method_name: str,
    task_name: str,
    seeds: Sequence[int],
    budget: str,
    search: str | None,
    assignments: Sequence[tuple[str, str]],
    preset: str,
    train_fraction: float,
    device_name: str,
    root: Path,
    force: bool,
    mlflow: bool,
) -> int:
    """Run one cell per seed; 0 when every cell is ok, else 1.

    Raises:
        BenchError: for any wrong choice, before anything is computed.
    """
    registry = load_registry()
    task, method = registry.task(task_name), registry.method(method_name)
    device = choose_device(device_name)
    folder = data_dir()

    def cell_for(seed: int, fingerprint: str) -> Cell:
        return preset_cell(
            preset,
            root,
            task,
            method,
            search=search,
            budget=budget,
            seed=seed,
            fingerprint=fingerprint,
            assignments=assignments,
            train_fraction=train_fraction,
        )

    first = cell_for(seeds[0], "")  # refuse a wrong choice before data are downloaded
    if preset != DEFAULT and first.preset is None:
        typer.echo(f"preset {preset!r} chose the default parameters: this is the default's own cell.")
    store = Store(root)
    store.check_writable()
    with progress_bar(f"data of {task.card.id}") as on_progress:
        task.prepare(folder, on_progress)
    fingerprint = task.fingerprint(folder)
    run = _Run(registry, task, store, device, folder, Mirroring(root) if mlflow else None)
    records: list[Record] = []
    cells = [cell_for(seed, fingerprint) for seed in seeds]
    for number, cell in enumerate(cells, start=1):
        records.append(run.with_discovery(cell, method, f"[{number}/{len(cells)}] ", force))
    _summary(records, task, store.path(cells[-1]), root)
    return 0 if all(record.status == "ok" for record in records) else 1


@dataclass
class _Run:
    """What the cells of one command share."""

    registry: Registry
    task: Task
    store: Store
    device: str
    data_dir: Path
    mirror: Mirroring | None

    def with_discovery(self, cell: Cell, method: Method, place: str, force: bool) -> Record:
        """The record of ``cell``; that of the discovery which it builds on is made first."""
        first = discovery_of(cell, method)
        if first is None:
            return self.one(cell, method, place, force, None)
        assert isinstance(method, Pipeline)
        earlier = self.store.finished(first)
        # A consumer must not build on generators that other code found.
        again = earlier is not None and is_stale(earlier, self.registry)
        found = self.one(first, method.discoverer, f"{place}discovery: ", again, None)
        if found.status == "ok":
            return self.one(cell, method, place, force, self.store.path(first))
        outcome = without_discovery(cell, self.task, method, self.device, found)
        return self._told(cell, self.store.write_outcome(cell, outcome))

    def one(self, cell: Cell, method: Method, place: str, force: bool, discovery: Path | None) -> Record:
        """The record of ``cell``, from the store or from a worker."""
        earlier = None if force else self.store.finished(cell)
        if earlier is not None:
            stale = "; its code has changed since, --force runs it again" if is_stale(earlier, self.registry) else ""
            typer.echo(f"{place}{cell.title}: finished before ({earlier.status}){stale}")
            return earlier
        if force:
            self.store.checkpoint(cell).unlink(missing_ok=True)
        try:
            with progress_bar(f"{place}{cell.title}") as on_progress:
                record = run_in_worker(
                    cell, self.task, method, self.store, self.device, self.data_dir, on_progress, discovery
                )
        except KeyboardInterrupt:
            raise Interrupted("interrupted; finished cells are stored, the same command continues.") from None
        return self._told(cell, record)

    def _told(self, cell: Cell, record: Record) -> Record:
        """Say what went wrong, and mirror."""
        if record.status != "ok":
            reason = " ".join((record.reason or "").split())
            typer.echo(f"error: {cell.title}: {record.status}: {reason}", err=True)
        if self.mirror is not None:
            self.mirror.record(self.store, cell, record)
        return record


def _summary(records: Sequence[Record], task: Task, last: Path, root: Path) -> None:
    table = SCORES.on(task.card)
    names = [name for name in (task.card.metric.name, *SUMMARY) if any(name in r.scores for r in records)]
    titles = [score.title_on(task.card) for name in (*names, "cost/fit_s") if (score := table.find(name))]
    rows = []
    for record in records:
        values = [record.scores[name].value if name in record.scores else None for name in names]
        fit = record.cost.fit_s if record.cost else None
        rows.append([record.seed, record.status, *(_short(v) for v in values), _short(fit)])
    typer.echo("")
    typer.echo(tabulate(rows, ["seed", "status", *titles], tablefmt="simple", disable_numparse=True))
    typer.echo(f"\nrecords: {last.parent}")
    if records[-1].budget in HIDDEN_BUDGETS:
        typer.echo(f"next: python -m bench show {shlex.quote(str(last))}")
    else:
        typer.echo(f"next: python -m bench leaderboard{results_option(root)}")


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
