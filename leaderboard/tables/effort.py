"""What it takes to make all shown records anew: hours of one core, read from the records themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bench.records.estimate import OVERHEAD_S, seconds_of
from bench.records.record import Record

#: What the same command is expected to run on: the class of machine that the committed boards were made on.
WORKERS = 2


def remaking(records: Iterable[Record]) -> str | None:
    """A sentence on the hours behind ``records``; None without one that has a cost."""
    every = list(records)
    made = seconds_of(every)
    if not made:
        return None
    machines = Counter(", ".join(filter(None, (r.env.cpu, r.env.gpu))) for r, _ in made)
    names = "; ".join(f"{name} ({count:,})" for name, count in machines.most_common())
    hours = sum(seconds for _, seconds in made) / 3600
    without = f" ({len(every) - len(made)} more ended without a cost)" if len(made) < len(every) else ""
    return (
        f"These {len(made):,} cells{without} took {hours:.1f} hours of one core: fitting and prediction as recorded, "
        f"and {OVERHEAD_S:g} s each for the start of a process, data, evaluation and the record. Making them anew "
        f"takes {WORKERS} workers about {hours / WORKERS:.1f} hours: the sum of the cells, not the time of one run. "
        f"Machines (cells): {names}."
    )
