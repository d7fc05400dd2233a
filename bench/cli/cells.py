"""Functions that the commands that run cells share: options of a cell, data of jobs, texts about records."""

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

#: Most characters of a reason that a line shows.
REASON_LENGTH = 160


@dataclass(frozen=True)
class CellOptions:
    """The options of a command that define its cells."""

    method: str
    task: str
    budget: str
    search: str | None = None
    assignments: tuple[tuple[str, str], ...] = ()
    preset: str = DEFAULT
    train_fraction: float = 1.0

    def cell(self, registry: Registry, results: Path, seed: int) -> Cell:
        """The cell with ``seed``; the fingerprint of its data is empty.

        Raises:
            BenchError: when an option is wrong.
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
    """Prepare the data of ``jobs`` and return the jobs with the fingerprints.

    Raises:
        BenchError: when data cannot be prepared.
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
    """The reason of a record on one line, at most ``length`` characters; empty when it has none."""
    return " ".join((record.reason or "").split())[:length]


def fit_time(record: Record) -> str:
    """The seconds of the fit as text."""
    return f"{record.cost.fit_s:.1f} s" if record.cost else "no fit"


def number_text(value: float | None) -> str:
    """``value`` with four significant digits; a dash where there is none."""
    return "-" if value is None else f"{value:.4g}"
