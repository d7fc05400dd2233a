"""Estimates how long a cell takes, from the records of earlier cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean

from bench.records.cell import Cell
from bench.records.record import Record

#: Seconds of a cell in addition to its fit and its predictions: start of the process, data, equivariance, record.
OVERHEAD_S = 6.0


def seconds_of(records: Iterable[Record]) -> list[tuple[Record, float]]:
    """Each record that has a cost, with the seconds that its cell took."""
    return [(r, r.cost.fit_s + r.cost.predict_s + OVERHEAD_S) for r in records if r.cost is not None]


class Estimate:
    """Estimates a cell by earlier ones of the same key, else of its method on the task, else of its task."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._seen: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
        for record, seconds in seconds_of(records):
            same_task = (record.task.id, record.budget)
            for place in (same_task, (*same_task, record.method.id), (*same_task, record.method.id, record.key)):
                self._seen[place].append(seconds)

    def __call__(self, cell: Cell) -> float | None:
        """Mean seconds of similar earlier cells; None when there are none."""
        same_task = (cell.task, cell.budget)
        for place in ((*same_task, cell.method, cell.key), (*same_task, cell.method), same_task):
            if place in self._seen:
                return fmean(self._seen[place])
        return None
