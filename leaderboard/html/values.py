"""Cells and prose as the scripts of the page read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.leaderboard.tables.cells import TableCell
from bench.leaderboard.tables.prose import Block
from bench.leaderboard.tables.text import significant

#: Significant digits of the value that a cell sorts by.
DIGITS = 6


def cell_data(cell: TableCell) -> list[Any]:
    """The text of a cell, its value if it sorts by a number, and its class if it is bold."""
    data: list[Any] = [cell.text]
    if cell.value is not None or cell.style == "b":
        data.append(None if cell.value is None else significant(cell.value, DIGITS))
    if cell.style == "b":
        data.append({"class": "best"})
    return data


def cells_data(cells: Iterable[TableCell]) -> list[list[Any]]:
    """A row of cells."""
    return [cell_data(cell) for cell in cells]


def blocks_data(blocks: Iterable[Block]) -> list[list[Any]]:
    """Blocks as ``["p" | "li", [style, text], ...]`` with style "" (plain), "b", "i" or "code"."""
    return [[block.kind, *map(list, block.spans)] for block in blocks]
