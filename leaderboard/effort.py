"""What it takes to make all shown records anew: hours of one core, read from the records themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bench.estimate import OVERHEAD_S
from bench.store import Record

#: What the same command is expected to run on: the class of machine that the committed boards were made on.
WORKERS = 2


def remaking(records: Iterable[Record]) -> str | None:
    """A sentence on the hours behind ``records``; None without one that has a cost.

    The cost of a consumer holds that of its discovery, which is a cell of its own and run once: it counts once.
    """
    made = [record for record in records if "fit_s" in record["cost"]]
    if not made:
        return None
    fits = {(r["task"]["id"], r["method"]["id"], r["key"], r["seed"]): r["cost"]["fit_s"] for r in made}
    seconds = 0.0
    for record in made:
        seconds += record["cost"]["fit_s"] + record["cost"]["predict_s"] + OVERHEAD_S
        if record.get("discovery"):
            seconds -= fits.get(_discovery(record), 0.0)
    machines = Counter(f"{r['env']['cpu']}{', ' + r['env']['gpu'] if r['env']['gpu'] else ''}" for r in made)
    names = "; ".join(f"{name} ({count:,})" for name, count in machines.most_common())
    hours = seconds / 3600
    return (
        f"These {len(made):,} cells took {hours:.1f} hours of one core: fitting and prediction as recorded, and "
        f"{OVERHEAD_S:g} s each for the start of a process, data, evaluation and the record; so about "
        f"{hours / WORKERS:.1f} hours by {WORKERS} workers. Machines (cells): {names}."
    )


def _discovery(record: Record) -> tuple[str, str, str, int]:
    """Task, method, key and seed of the discovery that a consumer's record names by its place in the store."""
    task, method, key, name = record["discovery"].split("/")
    return task.partition("@")[0], method.partition("--")[0], key, int(name.removeprefix("seed").removesuffix(".json"))
