"""The cells of the table of methods over all tasks, without rendering."""

from __future__ import annotations

from collections.abc import Sequence

from bench.leaderboard.board.overall import Overall, OverallRow
from bench.leaderboard.tables.cells import TableCell, share_cell
from bench.leaderboard.tables.texts import POOLS


def pools(overall: Overall) -> list[tuple[str, tuple[OverallRow, ...]]]:
    """The title and the rows of each pool that is not empty."""
    by_title = [
        (title, tuple(row for row in overall.rows if row.told_group is told_group))
        for told_group, title in POOLS.items()
    ]
    return [(title, rows) for title, rows in by_title if rows]


def overall_table(rows: Sequence[OverallRow]) -> tuple[tuple[str, ...], list[list[TableCell]]]:
    """Headers and cells, shared by all renderers."""
    headers = ("method", "told", "win probability", "95 %", "mean rank", "95 %", "of", "tasks", "failed")
    lines = [
        [
            TableCell(row.label, style="code"),
            TableCell(row.tier),
            TableCell(f"{row.win:.2f}", row.win),
            TableCell(f"{row.win_low:.2f} to {row.win_high:.2f}", row.win_low),
            TableCell(f"{'G' if row.told_group else ''}{row.rank:.1f}", row.rank),
            TableCell(f"{row.rank_low:.1f} to {row.rank_high:.1f}", row.rank_low),
            TableCell(f"{row.rivals:.1f}", row.rivals),
            share_cell(row.tasks, row.of),
            share_cell(row.imputed, row.expected),
        ]
        for row in rows
    ]
    return headers, lines
