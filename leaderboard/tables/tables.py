"""The tables of a section, shared by all renderers: columns, rows, and the text around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.leaderboard.board.build import disagreements, discoverers
from bench.leaderboard.board.model import Board, Row, Section
from bench.leaderboard.tables import texts
from bench.leaderboard.tables.cells import EMPTY, Column, TableCell, number_cell, share_cell
from bench.leaderboard.tables.columns import columns_of, compact, cost, has_angles, prediction
from bench.leaderboard.tables.longer import longer_table
from bench.leaderboard.tables.model import Line, Table
from bench.leaderboard.tables.named_generators import generators_by_row
from bench.leaderboard.tables.prose import Block


def score_tables(board: Board, section: Section) -> list[Table]:
    """The first table, which is short and has every row, and the tables below it that have a row and a column."""
    columns = compact(board)
    lines = [*_lines(columns, section.rows), *_references(section, len(columns))]
    below = [*texts.detectable(board, section), *texts.published_elsewhere(_published_elsewhere(board, section))]
    tables = [_table("Results", columns, lines, below=below, ranked=True)]
    if longer := longer_table(board, section):
        tables.append(longer)
    # A pure discoverer has no predictor. That is not a failure, so it has no row here.
    predictors = [row for row in section.rows if board.task.metric.name in row.entries or not row.ok]
    if predictors:
        columns = prediction(board, section)
        tables.append(_table("Prediction and equivariance", columns, _lines(columns, predictors)))
    turned = [row for row in predictors if has_angles(board, row)]
    if turned:
        columns = columns_of(board, section, "angles")
        tables.append(_table("Within and beyond the training angles", columns, _lines(columns, turned)))
    by_part = columns_of(board, section, "subgroups")
    if by_part:
        scored = [row for row in predictors if row.ok]
        tables.append(_table("Equivariance by subgroup", by_part, _lines(by_part, scored)))
    if finders := discoverers(section):
        tables += _discovered(board, section, finders)
    return [table for table in tables if table.lines]


def cost_table(board: Board, section: Section) -> Table | None:
    """The table of costs; None where nothing was measured."""
    letters = hardware_letters(section)
    if not letters:
        return None
    columns = cost(board, section, letters)
    measured = [row for row in section.rows if row.hardware]
    return _table("Cost", columns, _lines(columns, measured), below=texts.hardware(letters))


def hardware_letters(section: Section) -> dict[str, str]:
    """Hardware fingerprint -> A, B, ..., in the order of the rows."""
    names = dict.fromkeys(name for row in section.rows for name in row.hardware)
    return {name: chr(ord("A") + i) if i < 26 else f"H{i + 1}" for i, name in enumerate(names)}


def rank_cell(row: Row) -> TableCell:
    """The rank of ``row`` in its pool: G1, G2, ... for methods that are told the group."""
    return EMPTY if row.rank is None else TableCell(f"{'G' if row.told_group else ''}{row.rank}", row.rank)


def counted_cell(row: Row) -> TableCell:
    """The number of seeds with a result / seeds recorded."""
    return share_cell(row.ok, row.expected, f" ({row.stale} stale)" if row.stale else "")


def _discovered(board: Board, section: Section, rows: Sequence[Row]) -> list[Table]:
    """The table of generator scores, and a table of the found true generators if the task names them."""
    if board.task.control:
        said = texts.false_discoveries(rows)
    elif any("symmetry/precision" in row.entries for row in section.rows):
        said = texts.disagreeing_scores(disagreements(section, texts.ROUGHLY))
    else:
        said = []  # the truth is unknown
    columns = columns_of(board, section, "discovery")
    tables = [_table("Discovery", columns, _lines(columns, rows), below=said)]
    if by_name := columns_of(board, section, "found"):
        named = [row for row in rows if any(cell(row) != EMPTY for _, cell in by_name)]
        lines, below = _lines(by_name, named), texts.generators_found(generators_by_row(named))
        tables.append(_table("Which generators were found", by_name, lines, (texts.FOUND_ABOUT,), below))
    return tables


def _published_elsewhere(board: Board, section: Section) -> dict[str, float]:
    """The paper's numbers of methods without a row."""
    run = {row.method for row in section.rows}
    return {name: value for name, value in board.task.published.items() if name not in run}


def _lines(columns: Sequence[Column], rows: Iterable[Row]) -> list[Line]:
    return [Line(row.label, row, tuple(cell(row) for _, cell in columns)) for row in rows]


def _references(section: Section, width: int) -> list[Line]:
    empty = [EMPTY] * (width - 1)
    return [Line(name, None, (number_cell(value, 4), *empty)) for name, value in section.references.items()]


def _table(
    title: str,
    columns: Sequence[Column],
    lines: Sequence[Line],
    above: Sequence[Block] = (),
    below: Sequence[Block] = (),
    ranked: bool = False,
) -> Table:
    """The table of the ``columns`` and ``lines`` that have a value; the first table keeps every line."""
    used = [place for place in range(len(columns)) if any(line.cells[place] != EMPTY for line in lines)]
    shown = [line for line in lines if ranked or any(cell != EMPTY for cell in line.cells)]
    kept = tuple(Line(line.name, line.row, tuple(line.cells[place] for place in used)) for line in shown)
    return Table(title, tuple(columns[place][0] for place in used), kept, tuple(above), tuple(below), ranked)
