"""The front page of the HTML boards as its scripts read it: ranks of every method on every task, and the best."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bench.api import TIERS
from bench.leaderboard.board.model import Board, Row
from bench.leaderboard.board.overall import Overall
from bench.leaderboard.html.values import blocks_data, cells_data
from bench.leaderboard.tables.overall import overall_table
from bench.leaderboard.tables.section import SUMMARY, summary
from bench.leaderboard.tables.text import significant
from bench.leaderboard.tables.texts import overall_text


def overall_data(overall: Overall) -> dict[str, Any]:
    """The overall board: its cells, and the tier and the win probability with its interval for each row."""
    headers, lines = overall_table(overall.rows)
    rows = [
        {
            "label": row.label,
            "tier": row.tier,
            "told": row.told_group,
            "win": [significant(value, 4) for value in (row.win, row.win_low, row.win_high)],
            "cells": cells_data(line),
        }
        for row, line in zip(overall.rows, lines, strict=True)
    ]
    return {"columns": list(headers), "text": blocks_data(overall_text(overall)), "rows": rows}


def ranks_data(boards: Sequence[Board], overall: Overall) -> dict[str, Any]:
    """Rank of every row at default parameters in the first section of each task: ``[rank, of, key, told]``.

    Rows of one method are adjacent, methods in the order of the overall board.
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
    order = {row.label: place for place, row in enumerate(overall.rows)}
    ordered = sorted(rows.values(), key=lambda row: (order.get(row["method"], len(order)), _ahead(row), row["label"]))
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
