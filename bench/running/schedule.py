"""Runs the jobs of a suite on an executor: discoveries before their consumers, whatever is free next."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from bench.errors import BenchError, Interrupted
from bench.records.lock import Busy
from bench.records.provenance import without_discovery
from bench.records.record import Record, Status, read_record
from bench.records.store import Store
from bench.running.registry import Registry
from bench.running.suite import Job

#: Seconds until a cell that another process runs is looked at again.
BUSY_S = 1.0


class Executor(Protocol):
    """Something that runs ``slots`` jobs at once, on ``device`` ("cpu" or "cuda")."""

    device: str

    @property
    def slots(self) -> int: ...

    def submit(self, job: Job) -> Future[Record]: ...

    def stop(self) -> None: ...


def run_jobs(
    jobs: Sequence[Job],
    executor: Executor,
    store: Store,
    registry: Registry,
    device: str,
    on_done: Callable[[Job, Record, bool], None],
    planned: float,
) -> None:
    """Run every job once; ``on_done(job, record, ran)`` hears of each, ``ran`` False when another process did it.

    ``planned`` is when the jobs were chosen (`time.time`): a record since then is another process's work on the same
    cell. A failing cell stops nothing; a store that cannot be written stops all.

    Raises:
        BenchError: when the store cannot be written; nothing that is stored is lost.
        Interrupted: on Ctrl-C, once the workers have ended.
    """
    waiting, running = deque(jobs), dict[Future[Record], Job]()
    left = {_place(store, job) for job in jobs}
    not_before: dict[str, float] = {}
    # A rerun that failed leaves an earlier record in the store, which nobody may build on.
    ended: dict[str, Record] = {}

    def finish(job: Job, record: Record, ran: bool) -> None:
        left.discard(_place(store, job))
        ended[_place(store, job)] = record
        on_done(job, record, ran)

    def start_what_is_ready() -> None:
        for _ in range(len(waiting)):
            if len(running) >= executor.slots:
                return
            job = waiting.popleft()
            place = _place(store, job)
            first = store.place(job.discovery) if job.discovery else None
            if first in left or not_before.get(place, 0.0) > time.time():
                waiting.append(job)
            elif (theirs := _made_meanwhile(job, store, planned)) is not None:
                finish(job, theirs, False)
            elif (found := _nothing_to_build_on(job, store, ended)) is not None:
                finish(job, _without_discovery(job, found, store, registry, device), True)
            else:
                running[executor.submit(job)] = job

    try:
        while waiting or running:
            start_what_is_ready()
            done, _ = wait(running, timeout=BUSY_S, return_when=FIRST_COMPLETED)
            if not running:
                time.sleep(BUSY_S)
            for future in done:
                job = running.pop(future)
                try:
                    finish(job, future.result(), True)
                except Busy:
                    not_before[_place(store, job)] = time.time() + BUSY_S
                    waiting.append(job)
    except KeyboardInterrupt:
        executor.stop()
        raise Interrupted("interrupted; finished cells are stored, the same command continues.") from None
    finally:
        executor.stop()


def _place(store: Store, job: Job) -> str:
    return store.place(job.cell)


def _made_meanwhile(job: Job, store: Store, planned: float) -> Record | None:
    """The record of another process that has ended the cell, well or badly, since the jobs were chosen."""
    path = store.path(job.cell)
    try:
        if path.stat().st_mtime < planned:
            return None
        record = read_record(path)
    except (OSError, BenchError):  # none, or no valid one
        return None
    return record if record.status.is_final or record.status.is_failure else None


def _nothing_to_build_on(job: Job, store: Store, ended: Mapping[str, Record]) -> Record | None:
    """The record of a discovery that has no result; None where there is one, or none is needed."""
    if job.discovery is None:
        return None
    place = store.place(job.discovery)
    record = ended.get(place) or store.read(place)
    return None if record.status is Status.OK else record


def _without_discovery(job: Job, found: Record, store: Store, registry: Registry, device: str) -> Record:
    assert job.discovery is not None
    task, method = registry.task(job.cell.task), registry.method(job.cell.method)
    return store.write_outcome(job.cell, without_discovery(job.cell, task, method, device, found))
