"""The time that running all shown cells again takes, in core hours, from the costs in the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.records.estimate import seconds_of
from bench.records.record import Record

#: Number of workers on the kind of machine that produced the committed boards.
WORKERS = 2


@dataclass(frozen=True)
class Effort:
    """The core hours that a set of records took."""

    cells: int  # number of cells with a cost
    without_cost: int
    hours: float
    machines: tuple[tuple[str, int], ...]  # processor and accelerator with the number of cells, largest number first


def effort_of(records: Iterable[Record]) -> Effort | None:
    """The core hours that ``records`` took; None if none of them has a cost."""
    every = list(records)
    timed = seconds_of(every)
    if not timed:
        return None
    machines = Counter(", ".join(filter(None, (record.env.cpu, record.env.gpu))) for record, _ in timed)
    hours = sum(seconds for _, seconds in timed) / 3600
    return Effort(len(timed), len(every) - len(timed), hours, tuple(machines.most_common()))
