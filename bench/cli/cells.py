"""What the commands that run cells share: the choice of a cell, the data of jobs, and how an end is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cli.progress import progress_bar
from bench.records.cell import Cell
from bench.records.preset import DEFAULT, preset_cell
from bench.records.record import Record
from bench.running.jobs import Job
from bench.running.loading import prepared
from bench.running.registry import Registry
from bench.running.session import Session

#: Characters of a reason that a line shows.
REASON_LENGTH = 160


@dataclass(frozen=True)
class CellOptions:
    """What the options of a command choose of its cells."""

    method: str
    task: str
    budget: str
    search: str | None = None
    assignments: tuple[tuple[str, str], ...] = ()
    preset: str = DEFAULT
    train_fraction: float = 1.0

    def cell(self, registry: Registry, results: Path, seed: int) -> Cell:
        """The cell of ``seed``, which does not know its data yet.

        Raises:
            BenchError: for any wrong options.
        """
        return preset_cell(
            self.preset,
            results,
            registry.task(self.task),
            registry.method(self.method),
            search=self.search,
            budget=self.budget,
            seed=seed,
            fingerprint="",
            assignments=self.assignments,
            train_fraction=self.train_fraction,
        )


def with_data(jobs: Sequence[Job], session: Session) -> list[Job]:
    """``jobs`` with the fingerprint of their data, which are downloaded or generated first.

    Raises:
        BenchError: when data cannot be had.
    """
    fingerprints: dict[str, str] = {}
    for name in dict.fromkeys(job.cell.task for job in jobs):
        task = session.registry.task(name)
        with progress_bar(f"data of {name}") as on_progress:
            fingerprints[name] = prepared(task, session.data_dir, on_progress)

    def known(cell: Cell) -> Cell:
        return replace(cell, data=fingerprints[cell.task])

    return [replace(job, cell=known(job.cell), discovery=job.discovery and known(job.discovery)) for job in jobs]


def reason_of(record: Record, length: int | None = None) -> str:
    """Why a cell has no result, on one line, at most ``length`` characters of it; empty where nothing is said."""
    return " ".join((record.reason or "").split())[:length]


def fit_time(record: Record) -> str:
    return f"{record.cost.fit_s:.1f} s" if record.cost else "no fit"
