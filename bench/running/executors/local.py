"""Runs cells in worker processes on this machine, several at a time."""

from __future__ import annotations

import contextlib
import os

import psutil
import torch

from bench.records.record import Record
from bench.running.executors.gpus import GpuShares
from bench.running.jobs import MEMORY_SHARE, Executor, Job, Watch, need_of
from bench.running.process import start_server
from bench.running.session import Session
from bench.running.supervisor import Limits, run_in_worker


class LocalExecutor(Executor):
    """Runs at most ``workers`` cells at once; each has its share of the cores and of the memory.

    Cells are spread over all GPUs. Several cells share a GPU if the shares in their budgets allow it.
    """

    def __init__(self, session: Session, workers: int) -> None:
        super().__init__(session, workers)
        start_server()  # it imports while this process prepares data
        self.workers = workers
        self.memory_mb = session.memory_mb or MEMORY_SHARE * psutil.virtual_memory().total / 2**20 / workers
        self.threads = max(1, (os.cpu_count() or 1) // workers)
        self._gpus = GpuShares(torch.cuda.device_count()) if session.device == "cuda" else None

    @property
    def slots(self) -> int:
        return self.workers

    def run(self, job: Job, watch: Watch) -> Record:
        share = need_of(job, self.session.registry.tasks, self.session.device).gpus
        with self._gpus.take(share, self.stopped) if self._gpus else contextlib.nullcontext() as gpu:
            return run_in_worker(job, self.session, Limits(self.threads, self.memory_mb, gpu, self.stopped), watch)
