"""A table of a section, as all renderers read it."""

from __future__ import annotations

from dataclasses import dataclass

from bench.leaderboard.board.model import Row
from bench.leaderboard.tables.cells import TableCell
from bench.leaderboard.tables.prose import Block


@dataclass(frozen=True)
class Line:
    """A row of a table, or a reference: the score of a trivial predictor."""

    name: str  # name of the row or the reference
    row: Row | None  # None for a reference
    cells: tuple[TableCell, ...]


@dataclass(frozen=True)
class Table:
    """One table of a section. Columns without a value are left out."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    above: tuple[Block, ...] = ()
    below: tuple[Block, ...] = ()
    ranked: bool = False  # whether columns for rank, knowledge tier and number of seeds are added
