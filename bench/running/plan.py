"""Which cells of a suite are to be run, and which are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import BenchError, nearest
from bench.records.store import FINISHED, Store, read_record
from bench.running.standing import Standing
from bench.running.suite import Job

#: Statuses of cells that ended by themselves without a result: to run them again is a choice.
FAILED = ("failed", "timeout", "out_of_memory")
#: What ``--retry`` takes.
RETRIES = ("failed", "stale")


@dataclass(frozen=True)
class Plan:
    """Jobs by what becomes of them, each in the suite's order."""

    to_run: tuple[Job, ...]
    done: tuple[Job, ...]
    stale: tuple[Job, ...]  # finished by earlier code: kept, unless asked to run again
    failed: tuple[Job, ...]  # ended without a result: kept, unless asked to run again


def make_plan(jobs: Sequence[Job], store: Store, standing: Standing, retry: Sequence[str] = ()) -> Plan:
    """Sort ``jobs`` by their records.

    Raises:
        BenchError: when ``retry`` holds another word than :data:`RETRIES`.
    """
    for word in retry:
        if word not in RETRIES:
            raise BenchError(f"--retry is {word!r}.{nearest(word, RETRIES)} Allowed: {', '.join(RETRIES)}.")
    shelves: dict[str, list[Job]] = {"run": [], "done": [], "stale": [], "failed": []}
    for job in jobs:
        kind = _kind(job, store, standing)
        shelves["run" if kind in retry else kind].append(job)
    # A consumer must not build on generators that other code found.
    needed = {store.path(job.discovery) for job in shelves["run"] if job.discovery is not None}
    again = [job for job in shelves["stale"] if store.path(job.cell) in needed]
    shelves["run"] = [*again, *shelves["run"]]
    shelves["stale"] = [job for job in shelves["stale"] if job not in again]
    return Plan(*(tuple(shelves[name]) for name in ("run", "done", "stale", "failed")))


def _kind(job: Job, store: Store, standing: Standing) -> str:
    try:
        record = read_record(store.path(job.cell))
    except BenchError:  # none, or no valid one
        return "run"
    if record["status"] in FINISHED:
        return "stale" if standing(record) == "stale" else "done"
    return "failed" if record["status"] in FAILED else "run"
