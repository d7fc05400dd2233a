"""Tables on a terminal: as wide as it is, and without losing a character."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

#: Least width of a column, in characters. On a narrower terminal the lines break.
NARROWEST = 8


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table of ``rows``, within the width of the terminal if standard output is one."""
    return table_within(rows, shutil.get_terminal_size().columns if sys.stdout.isatty() else None)


def table_within(rows: Sequence[Mapping[str, Any]], width: int | None) -> str:
    """A table of ``rows``. The widest columns are wrapped until it fits into ``width`` characters (None: no limit)."""
    names = list(rows[0]) if rows else []
    cells = [names, *([str(row[name]) for name in names] for row in rows)]
    columns = [max(map(len, column)) for column in zip(*cells, strict=True)]
    while width is not None and columns and sum(columns) + 2 * (len(columns) - 1) > width:
        widest = columns.index(max(columns))
        if columns[widest] <= NARROWEST:
            break
        columns[widest] -= 1
    return tabulate(cells[1:], headers=names, tablefmt="simple", disable_numparse=True, maxcolwidths=columns or None)
