"""What executors share: a thread that waits for each running cell, and a way to stop them all."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor

from bench.records.record import Record
from bench.running.suite import Job

#: Share of a machine's memory that all cells on it together may take.
MEMORY_SHARE = 0.9


class Pool(ABC):
    """Runs :meth:`run` for at most ``threads`` jobs at once."""

    def __init__(self, threads: int) -> None:
        self.stopped = threading.Event()
        self._pool = ThreadPoolExecutor(threads)

    @abstractmethod
    def run(self, job: Job) -> Record:
        """Run ``job`` to its end, or until :attr:`stopped` is set: KeyboardInterrupt then, once nothing of it runs."""

    def submit(self, job: Job) -> Future[Record]:
        """Run ``job``; the future holds its record, or raises `Busy` when another process is at it."""
        return self._pool.submit(self.run, job)

    def stop(self) -> None:
        """End the running cells; returns when they are gone."""
        self.stopped.set()
        self._pool.shutdown(cancel_futures=True)
