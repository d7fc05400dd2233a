"""Fixtures shared by the tests: records made by hand, and a store to put them in."""

from __future__ import annotations

import copy
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.api import Array
from bench.store import Record, check

BASE: Record = {
    "schema": "run.v1",
    "status": "ok",
    "reason": None,
    "seed": 0,
    "budget": "small",
    "task": {
        "id": "toy",
        "version": 1,
        "data": "toy-1",
        "data_sha256": "a" * 64,
        "data_note": "made up",
        "sizes": {"train": 100, "val": 10, "test": 50},
        "code_sha256": "c" * 64,
    },
    "method": {"id": "plain", "search": None, "knowledge": "none", "code_sha256": "d" * 64},
    "params": {"epochs": 3, "lr": 0.002},
    "changed": {},
    "references": {"constant": 1.5},
    "cost": {
        "fit_s": 2.0, "predict_s": 0.1, "steps": 300, "samples_per_s": 1000.0, "parameters": 1234, "forward_passes": 1,
        "peak_rss_mb": 400.0, "peak_device_mb": None,
    },
    "env": {
        "git_sha": "e" * 40, "dirty": False, "python": "3.11.7", "torch": "2.13.0", "cpu": "Toy CPU", "gpu": None,
        "threads": 1, "deterministic": True,
    },
    "arrays": None,
    "started": "2026-01-02T03:04:05Z",
}  # fmt: skip


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
        record = copy.deepcopy(BASE) | fields
        record["method"] |= {"id": method, "search": search, "knowledge": knowledge}
        record["task"] |= task or {}
        record["env"] |= env or {}
        ok = record["status"] == "ok"
        values = ({"test/mse": mse} if mse is not None else {}) | dict(scores or {}) if ok else {}
        record["scores"] = {
            name: {"value": value, "unit": "1", "higher_is_better": None} for name, value in values.items()
        }
        if not ok:
            record["cost"] = {}
        data = (record["task"]["version"], record["task"]["data"])
        defining = json.dumps([method, search, record["budget"], record["changed"], data], sort_keys=True)
        record.setdefault("key", hashlib.sha256(defining.encode()).hexdigest()[:12])
        check(record, Path("made by hand"))
        return record

    return make


@pytest.fixture(scope="session")
def put_record() -> Callable[..., Path]:
    """Writes a record, and arrays if any, below a store's root; returns the path."""

    def put(root: Path, record: Record, arrays: Mapping[str, Array] | None = None) -> Path:
        method, task = record["method"], record["task"]
        name = f"{method['id']}{'--' + method['search'] if method['search'] else ''}"
        folder = root / f"{task['id']}@{task['version']}" / name / record["key"]
        folder.mkdir(parents=True, exist_ok=True)
        if arrays:
            record["arrays"] = f"seed{record['seed']}.npz"
            np.savez_compressed(folder / record["arrays"], allow_pickle=False, **arrays)
        path = folder / f"seed{record['seed']}.json"
        path.write_text(json.dumps(record))
        return path

    return put


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """``install(name, source)``: a package of another author with METHODS or TASKS, seen by worker processes too."""
    site = tmp_path / "site"
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(str(site))

    def add(name: str, source: str) -> None:
        about = site / f"{name}-1.dist-info"
        about.mkdir(parents=True)
        (site / f"{name}.py").write_text(source)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        # One entry point brings both: a module is registered with its METHODS and its TASKS.
        (about / "entry_points.txt").write_text(f"[symmetry_bench.methods]\n{name} = {name}\n")
        monkeypatch.delitem(sys.modules, name, raising=False)

    return add
