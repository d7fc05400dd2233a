"""The executor that the options of a command ask for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.errors import BenchError, nearest
from bench.records.store import Store
from bench.running.executors.local import LocalExecutor
from bench.running.executors.need import Need, need_of
from bench.running.registry import Registry
from bench.running.schedule import Executor
from bench.running.suite import Job

#: What ``--executor`` takes.
EXECUTORS = ("local", "ray")


def choose_executor(
    name: str,
    address: str | None,
    workers: int | None,
    device_name: str,
    memory_mb: float | None,
    jobs: Sequence[Job],
    store: Store,
    registry: Registry,
    data_dir: Path,
) -> Executor:
    """The executor ``name``, with as many slots as ``workers`` says, or as there is room for ``jobs``.

    Raises:
        BenchError: for a wrong choice, or a cluster that does not answer.
    """
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
        device = choose_device(device_name, cluster.total("GPU"))
        # Ray queues what finds no room, so there may be a slot for each of the smallest cells.
        least = Need(*map(min, zip(*_needs(jobs, registry, device), strict=True)))
        return RayExecutor(cluster, workers, least, store, registry, device, data_dir, memory_mb)
    device = choose_device(device_name)
    # The cores are shared out evenly, GPUs cell by cell.
    threads, gpus = zip(*_needs(jobs, registry, device), strict=True)
    slots = max(1, Need(max(threads), min(gpus)).fits(os.cpu_count() or 1, torch.cuda.device_count()))
    return LocalExecutor(workers or slots, store, registry, device, data_dir, memory_mb)


def choose_device(name: str, gpus: float | None = None) -> str:
    """``auto`` takes a GPU where there is one: here, or among the ``gpus`` of a cluster.

    Raises:
        BenchError: for an unknown device, or CUDA where there is none.
    """
    if name not in {"auto", "cpu", "cuda"}:
        raise BenchError(f"unknown device {name!r}. Allowed: auto, cpu, cuda.")
    present = torch.cuda.is_available() if gpus is None else gpus > 0
    if name == "cuda" and not present:
        who = "torch sees no GPU" if gpus is None else "no node of the cluster offers a GPU"
        raise BenchError(f"device 'cuda' is not there ({who}); use --device cpu.")
    return "cuda" if present and name != "cpu" else "cpu"


def _needs(jobs: Sequence[Job], registry: Registry, device: str) -> set[Need]:
    return {need_of(job, registry.tasks, device) for job in jobs}
