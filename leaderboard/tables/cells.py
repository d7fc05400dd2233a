"""Cells of tables: a text and the value behind it, so that no page reads a number out of a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from bench.leaderboard.board.model import Entry, Row
from bench.leaderboard.tables.text import NOTHING, number

#: Plain, bold, italic, or of fixed width.
Style = Literal["", "b", "i", "code"]


@dataclass(frozen=True)
class TableCell:
    """The content of one cell of a table."""

    text: str  # plain text, which every renderer escapes
    value: float | None = None  # the number that it sorts by; None for a word
    style: Style = ""
    link: str = ""  # target, relative to the page

    def with_text(self, text: str) -> TableCell:
        """The cell with another text."""
        return replace(self, text=text)


EMPTY = TableCell(NOTHING)

#: A header, and a function from a row to its cell.
Column = tuple[str, Callable[[Row], TableCell]]


def number_cell(value: float | None, digits: int = 3, spread: float | None = None) -> TableCell:
    """``value`` as :func:`bench.leaderboard.tables.text.number` writes it; empty for None."""
    return EMPTY if value is None else TableCell(number(value, digits, spread), value)


def entry_cell(entry: Entry | None, digits: int = 3, expected: int | None = None) -> TableCell:
    """Mean ± half the width of its 95 % interval; says n when some of the ``expected`` seeds lack this score."""
    if entry is None:
        return EMPTY
    short = f" (n={entry.n})" if expected is not None and entry.n != expected else ""
    return TableCell(number(entry.mean, digits, entry.half_width) + short, entry.mean)


def mean_cell(entry: Entry | None, digits: int = 3) -> TableCell:
    """The mean without its interval."""
    return EMPTY if entry is None else number_cell(entry.mean, digits)


def whole_cell(entry: Entry | None) -> TableCell:
    """The mean as a whole number, with thousands separated."""
    return EMPTY if entry is None else TableCell(f"{entry.mean:,.0f}", entry.mean)


def share_cell(part: int, whole: int, more: str = "") -> TableCell:
    """``part/whole``; the cell sorts by the part."""
    return TableCell(f"{part}/{whole}{more}", part)
