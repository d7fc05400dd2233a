"""What the cells of one command have in common: where they run, and where their records go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.api import Method, Task
from bench.records.cell import Cell
from bench.records.provenance import blank_record
from bench.records.record import Record
from bench.records.store import Store
from bench.running.registry import Registry


@dataclass(frozen=True)
class Session:
    """The store, methods and tasks, and the machine of one command."""

    store: Store
    registry: Registry
    device: str  # "cpu" or "cuda"
    data_dir: Path
    memory_mb: float | None = None  # most that one cell may take, MiB; None: its share of the machine

    def task(self, cell: Cell) -> Task:
        return self.registry.task(cell.task)

    def method(self, cell: Cell) -> Method:
        return self.registry.method(cell.method)

    def blank(self, cell: Cell) -> Record:
        """The record of ``cell`` before anything is known of it."""
        return blank_record(cell, self.task(cell), self.method(cell), self.device)
