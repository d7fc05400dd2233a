"""The store as a tidy pandas frame, for boards, statistics and notebooks."""

from __future__ import annotations

import json

import msgspec
import pandas as pd

from bench.records.record import Record
from bench.records.store import Store

COLUMNS = (
    "task", "version", "data_sha256", "method", "search", "knowledge", "budget", "key", "changed", "preset", "seed",
    "status", "reason", "started", "git_sha", "torch", "cpu", "gpu", "threads", "path", "score", "value", "unit",
    "higher_is_better", "validation",
)  # fmt: skip


def load_results(store: Store) -> pd.DataFrame:
    """One row per (record, score), costs as ``cost/<name>``, in path order.

    A record without a score has one row, with ``score`` None and ``value`` NaN, so that its status is visible.
    ``changed`` is JSON and ``path`` is the place in the store. Files that are not valid records are left out.
    """
    rows = []
    for place, record in store.scan().records.items():
        scores = [(name, s.value, s.unit, s.higher_is_better) for name, s in sorted(record.scores.items())]
        costs = [(f"cost/{name}", v, "", False) for name, v in _costs(record) if v is not None]
        validation = record.validation.value if record.validation else None  # of the primary metric
        none = [(None, float("nan"), None, None)]
        rows += [(*_cell(record, place), *score, validation) for score in [*scores, *costs] or none]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _costs(record: Record) -> list[tuple[str, float | None]]:
    return [] if record.cost is None else sorted(msgspec.structs.asdict(record.cost).items())


def _cell(record: Record, place: str) -> tuple[object, ...]:
    task, method, env = record.task, record.method, record.env
    return (
        task.id,
        task.version,
        task.data_sha256,
        method.id,
        method.search,
        method.knowledge,
        record.budget,
        record.key,
        json.dumps(record.changed, sort_keys=True),
        record.preset,
        record.seed,
        record.status.value,
        record.reason,
        record.started,
        env.git_sha,
        env.torch,
        env.cpu,
        env.gpu,
        env.threads,
        place,
    )
