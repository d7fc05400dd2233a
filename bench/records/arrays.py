"""Which arrays of a record are published, and which module reads each. All others stay in the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from bench.api import Array
from bench.records.record import Record

#: Name of an array, or the part before its first slash -> a module that reads it.
READERS = {
    "generators": "bench.leaderboard.drawing.generators",
    "truth": "bench.leaderboard.drawing.generators",
    "truth_algebra": "bench.leaderboard.drawing.generators",
    "sample_original": "bench.leaderboard.drawing.samples",
    "sample_moved": "bench.leaderboard.drawing.samples",
    "orientation_curve": "bench.leaderboard.drawing.curves",
    "trace": "bench.leaderboard.drawing.curves",
    "trace_step": "bench.leaderboard.drawing.curves",
    "strength_on_validation": "bench.leaderboard.drawing.curves",
    "coefficient_kind": "bench.api.discovery",
    "coefficient_scale": "bench.api.discovery",
    "strength": "bench.api.discovery",
    "history": "bench.leaderboard.mlflow",
}
#: These are only drawn, so they are published in single precision.
DRAWN = frozenset({"orientation_curve", "trace", "history", "sample_moved", "sample_original"})
#: A page shows the samples of one seed, so they are published for the lowest seed of each row.
SAMPLES = frozenset({"sample_original", "sample_moved"})


def published_names(record: Record, pictured: bool) -> list[str]:
    """Names of the arrays of ``record`` that are published; samples are included only if it is ``pictured``."""
    kinds = READERS.keys() if pictured else READERS.keys() - SAMPLES
    return [name for name in record.arrays if _base_name(name) in kinds]


def published_form(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays as they are published; publishing them again changes nothing."""
    return {
        n: a.astype(np.float32) if _base_name(n) in DRAWN and a.dtype == np.float64 else a for n, a in arrays.items()
    }


def pictured(records: Iterable[Record]) -> set[str]:
    """Places of the records whose samples a page shows: for each key, the lowest seed that has samples."""
    lowest: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: record.seed):
        if set(record.arrays) >= SAMPLES:
            lowest.setdefault(record.key, record)
    return {record.place for record in lowest.values()}


def _base_name(name: str) -> str:
    return name.partition("/")[0]
