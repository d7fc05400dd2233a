"""Makes the executor that the options of a command ask for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch

from bench.datasets.cache import data_dir
from bench.errors import BenchError, nearest
from bench.records.store import Store
from bench.running.executors.local import LocalExecutor
from bench.running.jobs import CellNeed, Executor, Job, need_of
from bench.running.registry import Registry
from bench.running.session import Session

#: Names that ``--executor`` accepts.
EXECUTORS = ("local", "ray")


@dataclass(frozen=True)
class Resources:
    """The options of a command that say where its cells run, how many at once, and with which limits."""

    executor: str = "local"
    address: str | None = None  # of a Ray cluster
    workers: int | None = None  # cells at once; None: as many as the machine can run
    device: str = "auto"
    memory_mb: float | None = None  # of one cell, MiB; None: its share of the machine

    def one_by_one(self) -> Resources:
        """The same options, with one worker if the executor is local and no number was given."""
        return replace(self, workers=1) if self.executor == "local" and self.workers is None else self

    @property
    def words(self) -> list[str]:
        """The words of the command line that give these options, without default values."""
        current = {field.name: getattr(self, field.name) for field in fields(self)}
        default = {field.name: field.default for field in fields(self)}
        options = {f"--{name.replace('_', '-')}": str(v) for name, v in current.items() if v != default[name]}
        return [word for option in options.items() for word in option]


def choose_executor(asked: Resources, jobs: Sequence[Job], store: Store, registry: Registry) -> Executor:
    """The executor for the options ``asked``, sized for ``jobs``, which writes records to ``store``.

    Raises:
        BenchError: when an option is wrong, or the cluster does not answer.
    """
    name, address, workers = asked.executor, asked.address, asked.workers
    if name not in EXECUTORS:
        raise BenchError(f"unknown executor {name!r}.{nearest(name, EXECUTORS)} Allowed: {', '.join(EXECUTORS)}.")
    if address is not None and name != "ray":
        raise BenchError(f"--address is {address!r}; only --executor ray has one.")
    if workers is not None and workers < 1:
        raise BenchError(f"--workers is {workers}; it must be at least 1.")
    if name == "ray":
        from bench.running.executors.cluster import Cluster
        from bench.running.executors.ray import RayExecutor

        cluster = Cluster(address)
        device = choose_device(asked.device, cluster.total("GPU"))
        session = Session(store, registry, device, data_dir(), asked.memory_mb)
        # Ray queues cells that do not fit yet, so the slots are counted for the smallest cells.
        return RayExecutor(session, cluster, workers, CellNeed(*map(min, zip(*_needs(jobs, session), strict=True))))
    session = Session(store, registry, choose_device(asked.device), data_dir(), asked.memory_mb)
    # Cores are divided evenly; GPUs are assigned cell by cell.
    threads, gpus = zip(*_needs(jobs, session), strict=True)
    slots = max(1, CellNeed(max(threads), min(gpus)).fits(os.cpu_count() or 1, torch.cuda.device_count()))
    return LocalExecutor(session, workers or slots)


def choose_device(name: str, gpus: float | None = None) -> str:
    """``"cpu"`` or ``"cuda"``. ``auto`` means a GPU if this machine, or a cluster with ``gpus`` GPUs, has one.

    Raises:
        BenchError: when the device is unknown or does not exist.
    """
    if name not in {"auto", "cpu", "cuda"}:
        raise BenchError(f"unknown device {name!r}. Allowed: auto, cpu, cuda.")
    present = torch.cuda.is_available() if gpus is None else gpus > 0
    if name == "cuda" and not present:
        who = "torch sees no GPU" if gpus is None else "no node of the cluster offers a GPU"
        raise BenchError(f"device 'cuda' is not there ({who}); use --device cpu.")
    return "cuda" if present and name != "cpu" else "cpu"


def _needs(jobs: Sequence[Job], session: Session) -> set[CellNeed]:
    return {need_of(job, session.registry.tasks, session.device) for job in jobs}
