"""Jobs, the callbacks and resources of a job, and the base class of executors."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from bench.api import Method, OnProgress, Task
from bench.records.cell import Cell, discovery_of
from bench.records.record import Record
from bench.running.session import Session

#: Share of a machine's memory that all cells on it together may take.
MEMORY_SHARE = 0.9


@dataclass(frozen=True)
class Job:
    """A cell to run, and the discovery that must be finished before it."""

    cell: Cell
    discovery: Cell | None = None
    tested: bool = True  # False: scored on the validation split alone; no test score is computed


def jobs_of(cell: Cell, method: Method, seeds: Iterable[int], tested: bool = True) -> list[Job]:
    """A job for ``cell`` with each of the ``seeds``, preceded by a job for the discovery if it needs one."""
    jobs = []
    for seed in seeds:
        seeded = replace(cell, seed=seed)
        discovery = discovery_of(seeded, method)
        jobs += [Job(discovery, None, tested)] if discovery is not None else []
        jobs.append(Job(seeded, discovery, tested))
    return jobs


class Watch(NamedTuple):
    """Callbacks that a running cell calls."""

    progress: OnProgress = lambda done, total: None
    # Called with each new (passes, validation loss); returns True to stop the cell without writing a record.
    prune: Callable[[Sequence[tuple[int, float]]], bool] | None = None


UNWATCHED = Watch()


class CellNeed(NamedTuple):
    """Resources of a cell: its threads, and its share of one GPU (0 for a cell that does not use a GPU)."""

    threads: int
    gpus: float

    def fits(self, cpus: float, gpus: float) -> int:
        """How many such cells a machine with ``cpus`` cores and ``gpus`` GPUs can run at once."""
        at_once = int(cpus) // self.threads
        if not self.gpus:
            return at_once
        # A cell runs on one GPU: a share of 0.4 fits twice on each, and the rests of two GPUs do not add up.
        return min(at_once, int(gpus) * int(1.0 / self.gpus + 1e-9))


def need_of(job: Job, tasks: dict[str, Task], device: str) -> CellNeed:
    """Resources that ``job`` needs on ``device``, from the budget of its task."""
    budget = tasks[job.cell.task].card.budgets[job.cell.budget]
    return CellNeed(budget.threads, min(1.0, budget.gpus) if device == "cuda" else 0.0)


class Executor(ABC):
    """Runs jobs of one session, ``slots`` of them at once. Leaving its context ends all running jobs."""

    def __init__(self, session: Session, threads: int) -> None:
        """``threads`` is the most jobs that can be in progress, since one thread waits for each."""
        self.session = session
        self.stopped = threading.Event()
        self._pool = ThreadPoolExecutor(threads)

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many jobs can run at once."""

    @abstractmethod
    def run(self, job: Job, watch: Watch) -> Record:
        """Run ``job`` and return its record.

        Raises:
            KeyboardInterrupt: when :attr:`stopped` was set, after the processes of the job have ended.
        """

    def submit(self, job: Job, watch: Watch = UNWATCHED) -> Future[Record]:
        """Start ``job``. The future gives its record, or raises `Busy` when another process is running the cell.

        Raises:
            KeyboardInterrupt: when the executor was stopped.
        """
        try:
            return self._pool.submit(self.run, job, watch)
        except RuntimeError:  # the pool has been shut down
            if self.stopped.is_set():
                raise KeyboardInterrupt from None
            raise

    def stop(self) -> None:
        """End the running jobs and wait until they have ended."""
        self.stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
