"""Fixtures shared by the tests: records made by hand, a store to put them in, packages of others, suites."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from bench.api import Array, Budget, Task, TaskData, joined
from bench.records.record import Record, checked, encode, replaced
from bench.records.store import Store
from bench.running.loading import DataSource

BASE: dict[str, Any] = {
    "schema": "run.v3",
    "status": "ok",
    "seed": 0,
    "budget": "small",
    "task": {
        "id": "toy",
        "version": 1,
        "data": "toy-1",
        "data_sha256": "a" * 64,
        "data_note": "made up",
        "sizes": {"train": 100, "val": 10, "test": 50},
    },
    "method": {"id": "plain", "versions": [1], "search": None, "knowledge": "none"},
    "params": {"passes": 300, "lr": 0.002},
    "changed": {},
    "references": {"constant": 1.5},
    "cost": {
        "fit_s": 2.0, "predict_s": 0.1, "passes": 300, "steps": 300, "samples_per_s": 1000.0, "parameters": 1234,
        "forward_passes": 1, "peak_rss_mb": 400.0, "peak_device_mb": None,
    },
    "env": {
        "git_sha": "e" * 40, "dirty": False, "python": "3.11.7", "torch": "2.13.0", "cpu": "Toy CPU", "gpu": None,
        "threads": 1, "deterministic": True,
    },
    "started": "2026-01-02T03:04:05Z",
}  # fmt: skip


@pytest.fixture(scope="session")
def load_all() -> Callable[..., TaskData]:
    """``load_all(task, budget, options, folder)``: both parts of a task's data, as the evaluation has them."""

    def load(task: Task, budget: Budget | str, options: Any, folder: Path, seed: int = 0) -> TaskData:
        size = task.card.budgets[budget] if isinstance(budget, str) else budget
        source = DataSource(task, size, options, folder, seed)
        training = source.training()
        return joined(training, source.evaluation(training))

    return load


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Record]:
    """A valid record: ``make_record("semola", search="mask2", seed=1, mse=0.5, task={...}, status=...)``."""

    def make(
        method: str = "plain",
        *,
        search: str | None = None,
        knowledge: str = "none",
        mse: float | None = 0.5,
        scores: Mapping[str, float] | None = None,
        task: Mapping[str, Any] | None = None,
        env: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Record:
        content = copy.deepcopy(BASE) | fields
        content["method"] |= {"id": method, "search": search, "knowledge": knowledge}
        content["task"] |= task or {}
        content["env"] |= env or {}
        ok = content["status"] == "ok"
        values = ({"test/mse": mse} if mse is not None else {}) | dict(scores or {}) if ok else {}
        content["scores"] = {
            name: {"value": value, "unit": "1", "higher_is_better": None} for name, value in values.items()
        }
        content["cost"] = BASE["cost"] | (content["cost"] or {}) if ok else None
        data = (content["task"]["version"], content["task"]["data"])
        defining = json.dumps([method, search, content["budget"], content["changed"], data], sort_keys=True)
        content.setdefault("key", hashlib.sha256(defining.encode()).hexdigest()[:12])
        return checked(msgspec.convert(content, Record), "made by hand")

    return make


@pytest.fixture(scope="session")
def put_record() -> Callable[..., Path]:
    """Writes a record, and arrays if any, below a store's root; returns the path."""

    def put(root: Path, record: Record, arrays: Mapping[str, Array] | None = None) -> Path:
        path = root / record.place
        path.parent.mkdir(parents=True, exist_ok=True)
        if arrays:
            record = replaced(record, {"arrays": tuple(sorted(arrays))})
            np.savez_compressed(path.with_suffix(".npz"), allow_pickle=False, **arrays)
        path.write_bytes(encode(record))
        return path

    return put


@pytest.fixture(scope="session")
def write_package() -> Callable[[Path, str, str], None]:
    """``write_package(site, name, source)``: a package of another author with METHODS or TASKS."""

    def write(site: Path, name: str, source: str) -> None:
        about = site / f"{name}-1.dist-info"
        about.mkdir(parents=True)
        (site / f"{name}.py").write_text(source)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        # One entry point brings both: a module is registered with its METHODS and its TASKS.
        (about / "entry_points.txt").write_text(f"[symmetry_bench.methods]\n{name} = {name}\n")

    return write


@pytest.fixture
def install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_package: Callable[[Path, str, str], None]
) -> Callable[[str, str], None]:
    """``install(name, source)``: a package of another author with METHODS or TASKS, seen by worker processes too."""
    site = tmp_path / "site"
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(str(site))

    def add(name: str, source: str) -> None:
        write_package(site, name, source)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return add


