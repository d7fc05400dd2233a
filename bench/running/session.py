"""What the cells of one command share: the machine on which they run, and the store of their records."""

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
    """The store, the registry and the machine of one command."""

    store: Store
    registry: Registry
    device: str  # "cpu" or "cuda"
    data_dir: Path
    memory_mb: float | None = None  # limit of one cell, MiB; None: its share of the machine

    def task(self, cell: Cell) -> Task:
        """The task of ``cell``."""
        return self.registry.task(cell.task)

    def method(self, cell: Cell) -> Method:
        """The method of ``cell``."""
        return self.registry.method(cell.method)

    def blank(self, cell: Cell) -> Record:
        """The record of ``cell`` before it runs."""
        return blank_record(cell, self.task(cell), self.method(cell), self.device)
