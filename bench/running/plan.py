"""Which cells of a suite are to be run, and which are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import BenchError, nearest
from bench.records.store import Store
from bench.running.registry import Registry
from bench.running.standing import is_stale
from bench.running.suite import Job

#: What ``--retry`` takes.
RETRIES = ("failed", "stale")


@dataclass(frozen=True)
class Plan:
    """Jobs by what becomes of them, each in the suite's order."""

    to_run: tuple[Job, ...]
    done: tuple[Job, ...]
    stale: tuple[Job, ...]  # finished by earlier code: kept, unless asked to run again
    failed: tuple[Job, ...]  # ended without a result: kept, unless asked to run again


def make_plan(jobs: Sequence[Job], store: Store, registry: Registry, retry: Sequence[str] = ()) -> Plan:
    """Sort ``jobs`` by their records.

    Raises:
        BenchError: when ``retry`` holds another word than :data:`RETRIES`.
    """
    for word in retry:
        if word not in RETRIES:
            raise BenchError(f"--retry is {word!r}.{nearest(word, RETRIES)} Allowed: {', '.join(RETRIES)}.")
    shelves: dict[str, list[Job]] = {"run": [], "done": [], "stale": [], "failed": []}
    for job in jobs:
        kind = _kind(job, store, registry)
        shelves["run" if kind in retry else kind].append(job)
    # A consumer must not build on generators that other code found.
    needed = {store.path(job.discovery) for job in shelves["run"] if job.discovery is not None}
    again = [job for job in shelves["stale"] if store.path(job.cell) in needed]
    shelves["run"] = [*again, *shelves["run"]]
    shelves["stale"] = [job for job in shelves["stale"] if job not in again]
    return Plan(*(tuple(shelves[name]) for name in ("run", "done", "stale", "failed")))


def _kind(job: Job, store: Store, registry: Registry) -> str:
    record = store.record(job.cell)
    if record is None:
        return "run"
    if record.status.is_final:
        return "stale" if is_stale(record, registry) else "done"
    return "failed" if record.status.is_failure else "run"
