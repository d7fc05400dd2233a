"""Cells on one machine never take more cores or more of a GPU than there are."""

import threading
import time
from concurrent.futures import wait

import pytest
import torch

import bench.running.executors.local as local
from bench.records.cell import make_cell
from bench.records.store import Store
from bench.running.executors.gpus import GpuShares
from bench.running.executors.local import LocalExecutor
from bench.running.jobs import CellNeed, Job
from bench.running.registry import load_registry
from bench.running.session import Session
from bench.running.supervisor import Limits, run_in_worker


@pytest.mark.parametrize(
    ("threads", "gpus", "machine", "cells"),
    [
        (1, 0.0, (8, 0), 8), (3, 0.0, (8, 0), 2), (16, 0.0, (8, 0), 0),
        (1, 1.0, (8, 2), 2), (1, 0.25, (8, 2), 8), (1, 0.25, (6, 2), 6), (1, 0.4, (8, 2), 4), (1, 0.5, (8, 0), 0),
        (1, 1 / 3, (8, 1), 3), (1, 0.1, (64, 1), 10),
    ],
)  # fmt: skip
def test_as_many_cells_fit_as_have_whole_cores_and_a_share_of_one_gpu(threads, gpus, machine, cells):
    assert CellNeed(threads, gpus).fits(*machine) == cells


@pytest.fixture
def jobs(install, odd, tmp_path):
    install("odd", odd)
    registry = load_registry()
    task, method = registry.task("wide"), registry.method("plain")

    def job(seed):
        cell = make_cell(task, method, search=None, budget="smoke", seed=seed, fingerprint="x")
        return Job(cell, None)

    return registry, [job(seed) for seed in range(12)]


def test_cells_share_gpus_by_their_budgets_share_and_spread_over_them(jobs, tmp_path, monkeypatch):
    registry, todo = jobs
    running, most, seen, lock = {0: 0, 1: 0}, {0: 0, 1: 0}, [], threading.Lock()

    def pretend(job, session, limits, watch):
        with lock:
            seen.append(limits.gpu)
            running[limits.gpu] += 1
            most[limits.gpu] = max(most[limits.gpu], running[limits.gpu])
        time.sleep(0.05)
        with lock:
            running[limits.gpu] -= 1

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(local, "run_in_worker", pretend)
    executor = LocalExecutor(Session(Store(tmp_path), registry, "cuda", tmp_path), 8)
    wait([executor.submit(job) for job in todo])
    executor.stop()
    assert most == {0: 2, 1: 2}  # 0.4 of a GPU: two on each, although 8 workers are there
    assert len(seen) == 12
    assert sorted(seen[:4]) == [0, 0, 1, 1]


def test_a_large_share_waits_until_a_gpu_is_empty():
    shares, stopped, order = GpuShares(1), threading.Event(), []
    with shares.take(0.25, stopped):
        thread = threading.Thread(target=lambda: _note(shares, stopped, order))
        thread.start()
        time.sleep(0.1)
        order.append("small ends")
    thread.join()
    assert order == ["small ends", "large"]


def _note(shares, stopped, order):
    with shares.take(1.0, stopped):
        order.append("large")


def test_what_waits_for_a_gpu_ends_when_the_suite_is_stopped():
    shares, stopped = GpuShares(1), threading.Event()
    with shares.take(1.0, stopped):
        threading.Timer(0.1, stopped.set).start()
        with pytest.raises(KeyboardInterrupt), shares.take(0.5, stopped):
            pass


def test_a_worker_has_no_more_threads_than_its_share_of_the_cores(jobs, tmp_path, monkeypatch):
    registry, todo = jobs
    monkeypatch.setattr(local.os, "cpu_count", lambda: 6)
    executor = LocalExecutor(Session(Store(tmp_path), registry, "cpu", tmp_path), 2)
    assert executor.threads == 3
    # The task of this job asks for 64.
    record = run_in_worker(todo[0], executor.session, Limits(threads=executor.threads))
    assert (record.status, record.env.threads) == ("ok", 3)
    executor.stop()
