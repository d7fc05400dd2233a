"""Runs the jobs of a plan on an executor. A consumer waits for its discovery; other jobs do not wait."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait

from bench.errors import BenchError, Interrupted
from bench.records.lock import Busy
from bench.records.provenance import without_discovery
from bench.records.record import Record, Status, read_record
from bench.running.jobs import UNWATCHED, Executor, Job, Watch
from bench.running.plan import Plan
from bench.running.session import Session

#: Seconds between checks of a cell that another process is running.
BUSY_S = 1.0


def run_plan(
    plan: Plan,
    executor: Executor,
    on_end: Callable[[Job, Record, bool], None],
    on_start: Callable[[Job], Watch] = lambda job: UNWATCHED,
) -> None:
    """Run every job in ``plan.to_run`` once.

    ``on_end(job, record, ran)`` is called for each; ``ran`` is False when another process ran it. ``on_start(job)``
    returns its callbacks. A failing cell does not stop the others; a store that cannot be written stops all.

    Raises:
        BenchError: when the store cannot be written; stored records are kept.
        Interrupted: on Ctrl-C, and when the executor was stopped.
        Pruned: when a callback has stopped its cell.
    """
    session = executor.session
    waiting, running = deque(plan.to_run), dict[Future[Record], Job]()
    left = {session.store.place(job.cell) for job in plan.to_run}
    not_before: dict[str, float] = {}
    # A failed rerun leaves an earlier record in the store, which consumers must not use.
    ended: dict[str, Record] = {}

    def place(job: Job) -> str:
        return session.store.place(job.cell)

    def finish(job: Job, record: Record, ran: bool) -> None:
        left.discard(place(job))
        ended[place(job)] = record
        on_end(job, record, ran)

    def start_what_is_ready() -> None:
        for _ in range(len(waiting)):
            if len(running) >= executor.slots:
                return
            job = waiting.popleft()
            first = session.store.place(job.discovery) if job.discovery else None
            if first in left or not_before.get(place(job), 0.0) > time.time():
                waiting.append(job)
            elif (theirs := _made_meanwhile(job, session, plan.made)) is not None:
                finish(job, theirs, False)
            elif (discovery := _failed_discovery(job, session, ended)) is not None:
                finish(job, _without_discovery(job, discovery, session), True)
            else:
                running[executor.submit(job, on_start(job))] = job

    try:
        while waiting or running:
            start_what_is_ready()
            done, _ = wait(running, timeout=BUSY_S, return_when=FIRST_COMPLETED)
            if waiting and not running:
                time.sleep(BUSY_S)
            for future in done:
                job = running.pop(future)
                try:
                    finish(job, future.result(), True)
                except Busy:
                    not_before[place(job)] = time.time() + BUSY_S
                    waiting.append(job)
    except (KeyboardInterrupt, CancelledError):
        raise Interrupted("interrupted; finished cells are stored, the same command continues.") from None


def _made_meanwhile(job: Job, session: Session, planned: float) -> Record | None:
    """The record of the cell if another process has run it since the plan was made; else None."""
    path = session.store.path(job.cell)
    try:
        if path.stat().st_mtime < planned:
            return None
        record = read_record(path)
    except (OSError, BenchError):  # the file is missing or is not a valid record
        return None
    return record if record.status.is_final or record.status.is_failure else None


def _failed_discovery(job: Job, session: Session, ended: Mapping[str, Record]) -> Record | None:
    """The record of a discovery that has no result; None when it has one, or when no discovery is needed."""
    if job.discovery is None:
        return None
    place = session.store.place(job.discovery)
    record = ended.get(place) or session.store.read(place)
    return None if record.status is Status.OK else record


def _without_discovery(job: Job, discovery: Record, session: Session) -> Record:
    task, method = session.task(job.cell), session.method(job.cell)
    record = without_discovery(job.cell, task, method, session.device, discovery)
    return session.store.write_outcome(job.cell, record)
