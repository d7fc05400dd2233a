"""Cells in worker processes on this machine, several at a time."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil
import torch

from bench.records.record import Record
from bench.records.store import Store
from bench.running.executors.gpus import GpuShares
from bench.running.executors.need import need_of
from bench.running.executors.pool import MEMORY_SHARE, Pool
from bench.running.registry import Registry
from bench.running.suite import Job
from bench.running.supervisor import Limits, run_in_worker


class LocalExecutor(Pool):
    """Runs at most ``workers`` cells at once; each has its share of the cores and of the memory.

    Cells on GPUs are spread over those that are there; several share one where their budgets' shares allow it.
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
        super().__init__(workers)
        self.slots = workers
        self.store, self.registry, self.device, self.data_dir = store, registry, device, data_dir
        self.memory_mb = memory_mb or MEMORY_SHARE * psutil.virtual_memory().total / 2**20 / workers
        self.threads = max(1, (os.cpu_count() or 1) // workers)
        self._gpus = GpuShares(torch.cuda.device_count()) if device == "cuda" else None

    def run(self, job: Job) -> Record:
        cell = job.cell
        share = need_of(job, self.registry.tasks, self.device).gpus
        with self._gpus.take(share, self.stopped) if self._gpus else contextlib.nullcontext() as gpu:
            return run_in_worker(
                cell,
                self.registry.task(cell.task),
                self.registry.method(cell.method),
                self.store,
                self.device,
                self.data_dir,
                lambda done, total: None,
                self.store.path(job.discovery) if job.discovery else None,
                Limits(self.threads, self.memory_mb, gpu, self.stopped),
            )
