"""What a record says of its origin: code digests and state, versions, hardware, and the blank form of a record."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from bench.api import Method, Task, tier_of
from bench.api.pipeline import Pipeline
from bench.metrics.cost import hardware_fingerprint
from bench.records.cell import Cell, stages_of
from bench.records.digest import code_sha256
from bench.records.store import SCHEMA, Record


def blank_record(cell: Cell, task: Task, method: Method, device: str) -> Record:
    """The record of a cell of which nothing is known yet but that it failed."""
    return {
        "schema": SCHEMA,
        "key": cell.key,
        "status": "failed",
        "reason": None,
        "seed": cell.seed,
        "budget": cell.budget,
        "task": {
            "id": cell.task,
            "version": cell.task_version,
            "data": cell.data,
            "data_sha256": None,
            "data_note": None,
            "sizes": {},
            "code_sha256": task_digest(task),
        },
        "method": {
            "id": cell.method,
            "search": cell.search,
            "knowledge": tier_of(method.card, cell.search or "", task.card),
            "code_sha256": method_digest(method),
        },
        "params": dict(cell.params),
        "changed": dict(cell.changed),
        **({"preset": cell.preset} if cell.preset else {}),
        "scores": {},
        "references": {},
        "cost": {},
        "env": environment(device),
        "arrays": None,
        "discovery": None,
        "started": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def without_discovery(cell: Cell, task: Task, method: Method, device: str, first: Cell, found: Record) -> Record:
    """The record of a consumer whose discovery ``first`` ended as ``found``, with nothing to build on."""
    status = "unsupported" if found["status"] == "unsupported" else "failed"
    reason = f"its discoverer {first.title}: {found['status']}: {found['reason']}"
    return {**blank_record(cell, task, method, device), "status": status, "reason": reason}


def task_digest(task: Task) -> str:
    """Digest of the code of a task, of what it hands to methods, and of the evaluation."""
    return code_sha256(type(task).__module__, "bench.running.problem", "bench.metrics.evaluate")


def method_digest(method: Method) -> str:
    """Digest of the code of a method, or of both stages of a pipeline."""
    modules = [type(stage).__module__ for stage in stages_of(method).values()]
    return code_sha256(*modules, *(["bench.api.pipeline"] if isinstance(method, Pipeline) else []))


def environment(device: str) -> dict[str, Any]:
    """Code state, versions, and the hardware that a run on ``device`` ("cpu" or "cuda") uses."""
    root = Path(__file__).resolve().parents[2]
    # Installed from a wheel, an enclosing repository would say nothing about this code.
    sha = _git(root, "rev-parse", "HEAD") if (root / "pyproject.toml").exists() else None
    # Results are written below leaderboard/ while cells run; they do not make the code dirty.
    dirty = None if sha is None else bool(_git(root, "status", "--porcelain", "--", ".", ":!leaderboard"))
    return {
        "git_sha": sha,
        "dirty": dirty,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "deterministic": device == "cpu",
        **hardware_fingerprint(),
        **({"gpu": None} if device == "cpu" else {}),
    }


def _git(root: Path, *arguments: str) -> str | None:
    # git refuses another user's checkout for what its configuration could run; but whose code runs here is trusted.
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
