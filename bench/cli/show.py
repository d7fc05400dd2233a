"""`python -m bench show`: prints one record from the workspace or from the packed files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.cli.listing import show_record
from bench.errors import BenchError, nearest
from bench.records.paths import log_hint
from bench.records.record import Record, Status, read_record
from bench.records.store import Store
from bench.running.registry import load_registry


def show_command(
    task: str, method: str, results: Callable[[], Path], *, seed: int = 0, budget: str = "small", key: str = ""
) -> None:
    """Print the record of a task and a row; a method alone means its row in the widest search space.

    Without ``method``, ``task`` is the path of a record.

    Raises:
        BenchError: when no record matches (names the nearest row), or several match (names their keys).
    """
    if not method:
        record = read_record(Path(task))
        show_record(record, _log(Path(task), record))
        return
    records = [r for r in Store(results()).scan().records.values() if r.task.id == task]
    if not records:
        raise BenchError(f"no record of task {task!r}.")
    rows, ids = {record.label for record in records}, {record.method.id for record in records}
    like = [record for record in records if record.label == method] or _in_the_widest_space(records, method)
    if not like:
        raise BenchError(
            f"no record of {method!r} on {task}.{nearest(method, rows | ids)} Recorded: {', '.join(sorted(rows))}."
        )
    cells = [r for r in like if (r.seed, r.budget) == (seed, budget) and r.key.startswith(key)]
    if not cells:
        places = sorted({(r.budget, r.seed) for r in like})[:12]
        shown = ", ".join(f"{name} seed {number}" for name, number in places)
        raise BenchError(f"no record of {method} on {task} at budget {budget!r}, seed {seed}; recorded: {shown}.")
    if len(cells) > 1:
        raise BenchError(f"several records match; choose by --key: {'; '.join(map(_described, cells))}.")
    store = Store(results())
    show_record(cells[0], _log(store.root / cells[0].place, cells[0]))


def _in_the_widest_space(records: list[Record], method: str) -> list[Record]:
    """The records of ``method`` in the search space in which it runs unless another is asked for."""
    task = load_registry().tasks.get(records[0].task.id)
    return [
        r for r in records if task is not None and (r.method.id, r.method.search) == (method, task.card.searches[0])
    ]


def _log(path: Path, record: Record) -> str:
    return "" if record.status is Status.OK else log_hint(path)


def _described(record: Record) -> str:
    changes = ", ".join(f"{name}={value}" for name, value in sorted(record.changed.items())) or "default settings"
    return f"{record.key} ({changes})"
