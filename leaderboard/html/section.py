"""One section of a board as the scripts of the page read it: tables, rows, runs and plots."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bench.api import Array
from bench.leaderboard.board.model import Attempt, Board, Row, Run, Section
from bench.leaderboard.drawing.learning import plan_learning
from bench.leaderboard.drawing.plan import FigurePlan
from bench.leaderboard.html.arrays import angle_curves, heat_maps, read_section, run_generators, thousandths
from bench.leaderboard.html.values import blocks_data, cell_data, cells_data
from bench.leaderboard.tables.model import Table
from bench.leaderboard.tables.section import data_name, title
from bench.leaderboard.tables.tables import cost_table, counted_cell, hardware_letters, rank_cell, score_tables
from bench.leaderboard.tables.text import command, significant
from bench.leaderboard.tables.texts import facts, notes
from bench.leaderboard.tables.tuning import tuning_table

#: Reads the arrays with the given names from a run.
Load = Callable[[Run, Collection[str]], Mapping[str, Array]]


class Shared:
    """A list of distinct values that many runs share; a run refers to a value by its index."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._places: dict[str, int] = {}

    def place(self, item: Any) -> int:
        name = json.dumps(item, sort_keys=True)
        if name not in self._places:
            self._places[name] = len(self.items)
            self.items.append(item)
        return self._places[name]


def section_data(board: Board, section: Section, load: Load, names: Shared, params: Shared, envs: Shared) -> Any:
    """The data that the page shows of ``section``; lists that runs share go into ``names``, ``params`` and ``envs``."""
    arrays = read_section(section, load)
    letters = hardware_letters(section)
    places = {row.label: place for place, row in enumerate(section.rows)}
    plan = plan_learning(board, section)

    def run_data(row: Row, attempt: Attempt, generators: Mapping[int, Array]) -> dict[str, Any]:
        values = _values(row, attempt)
        learned = generators.get(attempt.seed)
        return {
            "seed": attempt.seed,
            "status": attempt.status,
            "reason": attempt.reason,
            "started": attempt.started,
            "discovery": attempt.discovery,
            "params": params.place(dict(sorted(attempt.params.items()))),
            "env": envs.place(dict(sorted(attempt.env.items()))),
            "names": names.place(list(values)),
            "values": list(values.values()),
        } | ({} if learned is None else {"generators": thousandths(learned)})

    def row_data(row: Row) -> dict[str, Any]:
        generators = run_generators(row, arrays)
        fit = row.entries.get("cost/fit_s")
        return {
            "label": row.label,
            "method": row.method,
            "key": row.key,
            "tier": row.tier,
            "rank": rank_cell(row).text,
            "counted": cell_data(counted_cell(row)),
            "score": _interval(row, board.task.metric.name),
            "fit": significant(fit.mean, 4) if fit else None,
            "hardware": [letters[name] for name in row.hardware],
            "changed": list(row.changed),
            "command": command(row, board.task.id, section.budget),
            "runs": [run_data(row, attempt, generators) for attempt in row.attempts],
        }

    tables = [*score_tables(board, section), *filter(None, [tuning_table(board, section), cost_table(board, section)])]
    return {
        "title": title(board, section),
        "facts": blocks_data(facts(section, data_name(section))),
        "hardware": [[letter, name] for name, letter in letters.items()],
        "rows": [row_data(row) for row in section.rows],
        "units": {
            name: entry.unit
            for row in section.rows
            for name, entry in row.entries.items()
            if entry.unit not in ("", "1")
        },
        "tables": [_table(table, places) for table in tables],
        "notes": blocks_data(notes(section)),
        "heat": heat_maps(section, arrays),
        "angle": angle_curves(section, arrays),
        "learning": None if plan is None else _learning(plan, places),
    }


def _table(table: Table, places: Mapping[str, int]) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": list(table.columns),
        "ranked": table.ranked,
        "above": blocks_data(table.above),
        "below": blocks_data(table.below),
        "rows": [
            ({"row": places[line.name]} if line.row else {"reference": line.name}) | {"cells": cells_data(line.cells)}
            for line in table.lines
        ],
    }


def _interval(row: Row, name: str) -> list[float | None] | None:
    """The mean of a score, and the ends of its 95 % interval where there is one."""
    entry = row.entries.get(name)
    if entry is None:
        return None
    ends = [] if entry.half_width is None else [entry.mean - entry.half_width, entry.mean + entry.half_width]
    return [significant(value, 5) for value in [entry.mean, *ends]]


def _values(row: Row, attempt: Attempt) -> dict[str, float | None]:
    """Scores, then costs, of one seed."""
    scores = {name: seeds[attempt.seed] for name, seeds in sorted(row.values.items()) if attempt.seed in seeds}
    costs = {f"cost/{name}": value for name, value in sorted(attempt.cost.items()) if value is not None}
    return {name: significant(value, 5) for name, value in (scores | costs).items()}


def _learning(plan: FigurePlan, places: Mapping[str, int]) -> dict[str, Any]:
    curves = [
        {
            "label": row.label,
            "row": places.get(row.label),
            "told": row.told,
            "points": [[p.examples, significant(p.mean, 5), significant(p.std or 0.0, 3)] for p in row.points],
        }
        for row in plan.rows
    ]
    return {"caption": plan.caption, "curves": curves}
