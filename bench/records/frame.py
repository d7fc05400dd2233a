"""The store as a tidy pandas frame, for boards, statistics and notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from bench.records.store import Record, Store

COLUMNS = (
    "task", "version", "data_sha256", "method", "search", "knowledge", "budget", "key", "changed", "preset", "seed",
    "status", "reason", "started", "git_sha", "torch", "cpu", "gpu", "threads", "path", "score", "value", "unit",
    "higher_is_better", "validation",
)  # fmt: skip


def load_results(store_root: Path) -> pd.DataFrame:
    """One row per (record, score), costs as ``cost/<name>``, in path order.

    A record without a score keeps one row, with ``score`` None and ``value`` NaN: a missing cell is a status, never
    an absence. ``changed`` is JSON, ``path`` relative to ``store_root``; files that are no valid record are left out.
    """
    rows = []
    for path, record in Store(store_root).scan().records.items():
        cell = _cell(record, path.relative_to(store_root).as_posix())
        scores = [(name, s["value"], s["unit"], s["higher_is_better"]) for name, s in sorted(record["scores"].items())]
        costs = [(f"cost/{name}", v, "", False) for name, v in sorted(record["cost"].items()) if v is not None]
        validation = record.get("validation", {}).get("value")  # of the primary metric
        rows += [(*cell, *score, validation) for score in [*scores, *costs] or [(None, float("nan"), None, None)]]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cell(record: Record, path: str) -> tuple[object, ...]:
    task, method, env = record["task"], record["method"], record["env"]
    return (
        task["id"],
        task["version"],
        task["data_sha256"],
        method["id"],
        method["search"],
        method["knowledge"],
        record["budget"],
        record["key"],
        json.dumps(record["changed"], sort_keys=True),
        record.get("preset"),
        record["seed"],
        record["status"],
        record["reason"],
        record["started"],
        env["git_sha"],
        env["torch"],
        env["cpu"],
        env["gpu"],
        env["threads"],
        path,
    )
