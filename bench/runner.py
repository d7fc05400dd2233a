"""Runs a cell in a worker process of its own, under a wall limit; one record, whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.api import Method, Task
from bench.cell import Cell
from bench.progress import OnProgress
from bench.provenance import blank_record
from bench.store import Record, Store, read_record

#: Seconds between SIGTERM and SIGKILL.
GRACE_S = 5.0

#: Keep freed memory: with glibc's defaults a LieConv step takes thousands of page faults, 10-40 % of its time.
ALLOCATOR = {"MALLOC_TRIM_THRESHOLD_": "536870912", "MALLOC_MMAP_THRESHOLD_": "536870912"}


def run_in_worker(
    cell: Cell, task: Task, method: Method, store: Store, device: str, data_dir: Path, on_progress: OnProgress
) -> Record:
    """Run ``cell`` in a worker process and return its record.

    A worker that dies, hangs past the wall limit, or is interrupted leaves a record with that status, unless a
    good one stood there already. KeyboardInterrupt is raised again once the record is written.
    """
    budget = task.card.budgets[cell.budget]
    path = store.path(cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.with_suffix(".log")
    job = {"cell": asdict(cell), "root": str(store.root), "device": device, "data_dir": str(data_dir)}
    before = path.stat().st_mtime_ns if path.exists() else None
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            env=os.environ | ALLOCATOR | {"OMP_NUM_THREADS": str(budget.threads), "PYTHONSAFEPATH": "1"},
        ) as worker,
    ):
        try:
            _give(worker, job)
            status, reason = _follow(worker, budget.wall_limit_s, on_progress)
        except KeyboardInterrupt:
            _end(worker)
            _write_failure(store, cell, blank_record(cell, task, method, device), "interrupted", "stopped by the user")
            raise
    if path.exists() and path.stat().st_mtime_ns != before:
        if log.stat().st_size == 0:
            log.unlink()
        return read_record(path)
    last_words = log.read_text().strip().splitlines()
    reason = f"{reason}: {last_words[-1]}" if last_words else reason
    return _write_failure(store, cell, blank_record(cell, task, method, device), status, reason)


def _give(worker: subprocess.Popen[str], job: dict[str, Any]) -> None:
    assert worker.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it died at once; _follow says how
        worker.stdin.write(json.dumps(job))
        worker.stdin.close()


def _follow(worker: subprocess.Popen[str], limit_s: float, on_progress: OnProgress) -> tuple[str, str]:
    """Read the worker's messages until it ends; the status and reason that hold if it has left no record."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(worker, lines), daemon=True).start()
    deadline = time.monotonic() + limit_s
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            _end(worker)
            return "timeout", f"exceeded the wall limit of {limit_s:g} s"
        if line is None:
            break
        message = json.loads(line)
        on_progress(*message["progress"])
    code = worker.wait()
    if code == -signal.SIGKILL:
        return "out_of_memory", "killed by the system (SIGKILL), as happens when memory runs out"
    return "failed", f"the worker ended with exit status {code}"


def _pump(worker: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert worker.stdout is not None
    for line in worker.stdout:
        if line.startswith("{"):
            lines.put(line)
    lines.put(None)


def _end(worker: subprocess.Popen[str]) -> None:
    """SIGTERM to the worker's process group, SIGKILL after a grace period."""
    for sign, wait_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, None)):
        if worker.poll() is not None:
            return
        os.killpg(worker.pid, sign)
        try:
            worker.wait(wait_s)
        except subprocess.TimeoutExpired:
            continue


def _write_failure(store: Store, cell: Cell, blank: Record, status: str, reason: str) -> Record:
    """Record a cell that left none; a finished record of an earlier run is kept."""
    record = {**blank, "status": status, "reason": reason}
    if store.finished(cell) is None:
        store.write(cell, record)
    return record
