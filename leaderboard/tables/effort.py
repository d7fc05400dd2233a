"""What it takes to run all shown cells again: hours of one core, from the records themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.records.estimate import seconds_of
from bench.records.record import Record

#: Workers of the class of machine that the committed boards were made on.
WORKERS = 2


@dataclass(frozen=True)
class Effort:
    """The hours of one core behind records."""

    cells: int  # with a cost
    without_cost: int
    hours: float
    machines: tuple[tuple[str, int], ...]  # processor and accelerator, and how many of the cells, most first


def effort_of(records: Iterable[Record]) -> Effort | None:
    """The hours behind ``records``; None without one that has a cost."""
    every = list(records)
    timed = seconds_of(every)
    if not timed:
        return None
    machines = Counter(", ".join(filter(None, (record.env.cpu, record.env.gpu))) for record, _ in timed)
    hours = sum(seconds for _, seconds in timed) / 3600
    return Effort(len(timed), len(every) - len(timed), hours, tuple(machines.most_common()))
