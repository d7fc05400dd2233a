"""Cells in worker processes on this machine, several at a time."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import psutil
import torch

from bench.registry import Registry
from bench.runner import Limits, run_in_worker
from bench.store import Record, Store
from bench.suite import Job

#: Share of the machine's memory that all workers together may take.
MEMORY_SHARE = 0.9


class LocalExecutor:
    """Runs at most ``workers`` cells at once; each has its share of the cores and of the memory.

    Cells on GPUs are spread over those that are there, and share them.
    """

    def __init__(
        self,
        workers: int,
        store: Store,
        registry: Registry,
        device: str,
        data_dir: Path,
        memory_mb: float | None = None,
    ) -> None:
        self.slots = workers
        self.store, self.registry, self.device, self.data_dir = store, registry, device, data_dir
        self.memory_mb = memory_mb or MEMORY_SHARE * psutil.virtual_memory().total / 2**20 / workers
        self.threads = max(1, (os.cpu_count() or 1) // workers)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(workers)
        self._gpus: SimpleQueue[int] = SimpleQueue()
        for slot in range(workers):
            self._gpus.put(slot % max(1, torch.cuda.device_count()))

    def submit(self, job: Job) -> Future[Record]:
        """Run ``job``; the future holds its record, or raises `Busy` when another process is at it."""
        return self._pool.submit(self._run, job)

    def stop(self) -> None:
        """End the running workers; returns when they are gone."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _run(self, job: Job) -> Record:
        cell = job.cell
        gpu = self._gpus.get()
        try:
            return run_in_worker(
                cell,
                self.registry.task(cell.task),
                self.registry.method(cell.method),
                self.store,
                self.device,
                self.data_dir,
                lambda done, total: None,
                self.store.path(job.discovery) if job.discovery else None,
                Limits(self.threads, self.memory_mb, gpu if self.device == "cuda" else None, self._stop),
            )
        finally:
            self._gpus.put(gpu)
