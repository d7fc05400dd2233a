"""`python -m bench compare A B`: compares two rows of the boards, paired by seed, on each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from tabulate import tabulate

from bench.api import TaskCard
from bench.errors import BenchError, nearest
from bench.leaderboard.board.build import HIDDEN_BUDGETS, build_board
from bench.leaderboard.board.model import Row, Section
from bench.leaderboard.tables.text import number, seed_ranges
from bench.metrics.comparison import Comparison, compare
from bench.metrics.statistics import LEVEL, holm
from bench.records.preset import Preset, read_presets
from bench.records.record import Record
from bench.records.store import Store
from bench.running.registry import load_registry


@dataclass(frozen=True)
class Selection:
    """What is compared."""

    tasks: Sequence[str]  # empty: every task that has records of both rows
    budget: str
    train_fraction: float = 1.0
    score: str | None = None  # None: the primary metric of each task


@dataclass(frozen=True)
class _TaskComparison:
    """The comparison of the two rows on one task."""

    task: TaskCard
    unit: str
    higher_is_better: bool | None  # None: neither is better
    failed: int  # seeds of both rows that count as the constant predictor
    comparison: Comparison


def compare_command(first: str, second: str, selection: Selection, root: Path) -> None:
    """Print the mean difference of ``first`` minus ``second`` with its interval and p, on each selected task.

    Raises:
        BenchError: when the records lack a task, row or score, or the two rows have no common seed.
    """
    registry = load_registry()
    cards = [registry.task(name).card for name in selection.tasks or registry.tasks]
    if selection.budget in HIDDEN_BUDGETS:
        raise BenchError(f"budget {selection.budget!r} is for tests; its numbers mean nothing and are not compared.")
    records, presets = list(Store(root).scan().records.values()), read_presets(root)
    directions = {name: s.higher_is_better for record in records for name, s in record.scores.items()}
    lines = []
    for card in cards:
        section = _section(records, card, presets, selection)
        try:
            lines.append(_compare_on(card, section, (first, second), selection, directions))
        except BenchError:
            if selection.tasks:
                raise
    if not lines:
        raise BenchError(
            f"no task has {selection.budget!r} records of both {first!r} and {second!r}; "
            "--task T shows what is missing."
        )
    _print(lines, first, second)


def _section(
    records: Sequence[Record], card: TaskCard, presets: Sequence[Preset], selection: Selection
) -> Section | None:
    board = build_board(records, card, lambda name: None, lambda record: False, presets=presets)
    wanted = (selection.budget, selection.train_fraction)
    like = [section for section in board.sections if (section.budget, section.train_fraction) == wanted]
    return max(like, key=lambda section: (section.version, sum(row.ok for row in section.rows)), default=None)


def _compare_on(
    card: TaskCard,
    section: Section | None,
    labels: tuple[str, str],
    selection: Selection,
    directions: Mapping[str, bool | None],
) -> _TaskComparison:
    if section is None:
        raise BenchError(
            f"task {card.id!r} has no {selection.budget!r} records to compare; `python -m bench run` writes records."
        )
    rows = [_row(section, label, card) for label in labels]
    name, metric = selection.score or card.metric.name, card.metric
    tables = [row.ranked if name == metric.name else row.values.get(name, {}) for row in rows]
    for row, table in zip(rows, tables, strict=True):
        if not table:
            raise BenchError(
                f"{row.label!r} on {card.id!r} has no score {name!r}.{nearest(name, row.values)} "
                f"It has: {', '.join(row.values) or 'none'}."
            )
    comparison = compare(*tables)
    if comparison is None:
        raise BenchError(
            f"{rows[0].label!r} and {rows[1].label!r} have no common seed on {card.id!r}: "
            f"{seed_ranges(tables[0])} and {seed_ranges(tables[1])}."
        )
    units = {row.entries[name].unit for row in rows if name in row.entries}
    failed = sum(seed in row.failed_seeds for row in rows for seed in comparison.seeds)
    higher = metric.higher_is_better if name == metric.name else directions[name]
    return _TaskComparison(card, "".join(units - {"1"}), higher, failed, comparison)


def _row(section: Section, name: str, card: TaskCard) -> Row:
    """The row with this label, ignoring spaces. Without a search space, the widest one is meant."""
    method, _, rest = name.strip().partition(" ")
    wanted = "".join(name.split())
    for label in (wanted, "".join(f"{method}[{card.searches[0]}]{rest}".split())):
        for row in section.rows:
            if "".join(row.label.split()) == label:
                return row
    labels, methods = [row.label for row in section.rows], {row.method for row in section.rows}
    raise BenchError(f"no row {name!r} on {card.id!r}.{nearest(name, [*labels, *methods])} Rows: {', '.join(labels)}.")


def _print(lines: Sequence[_TaskComparison], first: str, second: str) -> None:
    adjusted = holm([line.comparison.p for line in lines])
    table = []
    for line, p in zip(lines, adjusted, strict=True):
        comparison, unit = line.comparison, f" [{line.unit}]" if line.unit else ""
        better = "–"
        if comparison.difference and line.higher_is_better is not None:
            better = first if (comparison.difference > 0) is line.higher_is_better else second
        table.append(
            {
                "task": line.task.id + unit,
                first: number(comparison.first),
                second: number(comparison.second),
                "difference": number(comparison.difference, 3, comparison.half_width),
                "seeds": seed_ranges(comparison.seeds) + (f" ({line.failed} failed)" if line.failed else ""),
                "p": f"{comparison.p:.3g}",
                "p (Holm)": f"{p:.3g}",
                "better": better,
            }
        )
    if len(lines) == 1:
        del table[0]["p (Holm)"]
    typer.echo(tabulate(table, headers="keys", tablefmt="simple", disable_numparse=True))
    typer.echo(f"\ndifference: {first} minus {second}, paired by seed, ± half its {LEVEL:.0%} interval (Student's t)")
    typer.echo("p: exact sign-flip test, two-sided; a failed seed counts as the constant predictor")
    lowest = len(lines) * min(line.comparison.smallest_p for line in lines)
    if lowest > 1 - LEVEL:
        over = f" over {len(lines)} tasks" if len(lines) > 1 else ""
        typer.echo(
            f"with so few common seeds no p{over} can be below {min(1.0, lowest):.3g}: use more seeds for a claim"
        )