#: Methods that misbehave, and a task that does not wait long.
ODD = """
import copy, dataclasses, os, pathlib, signal, time
from bench.api import Fitted, Method, MethodCard
from bench.methods.plain import METHODS as PLAIN
from bench.api.parameters import Parameters
from bench.tasks.toy_se3 import TASKS as TOYS

class Odd(Method):
    Params = Parameters

    def __init__(self, name, act):
        self.card = MethodCard(id=name, title=name, summary="odd", knowledge="none", citation="")
        self.act = act

    def fit(self, problem, ctx):
        with open(os.environ["ODD_LOG"], "a") as log:
            log.write(f"{self.card.id} {ctx.seed}\\n")
        self.act()
        return Zero()

class Zero(Fitted):
    def predict(self, x):
        return x.new_zeros(len(x), 1, 1)

def eat():
    eaten = []
    while True:
        eaten.append(b"x" * 2**26)
        time.sleep(0.05)

def wait():
    while not pathlib.Path(os.environ["ODD_LOG"] + ".go").exists():
        time.sleep(0.05)

def fail():
    print("said before")
    raise RuntimeError("no luck")

METHODS = (
    Odd("hangs", lambda: time.sleep(3600)),
    Odd("eats", eat),
    Odd("raises", fail),
    Odd("dies", lambda: os.kill(os.getpid(), signal.SIGKILL)),
    Odd("waits", wait),
    Odd("sleeps", lambda: time.sleep(1.5)),
)
def toy(name, **changes):
    task = copy.copy(TOYS[0])
    budget = dataclasses.replace(TOYS[0].card.budgets["smoke"], **changes)
    task.card = dataclasses.replace(TOYS[0].card, id=name, budgets={"smoke": budget})
    return task

TASKS = (toy("short", wall_limit_s=40), toy("brief", wall_limit_s=8), toy("wide", threads=64, gpus=0.4))
"""


class Suites:
    """Suites over one store, each a process of its own."""

    def __init__(self, folder: Path, results: str = "results", log: Path | None = None) -> None:
        self.folder, self.results, self.log = folder, folder / results, log or folder / "odd.log"
        self.log.write_text("")

    def start(self, methods, seeds="0", options=(), task="short", program=("-m", "bench"), more=""):
        file = self.folder / f"{self.results.name}.toml"
        block = f'[[cells]]\nmethods={json.dumps(methods)}\ntasks=["{task}"]\n'
        file.write_text(f'budget="smoke"\nseeds="{seeds}"\n{block}{more}')
        line = [sys.executable, *program, "suite", str(file), "--results", str(self.results), "--no-mlflow"]
        environment = {**os.environ, "ODD_LOG": str(self.log), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            [*line, "--device", "cpu", *(options if "--executor" in options else ("--workers", "2", *options))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def run(self, *arguments, **options):
        process = self.start(*arguments, **options)
        out, errors = process.communicate(timeout=240)
        assert "Traceback" not in errors
        return process.returncode, out, errors

    def fits(self):
        return self.log.read_text().splitlines()

    def wait_for_fits(self, count):
        deadline = time.monotonic() + 120
        while len(self.fits()) < count:
            assert time.monotonic() < deadline, f"{len(self.fits())} fits after two minutes"
            time.sleep(0.05)

    def records(self):
        scan = Store(self.results).scan()
        assert not scan.skipped
        return list(scan.records.values())

    def statuses(self):
        return {(record.method.id, record.seed): record.status for record in self.records()}


@pytest.fixture(scope="session")
def odd() -> str:
    """Source of a package of methods that misbehave; the variable ODD_LOG names the file that lists their fits."""
    return ODD


@pytest.fixture(scope="session")
def suites_at() -> type[Suites]:
    """``suites_at(folder)``: suites over one store below a folder."""
    return Suites
