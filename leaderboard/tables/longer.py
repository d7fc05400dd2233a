"""The table of a section on whether longer training changes the order."""

from __future__ import annotations

from bench.leaderboard.board.front import BUDGET
from bench.leaderboard.board.longer import LONG, LongerRow, build_longer
from bench.leaderboard.board.model import Board, Section
from bench.leaderboard.tables.cells import TableCell, number_cell
from bench.leaderboard.tables.front_texts import longer_about, longer_found
from bench.leaderboard.tables.model import Line, Table
from bench.leaderboard.tables.text import seed_ranges, unit_suffix


def longer_table(board: Board, section: Section) -> Table | None:
    """The rows of the long budget beside the same rows of ``section``; None without one."""
    longer = build_longer(board, section)
    if longer is None:
        return None
    metric = board.task.metric
    name = metric.name.partition("/")[2]
    columns = (
        f"{name} at {BUDGET}{unit_suffix([metric.unit])}", f"{name} at {LONG}{unit_suffix([metric.unit])}",
        f"place at {BUDGET}", f"place at {LONG}", "seeds",
    )  # fmt: skip
    lines = tuple(Line(line.row.label, line.row, _cells(line)) for line in longer.rows)
    return Table("Four times the passes", columns, lines, (longer_about(),), tuple(longer_found(longer)))


def _cells(line: LongerRow) -> tuple[TableCell, ...]:
    return (
        number_cell(line.short, 4, line.short_half_width),
        number_cell(line.long, 4, line.long_half_width),
        TableCell(str(line.short_rank), line.short_rank),
        TableCell(str(line.long_rank), line.long_rank),
        TableCell(seed_ranges(line.seeds)),
    )
