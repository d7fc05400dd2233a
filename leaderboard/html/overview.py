"""The front page of the HTML boards as its scripts read it: who finds, who uses best, ranks, and the best."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bench.api import TIERS
from bench.leaderboard.board.model import Board, Row
from bench.leaderboard.html.values import blocks_data, cells_data
from bench.leaderboard.tables.front import FrontPage
from bench.leaderboard.tables.section import SUMMARY, summary


def front_data(page: FrontPage) -> dict[str, Any]:
    """A front page: its text, and the cells of its tables with the tier of each row."""
    tables = [
        {
            "title": table.title,
            "columns": list(table.columns),
            "above": blocks_data(table.above),
            "rows": [
                {"label": line.label, "tier": line.tier, "told": line.told_group, "cells": cells_data(line.cells)}
                for line in table.lines
            ],
        }
        for table in page.tables
    ]
    return {"title": page.title, "about": blocks_data(page.about), "tables": tables, "notes": blocks_data(page.notes)}


def ranks_data(boards: Sequence[Board]) -> dict[str, Any]:
    """Rank of every row at default parameters in the first section of each task: ``[rank, of, key, told]``.

    Rows of one method are adjacent; methods are in alphabetical order.
    """
    rows: dict[str, dict[str, Any]] = {}
    for board in boards:
        section = board.sections[0]
        for row in section.rows:
            if row.rank is not None and not row.changed:
                known = rows.setdefault(
                    row.label, {"label": row.label, "method": row.method, "tiers": set(), "cells": {}}
                )
                known["tiers"].add(row.tier)
                known["cells"][board.task.id] = (row.rank, _pool(section.rows, row), row.key, row.told_group)
    ordered = sorted(rows.values(), key=lambda row: (row["method"], _ahead(row), row["label"]))
    tasks = [[board.task.id, board.task.family] for board in boards]
    return {"tasks": tasks, "rows": [row | {"tiers": sorted(row["tiers"], key=TIERS.index)} for row in ordered]}


def best_data(boards: Sequence[Board]) -> dict[str, Any]:
    """A line for each section of every task."""
    rows = [
        {
            "task": board.task.id,
            "section": place,
            "family": board.task.family,
            "cells": cells_data(summary(board, section)),
        }
        for board in boards
        for place, section in enumerate(board.sections)
    ]
    return {"columns": [name or "score" for name in SUMMARY], "rows": rows}


def methods_data(boards: Sequence[Board]) -> list[list[str]]:
    """Name, title, summary and source of every method with a row."""
    cards = {name: card for board in boards for name, card in board.methods.items()}
    return [[name, card.title, card.summary, card.citation] for name, card in sorted(cards.items())]


def _pool(rows: Sequence[Row], row: Row) -> int:
    return sum(other.rank is not None and other.told_group == row.told_group for other in rows)


def _ahead(row: dict[str, Any]) -> float:
    """Average fraction of competitors ranked above the row."""
    cells: Collection[tuple[int, int, str, bool]] = row["cells"].values()
    return sum((rank - 1) / max(1, of - 1) for rank, of, _, _ in cells) / len(cells)
