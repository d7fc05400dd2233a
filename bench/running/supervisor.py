"""Runs a cell in a separate worker process with limits of time and memory. Every run leaves one record."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psutil

from bench.errors import Pruned
from bench.records.cell import options_of
from bench.records.lock import claimed
from bench.records.paths import log_path
from bench.records.record import Record, Status, replaced
from bench.records.text import printable
from bench.running.jobs import UNWATCHED, Job, Watch
from bench.running.process import GRACE_S, WorkerProcess
from bench.running.session import Session

#: Seconds between checks of a worker's memory and of a request to stop.
POLL_S = 0.25


class Limits(NamedTuple):
    """Limits of a worker, in addition to its task's wall limit."""

    threads: int | None = None  # upper bound on the threads of the task's budget
    memory_mb: float | None = None  # resident, of the worker and its children; None: no limit
    gpu: int | None = None  # the only visible GPU; None: all are visible
    stop: threading.Event | None = None  # set by another thread to end the cell as Ctrl-C does


NO_LIMITS = Limits()


class WorkerFailure(NamedTuple):
    """Status and reason of a worker that ended without a record."""

    status: Status
    reason: str


def run_in_worker(job: Job, session: Session, limits: Limits = NO_LIMITS, watch: Watch = UNWATCHED) -> Record:
    """Run ``job`` in a worker process and return its record. The store must hold the discovery of the job.

    If the worker dies, exceeds the wall limit, or is interrupted, a record with that status is written unless a
    finished one exists. After that, KeyboardInterrupt is raised again.

    Raises:
        Busy: when another process is running the cell.
        Pruned: when ``watch.prune`` has stopped it.
        BenchError: when the store cannot be written, for instance because the disk is full.
    """
    with claimed(session.store, job.cell) as held:
        return _run_locked(job, session, limits, watch, held)


def _run_locked(job: Job, session: Session, limits: Limits, watch: Watch, held: int) -> Record:
    cell, store = job.cell, session.store
    path = store.path(cell)
    log = path.with_name(f".{path.stem}-{os.getpid()}.log.tmp")
    task = session.task(cell)
    budget = task.card.budgets[cell.budget]
    limit_s = budget.wall_limit_s + task.extra_seconds(options_of(cell, task))
    message = {
        "cell": asdict(cell),
        "root": str(store.root),
        "device": session.device,
        "data_dir": str(session.data_dir),
        "discovery": store.place(job.discovery) if job.discovery else None,
        "threads": min(budget.threads, limits.threads or budget.threads),
        "tested": job.tested,
    }
    try:
        outcome = _run_process(message, limit_s, log, limits, watch, held)
    except OSError:
        log.unlink(missing_ok=True)
        raise
    except Pruned:
        # The worker may have finished before it was pruned; remove its files either way.
        for left in (log, path, path.with_suffix(".npz"), store.checkpoint(cell)):
            left.unlink(missing_ok=True)
        raise
    words = log.read_text(encoding="utf-8", errors="replace").strip()
    if words:  # kept next to the record; the temporary name differs between processes
        log.replace(log_path(path))
    else:
        log.unlink()
        log_path(path).unlink(missing_ok=True)  # the log of an earlier run does not belong to this record
    if not isinstance(outcome, WorkerFailure):
        return outcome
    reason = printable(": ".join(filter(None, (outcome.reason, words.rpartition("\n")[2]))))
    record = store.write_outcome(cell, replaced(session.blank(cell), {"status": outcome.status, "reason": reason}))
    if outcome.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return record


def _run_process(
    message: Mapping[str, Any], wall_limit_s: float, log: Path, limits: Limits, watch: Watch, held: int
) -> Record | WorkerFailure:
    log.touch()
    worker = WorkerProcess({**message, "environment": _environment(limits)}, log, held)
    try:
        outcome = _follow(worker, wall_limit_s, limits, watch)
        worker.wait(GRACE_S)  # a thread that a method left behind must not hold the slot
        return outcome
    except KeyboardInterrupt:
        return WorkerFailure(Status.INTERRUPTED, "stopped by the user")
    finally:
        worker.end()


def _environment(limits: Limits) -> dict[str, str]:
    if limits.gpu is None:
        return {}
    # ``gpu`` is an index into the devices of this process, which a scheduler may have restricted.
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return {"CUDA_VISIBLE_DEVICES": visible.split(",")[limits.gpu] if visible else str(limits.gpu)}


def _follow(worker: WorkerProcess, limit_s: float, limits: Limits, watch: Watch) -> Record | WorkerFailure:
    """Read the worker's messages until it sends its record or ends; return the record or the failure."""
    deadline = time.monotonic() + limit_s
    looked = time.monotonic()
    while True:
        # Check the limits also while messages keep coming.
        if time.monotonic() >= min(looked + POLL_S, deadline):
            failure = _exceeded(worker, deadline, limit_s, limits)
            if failure is not None:
                return failure
            looked = time.monotonic()
        try:
            message = worker.receive(min(POLL_S, deadline - time.monotonic()))
        except EOFError:
            break
        if message is None:
            continue
        if "unwritable" in message:
            raise OSError(0, message["unwritable"])
        if "record" in message:
            return msgspec.convert(message["record"], Record)
        watch.progress(*message["progress"])
        if watch.prune is not None and message["losses"] and watch.prune(message["losses"]):
            raise Pruned
    code = worker.wait()
    if code == -signal.SIGKILL:
        return WorkerFailure(Status.FAILED, "killed (SIGKILL), which the system does when memory runs out")
    return WorkerFailure(Status.FAILED, f"the worker ended with exit status {code}")


def _exceeded(worker: WorkerProcess, deadline: float, limit_s: float, limits: Limits) -> WorkerFailure | None:
    if limits.stop is not None and limits.stop.is_set():
        return WorkerFailure(Status.INTERRUPTED, "stopped by the user")
    if time.monotonic() >= deadline:
        return WorkerFailure(Status.TIMEOUT, f"exceeded the wall limit of {limit_s:g} s")
    if limits.memory_mb is not None and (used := _memory_mb(worker.pid)) > limits.memory_mb:
        return WorkerFailure(
            Status.OUT_OF_MEMORY, f"took {used:.0f} MiB, more than its limit of {limits.memory_mb:.0f} MiB"
        )
    return None


def _memory_mb(pid: int) -> float:
    """Resident memory of a process and its descendants, MiB; 0 once it has ended."""
    total = 0
    with contextlib.suppress(psutil.Error):
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
    return total / 2**20
