"""The tables of the front pages, shared by all renderers: who finds the symmetry, and who uses it best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.leaderboard.board.finders import FinderRow, Finders, Outcomes
from bench.leaderboard.board.users import Interval, Use, UserRow, Users
from bench.leaderboard.tables.cells import EMPTY, TableCell, number_cell, share_cell
from bench.leaderboard.tables.front_texts import finders_text, gain_text, ratio_text, users_notes, users_text
from bench.leaderboard.tables.prose import Block
from bench.leaderboard.tables.text import number

FINDERS, USERS = "Who finds the symmetry", "Who uses it best"
#: Columns of the short form, which the project's README shows.
SHORT = ("mean share", "finds", "finds part", "false discoveries", "sup defect", "fit [s]", "tasks")


@dataclass(frozen=True)
class FrontLine:
    """A method in a table of a front page."""

    label: str
    tier: str
    told_group: bool
    is_narrow: bool  # the search space is not the widest
    cells: tuple[TableCell, ...]


@dataclass(frozen=True)
class FrontTable:
    """One table; its lines have the method and what it was told before their cells."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[FrontLine, ...]
    above: tuple[Block, ...] = ()


@dataclass(frozen=True)
class FrontPage:
    """A front page: text, tables, and notes below them."""

    title: str
    about: tuple[Block, ...]
    tables: tuple[FrontTable, ...]
    notes: tuple[Block, ...] = ()


def front_pages(finders: Finders, users: Users) -> list[FrontPage]:
    """The pages that have a row, the finders first."""
    pages = []
    if finders.rows:
        tables = (_totals(finders), _by_family(finders))
        pages.append(FrontPage(FINDERS, tuple(finders_text(finders)), tables))
    if users.rows:
        gains = replace(_users("Gain recovered", users, _gain_cell), above=(gain_text(),))
        ratios = replace(_users("Relative to plain", users, _ratio_cell), above=(ratio_text(),))
        tables = (gains, ratios)
        pages.append(FrontPage(USERS, tuple(users_text()), tables, tuple(users_notes(users))))
    return pages


def short_form(page: FrontPage) -> FrontPage:
    """The first table of ``page`` alone: rows in the widest search space, with few columns."""
    first, is_finders = page.tables[0], page.title == FINDERS
    places = [place for place, name in enumerate(first.columns) if name in SHORT or not is_finders]
    lines = [
        replace(line, cells=tuple(line.cells[place] for place in places)) for line in first.lines if not line.is_narrow
    ]
    columns = tuple(first.columns[place] for place in places)
    return FrontPage(page.title, (), (replace(first, columns=columns, lines=tuple(lines)),))


def _totals(finders: Finders) -> FrontTable:
    columns = (
        "mean share", "finds", "finds part", "nothing", "dimension right", "sup defect", "false discoveries", "95 %",
        "fit [s]", "tasks", "n ok",
    )  # fmt: skip
    return FrontTable("All families", columns, tuple(_line(row, _total_cells(row, finders)) for row in finders.rows))


def _total_cells(row: FinderRow, finders: Finders) -> tuple[TableCell, ...]:
    total, interval = row.total, row.false_interval
    counts = (total.finds, total.part, total.nothing, total.right)
    return (
        TableCell(f"{row.mean_finds:.2f}", row.mean_finds) if total.runs else EMPTY,
        *(share_cell(count, total.runs) if total.runs else EMPTY for count in counts),
        number_cell(row.defect, 2),
        share_cell(row.false, row.controls) if row.controls else EMPTY,
        EMPTY if interval is None else TableCell(f"{interval[0]:.2f} to {interval[1]:.2f}", interval[0]),
        number_cell(row.seconds, 3),
        share_cell(row.tasks, finders.tasks),
        share_cell(total.runs - total.failed, total.runs) if total.runs else EMPTY,
    )


def _by_family(finders: Finders) -> FrontTable:
    def cell(counts: Outcomes | None) -> TableCell:
        if counts is None:
            return EMPTY
        part = f" + {counts.part}" if counts.part else ""
        return TableCell(f"{counts.finds}{part} of {counts.runs}", counts.finds / counts.runs)

    lines = (_line(row, [cell(row.families.get(family)) for family in finders.families]) for row in finders.rows)
    return FrontTable("By family: runs that find it, + runs that find a part", finders.families, tuple(lines))


def _users(title: str, users: Users, cell: Callable[[Use], TableCell]) -> FrontTable:
    families = [scale.family for scale in users.families]
    lines = []
    for row in users.rows:
        cells = [cell(row.uses[family]) if family in row.uses else EMPTY for family in families]
        lines.append(_line(row, [*cells, share_cell(row.ok, row.expected)]))
    return FrontTable(title, (*families, "n ok"), tuple(lines))


def _gain_cell(use: Use) -> TableCell:
    return _interval_cell(use.gain, use)


def _ratio_cell(use: Use) -> TableCell:
    return _interval_cell(use.ratio, use)


def _interval_cell(interval: Interval | None, use: Use) -> TableCell:
    """The value with its interval; the reason where there is none."""
    if interval is None:
        return TableCell(use.missing) if use.missing else EMPTY
    text = _hundredths(interval.value)
    if interval.low is not None and interval.high is not None and interval.low < interval.high:
        text += f" ({_hundredths(interval.low)} to {_hundredths(interval.high)})"
    return TableCell(text, interval.value)


def _hundredths(value: float) -> str:
    """Two decimals from 0.1 to 10, else two significant digits."""
    return f"{value:.2f}" if 0.1 <= abs(value) < 10.0 else number(value, 2)


def _line(row: FinderRow | UserRow, cells: Sequence[TableCell]) -> FrontLine:
    told_group = isinstance(row, UserRow) and row.told_group
    return FrontLine(row.variant.label, row.tier, told_group, bool(row.variant.space), tuple(cells))
