"""What runs on a node of a cluster: one cell in a worker of its own, over a store that ends with it."""

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
from bench.records.cell import Cell
from bench.records.equal_code import Digests
from bench.records.provenance import method_digest, task_digest
from bench.records.store import Record, Store, read_arrays, read_record
from bench.running.executors.pool import MEMORY_SHARE
from bench.running.registry import load_registry
from bench.running.supervisor import Failure, Limits, run_in_worker


@dataclass(frozen=True)
class Parcel:
    """All that a cell leaves, to be shipped from one store to another."""

    record: Record
    arrays: dict[str, Array]
    log: str = ""

    @classmethod
    def of(cls, store: Store, cell: Cell) -> Parcel:
        """What ``store`` holds of ``cell``."""
        path = store.path(cell)
        record, log = read_record(path), path.with_suffix(".log")
        words = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return cls(record, read_arrays(path, record), words)


@dataclass(frozen=True)
class Order:
    """A cell to run, and what it needs to be run as on the machine that sends it."""

    cell: Cell
    code: Digests
    device: str
    data_dir: str
    threads: int
    memory_mb: float | None  # None: its share of the node's
    discovery: tuple[Cell, Parcel] | None


def run_order(order: Order, share: float) -> Parcel | Failure:
    """Run the cell of ``order``, which may take ``share`` of this node; never raises for what the node lacks."""
    try:
        return _run(order, share)
    except BenchError as error:
        return Failure("failed", f"node {platform.node()}: {error}")


def _run(order: Order, share: float) -> Parcel:
    cell, registry = order.cell, load_registry()
    task, method = registry.task(cell.task), registry.method(cell.method)
    _check_code(order, task, method)
    data = _data_dir(order.data_dir)
    if _fingerprint(task, data) != cell.data:
        raise BenchError(f"its data of {cell.task} in {str(data)!r} are others than those of the suite.")
    with tempfile.TemporaryDirectory(prefix="symmetry-bench-node-") as root:
        store, discovery = Store(Path(root)), None
        if order.discovery is not None:
            first, parcel = order.discovery
            discovery = store.write(first, parcel.record, parcel.arrays)
        memory_mb = order.memory_mb or MEMORY_SHARE * share * psutil.virtual_memory().total / 2**20
        limits = Limits(order.threads, memory_mb)
        run_in_worker(cell, task, method, store, order.device, data, lambda done, total: None, discovery, limits)
        return Parcel.of(store, cell)


def _check_code(order: Order, task: Task, method: Method) -> None:
    if Digests(task_digest(task), method_digest(method)) != order.code:
        raise BenchError(
            f"its code of {order.cell.task} or {order.cell.method} is another than that of the suite; "
            "install the same version of symmetry-bench there."
        )


def _data_dir(sender: str) -> Path:
    """The folder that this node names for its data; else that of the sender where it is here too; else the default."""
    own_choice = os.environ.get("SYMMETRY_BENCH_DATA")
    return Path(sender) if not own_choice and Path(sender).is_dir() else data_dir()


@cache
def _fingerprint(task: Task, folder: Path) -> str:
    """That of the data of ``task``, which are made or downloaded first, by one process of this node at a time."""
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"symmetry-bench-{os.getuid()}-{name}.lock"
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        task.prepare(folder, lambda done, total: None)
        return task.fingerprint(folder)
