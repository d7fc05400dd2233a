"""The columns of the tables: a header, and a function from a row to its cell. Columns without a value are not shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import groupby

from bench.leaderboard.board.finders import false_of, finds_of
from bench.leaderboard.board.model import Board, Entry, Row, Section
from bench.leaderboard.tables.cells import (
    EMPTY,
    Column,
    TableCell,
    entry_cell,
    mean_cell,
    number_cell,
    share_cell,
    whole_cell,
)
from bench.leaderboard.tables.text import NOTHING
from bench.metrics import scores
from bench.metrics.scores import METRIC, Score, Scores

#: Marks a mean over different hardware.
MIXED = "†"
#: Scores of the first table of a section, besides the primary metric. The tables below do not repeat them.
FIRST = ("equivariance/e_prime", "symmetry/finds", "cost/passes", "cost/fit_s")


def columns_of(board: Board, section: Section, table: str) -> list[Column]:
    """A column for each score that the table of scores puts into ``table``, in its order, except for those of the
    first table.

    A score with a word in angle brackets has one column for each word that takes its place in some row.
    """
    every = scores.SCORES.on(board.task)
    columns: list[Column] = []
    first = {board.task.metric.name, *first_scores(board)}
    of_table = (score for score in every if score.table == table and score.name not in first)
    for word, group in groupby(of_table, key=lambda score: score.word):
        some = list(group)
        if word is not None:
            some = [score.filled(word, filling) for filling in _words(every, word, section.rows) for score in some]
        some = [score for score in some if not _is_repeated(score, section.rows)]
        columns += [(score.title_on(board.task), _cell(board, score)) for score in some]
    return columns


def first_scores(board: Board) -> tuple[str, ...]:
    """The scores of the first table besides the primary metric; on a control, false discoveries stand for finds."""
    if not board.task.control:
        return FIRST
    return tuple("symmetry/false_discovery" if name == "symmetry/finds" else name for name in FIRST)


def compact(board: Board) -> list[Column]:
    """The first table of a section: score, E′, finds and costs."""
    every, metric = scores.SCORES.on(board.task), board.task.metric
    main = Score(metric.name, metric.name.partition("/")[2], "", unit=METRIC)
    titled = {name: every.find(name) for name in ("equivariance/e_prime", "cost/fit_s")}
    error, fit = ((score.title_on(board.task), _cell(board, score)) for score in titled.values() if score is not None)
    found = ("false discoveries", _counted(false_of)) if board.task.control else ("finds", _counted(finds_of))
    passes = ("training passes", lambda row: whole_cell(row.entries.get("cost/passes")))
    return [(main.title_on(board.task), _cell(board, main)), error, found, passes, fit]


def prediction(board: Board, section: Section) -> list[Column]:
    """Further scores of the predictor."""
    digits = _digits(board)
    return [
        ("tied", lambda row: TableCell(row.letters or NOTHING)),
        *columns_of(board, section, "prediction"),
        ("published", lambda row: number_cell(row.published, digits)),
    ]


def has_angles(board: Board, row: Row) -> bool:
    """Whether ``row`` belongs in the table of scores within and beyond the training angles."""
    return any(score.table == "angles" and score.name in row.entries for score in scores.SCORES.on(board.task))


def cost(board: Board, section: Section, letters: Mapping[str, str]) -> list[Column]:
    """Columns of the cost table; ``letters`` maps a hardware fingerprint to its letter."""

    def hardware(row: Row) -> TableCell:
        return TableCell(", ".join(letters[name] for name in row.hardware))

    return [("hardware", hardware), *columns_of(board, section, "cost")]


def _counted(count: Callable[[Row], tuple[int, int]]) -> Callable[[Row], TableCell]:
    """The cell of a count of runs and their number; empty without a run."""

    def cell(row: Row) -> TableCell:
        part, whole = count(row)
        return share_cell(part, whole) if whole else EMPTY

    return cell


def _words(every: Scores, word: str, rows: Iterable[Row]) -> list[str]:
    """Values of the placeholder ``word`` in the score names of ``rows``, by the first score that contains it."""
    first = next(score for score in every if score.word == word)
    names = {name for row in rows for name in row.entries}
    return sorted(filling for name in names if every.find(name) is first and (filling := first.matched(name)))


def _is_repeated(score: Score, rows: Iterable[Row]) -> bool:
    """Whether a column of ``score`` would repeat the numbers of its twin."""
    return bool(score.twin) and all(row.values.get(score.name) == row.values.get(score.twin) for row in rows)


def _cell(board: Board, score: Score) -> Callable[[Row], TableCell]:
    digits = _digits(board) if score.unit == METRIC else score.digits
    if score.name == board.task.metric.name:
        return lambda row: _main(row, score.name, digits)

    def cell(row: Row) -> TableCell:
        entry = row.entries.get(score.name)
        if entry is None or (score.unless and row.values.get(score.name) == row.values.get(score.unless)):
            return EMPTY
        shown = _shown(score, entry, digits, row.ok)
        if (total := row.entries.get(score.of)) is not None:
            return shown.with_text(f"{shown.text} / {total.mean:g}")
        # Times and memory over several machines are not comparable with those of one.
        mixed = score.table == "cost" and score.unit != "1" and len(row.hardware) > 1
        return shown.with_text(f"{shown.text} {MIXED}") if mixed else shown

    return cell


def _shown(score: Score, entry: Entry, digits: int, expected: int) -> TableCell:
    if score.form == "mean":
        return mean_cell(entry, digits)
    if score.form == "whole" or (score.form == "count" and not entry.std):
        return whole_cell(entry)
    return entry_cell(entry, 2 if score.form == "count" else digits, expected)


def _digits(board: Board) -> int:
    """Significant digits of the primary metric."""
    return int("".join(re.findall(r"\d", board.task.metric.decimals)) or 4)


def _main(row: Row, name: str, digits: int) -> TableCell:
    """The primary metric; the statuses of the failures where there is none."""
    if name in row.entries:
        shown = entry_cell(row.entries[name], digits, row.expected)  # shows n where seeds are missing
        return replace(shown, style="b") if row.tied else shown
    return EMPTY if row.ok else TableCell(", ".join(sorted({failure.status for failure in row.failures})) or NOTHING)
