"""Decides which jobs have to run and which are done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import BenchError, nearest
from bench.running.jobs import Job
from bench.running.session import Session
from bench.running.standing import is_stale

#: Words that ``--retry`` accepts.
RETRIES = ("failed", "stale")


@dataclass(frozen=True)
class Plan:
    """Jobs grouped by what happens to them; each group keeps the order in which they were given."""

    made: float  # by `time.time`; a record written later is the work of another process
    to_run: tuple[Job, ...]
    done: tuple[Job, ...]
    stale: tuple[Job, ...]  # finished by earlier code: kept, unless asked to run again
    failed: tuple[Job, ...]  # ended without a result: kept, unless asked to run again


def make_plan(jobs: Sequence[Job], session: Session, retry: Sequence[str] = (), force: bool = False) -> Plan:
    """Group ``jobs`` by their records. ``force`` also reruns finished jobs, except discoveries of other jobs.

    Raises:
        BenchError: when ``retry`` holds a word that is not in :data:`RETRIES`.
    """
    for word in retry:
        if word not in RETRIES:
            raise BenchError(f"--retry is {word!r}.{nearest(word, RETRIES)} Allowed: {', '.join(RETRIES)}.")
    made, place = time.time(), session.store.place
    discoveries = {place(job.discovery) for job in jobs if job.discovery is not None}
    shelves: dict[str, list[Job]] = {"run": [], "done": [], "stale": [], "failed": []}
    for job in jobs:
        group = _group(job, session)
        again = group in retry or (force and place(job.cell) not in discoveries)
        shelves["run" if again else group].append(job)
    # A consumer must not use generators that other code has found.
    needed = {place(job.discovery) for job in shelves["run"] if job.discovery is not None}
    again_too = [job for job in shelves["stale"] if place(job.cell) in needed]
    shelves["run"] = [*again_too, *shelves["run"]]
    shelves["stale"] = [job for job in shelves["stale"] if job not in again_too]
    return Plan(made, *(tuple(shelves[name]) for name in ("run", "done", "stale", "failed")))


def _group(job: Job, session: Session) -> str:
    record = session.store.record(job.cell)
    if record is None:
        return "run"
    if record.status.is_final:
        return "stale" if is_stale(record, session.registry) else "done"
    return "failed" if record.status.is_failure else "run"
