"""Jobs, who watches them, what they need of a machine, and the form that all executors share."""

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
    """``cell`` with each of the ``seeds``, behind the discovery that it builds on, if it builds on one."""
    jobs = []
    for seed in seeds:
        seeded = replace(cell, seed=seed)
        discovery = discovery_of(seeded, method)
        jobs += [Job(discovery, None, tested)] if discovery is not None else []
        jobs.append(Job(seeded, discovery, tested))
    return jobs


class Watch(NamedTuple):
    """Who hears of a cell while it runs."""

    progress: OnProgress = lambda done, total: None
    # Hears the validation losses (epoch, loss) as they come, each once; True ends the cell without a record.
    prune: Callable[[Sequence[tuple[int, float]]], bool] | None = None


UNWATCHED = Watch()


class CellNeed(NamedTuple):
    """What a cell takes of the machine that it runs on: threads, and the share of one GPU (0: it runs on none)."""

    threads: int
    gpus: float

    def fits(self, cpus: float, gpus: float) -> int:
        """How many such cells a machine of ``cpus`` cores and ``gpus`` GPUs runs at once."""
        at_once = int(cpus) // self.threads
        if not self.gpus:
            return at_once
        # A share of 0.4 fits twice on each GPU; what is left of two GPUs does not hold a fifth cell.
        return min(at_once, int(gpus) * int(1.0 / self.gpus + 1e-9))


def need_of(job: Job, tasks: dict[str, Task], device: str) -> CellNeed:
    """What ``job`` needs on ``device``, by the budget of its task."""
    budget = tasks[job.cell.task].card.budgets[job.cell.budget]
    return CellNeed(budget.threads, min(1.0, budget.gpus) if device == "cuda" else 0.0)


class Executor(ABC):
    """Runs jobs of one session, ``slots`` of them at once; a context that ends them all when it is left."""

    def __init__(self, session: Session, threads: int) -> None:
        """``threads`` bounds the jobs that are under way; one thread waits for each."""
        self.session = session
        self.stopped = threading.Event()
        self._pool = ThreadPoolExecutor(threads)

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many jobs there is room for at once."""

    @abstractmethod
    def run(self, job: Job, watch: Watch) -> Record:
        """Run ``job`` to its end, or until :attr:`stopped` is set: KeyboardInterrupt then, once nothing of it runs."""

    def submit(self, job: Job, watch: Watch = UNWATCHED) -> Future[Record]:
        """Run ``job``; the future holds its record, or raises `Busy` when another process is at it.

        Raises:
            KeyboardInterrupt: when the executor was stopped.
        """
        try:
            return self._pool.submit(self.run, job, watch)
        except RuntimeError:  # its threads are gone
            if self.stopped.is_set():
                raise KeyboardInterrupt from None
            raise

    def stop(self) -> None:
        """End the running jobs; returns when they are gone."""
        self.stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
