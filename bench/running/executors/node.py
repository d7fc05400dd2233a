"""Code that runs on a node of a cluster: one cell in a worker process, with a temporary store."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from bench.api import Array, Method, Task
from bench.datasets.cache import data_dir
from bench.errors import BenchError
from bench.records.cell import Cell, versions_of
from bench.records.record import Record, Status
from bench.records.store import Store
from bench.running.jobs import MEMORY_SHARE, Job
from bench.running.loading import prepared
from bench.running.registry import load_registry
from bench.running.session import Session
from bench.running.supervisor import Limits, WorkerFailure, run_in_worker


@dataclass(frozen=True)
class ShippedCell:
    """Everything that a cell leaves in a store, to be sent to another store."""

    record: Record
    arrays: dict[str, Array]
    log: str = ""

    @classmethod
    def of(cls, store: Store, cell: Cell) -> ShippedCell:
        """The record, arrays and log of ``cell`` in ``store``."""
        place, log = store.place(cell), store.path(cell).with_suffix(".log")
        words = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return cls(store.read(place), store.arrays(place), words)


@dataclass(frozen=True)
class CellOrder:
    """A cell to run on a node, with everything that the node needs to know."""

    job: Job
    versions: tuple[int, ...]  # of the method; the version of the task is in the cell
    device: str
    data_dir: str
    threads: int
    memory_mb: float | None  # None: its share of the memory of the node
    discovery: ShippedCell | None  # the discovery that the job uses


def run_order(order: CellOrder, share: float) -> ShippedCell | WorkerFailure:
    """Run the cell of ``order`` with at most ``share`` of this node's memory. A BenchError becomes a failure."""
    try:
        return _run_cell(order, share)
    except BenchError as error:
        return WorkerFailure(Status.FAILED, f"node {platform.node()}: {error}")


def _run_cell(order: CellOrder, share: float) -> ShippedCell:
    job, registry = order.job, load_registry()
    cell = job.cell
    task = registry.task(cell.task)
    _check_code(order, task, registry.method(cell.method))
    data = _data_dir(order.data_dir)
    if _fingerprint(task, data) != cell.data:
        raise BenchError(f"its data of {cell.task} in {str(data)!r} are others than those of the sender.")
    with tempfile.TemporaryDirectory(prefix="symmetry-bench-node-") as root:
        session = Session(Store(Path(root)), registry, order.device, data)
        if job.discovery is not None and order.discovery is not None:
            session.store.write(job.discovery, order.discovery.record, order.discovery.arrays)
        memory_mb = order.memory_mb or MEMORY_SHARE * share * psutil.virtual_memory().total / 2**20
        run_in_worker(job, session, Limits(order.threads, memory_mb))
        return ShippedCell.of(session.store, cell)


def _check_code(order: CellOrder, task: Task, method: Method) -> None:
    if (task.card.version, versions_of(method)) != (order.job.cell.task_version, order.versions):
        raise BenchError(
            f"its version of {order.job.cell.task} or {order.job.cell.method} is another than that of the sender; "
            "install the same version of symmetry-bench there."
        )


def _data_dir(sender: str) -> Path:
    """This node's configured data folder, else the sender's folder if it exists here, else the default."""
    own_choice = os.environ.get("SYMMETRY_BENCH_DATA")
    return Path(sender) if not own_choice and Path(sender).is_dir() else data_dir()


@cache
def _fingerprint(task: Task, folder: Path) -> str:
    """Fingerprint of the task's data. Prepares the data if needed, one process per node at a time."""
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"symmetry-bench-{os.getuid()}-{name}.lock"
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return prepared(task, folder)
