"""How long a cell will take, from the records of earlier ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean

from bench.records.cell import Cell
from bench.records.store import Record

#: Seconds of a cell beside its fit and its predictions: start of the process, data, equivariance, record.
OVERHEAD_S = 6.0


def own_seconds(records: Iterable[Record]) -> list[tuple[Record, float]]:
    """Each record that has a cost, and the seconds of its cell."""
    return [
        (record, record["cost"]["fit_s"] + record["cost"]["predict_s"] + OVERHEAD_S)
        for record in records
        if "fit_s" in record["cost"]
    ]


class Estimate:
    """Mean seconds of earlier cells like a new one: of the same key, else of its method there, else of its task."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._seen: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
        for record, seconds in own_seconds(records):
            own = (record["task"]["id"], record["budget"])
            for place in (own, (*own, record["method"]["id"]), (*own, record["method"]["id"], record["key"])):
                self._seen[place].append(seconds)

    def __call__(self, cell: Cell) -> float | None:
        """Seconds; None when nothing like it was ever run."""
        own = (cell.task, cell.budget)
        for place in ((*own, cell.method, cell.key), (*own, cell.method), own):
            if place in self._seen:
                return fmean(self._seen[place])
        return None
