"""The tables of a section, the same on every page: which there are, their rows, and what is said below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.leaderboard.board.build import disagreements, discoverers
from bench.leaderboard.board.model import Board, Row, Section
from bench.leaderboard.tables.columns import Column, columns_of, cost, has_angles, prediction
from bench.leaderboard.tables.found import FOUND_TEXT, found_names, found_sentences
from bench.leaderboard.tables.text import NOTHING, code, escape, number

#: A difference between two scores in [0, 1] that a page mentions, and how many of them.
ROUGHLY, MAX_LINES = 0.1, 8


@dataclass(frozen=True)
class Line:
    """A row of a table, or a reference: the score of a trivial predictor."""

    name: str  # of the row or the reference
    row: Row | None  # None: a reference
    cells: tuple[str, ...]  # markdown


@dataclass(frozen=True)
class Table:
    """One table of a section; texts are markdown. Columns without a value are left out."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    above: str = ""
    below: tuple[str, ...] = ()
    ranked: bool = True  # whether rank, knowledge tier and counted seeds stand beside the columns


def score_tables(board: Board, section: Section) -> list[Table]:
    """Prediction, angles, subgroups and discovery: those that have a row."""
    tables = []
    # A pure discoverer has no predictor: that is no failure, so it has no row here.
    predictors = [row for row in section.rows if board.task.metric.name in row.entries or not row.ok]
    if predictors or section.references:
        columns = prediction(board, section)
        lines = [*_lines(columns, predictors), *_references(section, len(columns))]
        below = (detectable(board, section), _published_elsewhere(board, section))
        tables.append(_table("Prediction and equivariance", columns, lines, below=below))
    turned = [row for row in predictors if has_angles(board, row)]
    if turned:
        columns = columns_of(board, section, "angles")
        tables.append(_table("Within and beyond the training angles", columns, _lines(columns, turned)))
    by_part = columns_of(board, section, "subgroups")
    if by_part:
        own = [row for row in predictors if row.ok]
        tables.append(_table("Equivariance by subgroup", by_part, _lines(by_part, own)))
    finders = discoverers(section)
    if finders:
        columns = columns_of(board, section, "discovery")
        said = false_discoveries(finders) if board.task.control else disagreement_text(section)
        tables.append(_table("Discovery", columns, _lines(columns, finders), below=(said,)))
        names = found_names(section)
        if names:
            tables.append(_found(columns_of(board, section, "found"), finders, names))
    return tables


def cost_table(board: Board, section: Section) -> Table | None:
    """What the rows cost; None where nothing was measured."""
    letters = hardware_letters(section)
    if not letters:
        return None
    columns = cost(board, section, letters)
    names = "\n".join(f"- Hardware {letter}: {escape(name)}" for name, letter in letters.items())
    return _table("Cost", columns, _lines(columns, [row for row in section.rows if row.hardware]), below=(names,))


def hardware_letters(section: Section) -> dict[str, str]:
    """Hardware fingerprint -> A, B, ..., in the order of the rows."""
    names = dict.fromkeys(name for row in section.rows for name in row.hardware)
    return {name: chr(ord("A") + i) if i < 26 else f"H{i + 1}" for i, name in enumerate(names)}


def rank_text(row: Row) -> str:
    """The rank in its pool: G1, G2, ... of those told the group."""
    return NOTHING if row.rank is None else f"{'G' if row.told_group else ''}{row.rank}"


def counted_text(row: Row) -> str:
    """Seeds with a result / seeds recorded."""
    return f"{row.ok}/{row.expected}" + (f" ({row.stale} stale)" if row.stale else "")


def detectable(board: Board, section: Section) -> str:
    """What a typical pair of rows must differ by, in one sentence; empty where no row has enough seeds."""
    if section.detectable is None:
        return ""
    unit = "" if board.task.metric.unit == "1" else f" {board.task.metric.unit}"
    return (
        f"Difference that a typical pair of these rows needs to be told apart: {number(section.detectable, 2)}{unit}."
    )


def false_discoveries(rows: Sequence[Row]) -> str:
    """Of a control: what was declared although there is nothing to be found."""
    lines = []
    for row in rows:
        declared, strength = row.entries.get("symmetry/declared"), row.entries.get("symmetry/strength")
        if declared is not None:
            blind = ": it has no predictor, and cannot decline"
            how = f", mean strength {number(strength.mean, 2)}" if strength else blind
            lines.append(f"- {code(row.label)}: {declared.mean:.2g} declared{how}.")
    start = "This task has no symmetry: every generator that is declared is a false discovery. Means over seeds:"
    return start + "\n\n" + "\n".join(lines) if lines else start


def disagreement_text(section: Section) -> str:
    """Where the papers' scores and the field inner product disagree, and what that means."""
    lines = []
    for item in disagreements(section, ROUGHLY):
        scores = f"cosine {number(item.cosine, 2)}, MAE {number(item.mae, 2)}, precision {number(item.precision, 2)}"
        meanings = []
        if item.precision - item.cosine > ROUGHLY:
            meanings.append("more of a true symmetry than its matrices show")
        elif item.cosine - item.precision > ROUGHLY:
            meanings.append("nearer to the textbook's matrices than to the true algebra")
        if item.on_data - item.precision > ROUGHLY:
            meanings.append(
                f"against all that the labels of these data allow precision is {number(item.on_data, 2)}: "
                "the data cannot tell, the true map can"
            )
        lines.append(f"- {code(item.row.label)}: {scores}; {'; '.join(meanings)}.")
    if not any("symmetry/precision" in row.entries for row in section.rows):
        return ""  # no truth is known
    if not lines:
        return f"Cosine and precision agree within {ROUGHLY:g} on every row."
    hidden = f"\n- and {len(lines) - MAX_LINES} more." if len(lines) > MAX_LINES else ""
    start = (
        "Cosine and MAE, the papers' scores, compare entries with the textbook's matrices; precision compares what the "
        f"generators do to these data. They disagree by more than {ROUGHLY:g}, means over seeds, largest first:"
    )
    return start + "\n\n" + "\n".join(lines[:MAX_LINES]) + hidden


def _published_elsewhere(board: Board, section: Section) -> str:
    """The paper's numbers of methods without a row."""
    run = {row.method for row in section.rows}
    found = ", ".join(f"{name} {value:g}" for name, value in sorted(board.task.published.items()) if name not in run)
    return f"Published, not run here: {escape(found)}." if found else ""


def _found(columns: Sequence[Column], rows: Sequence[Row], names: Sequence[str]) -> Table:
    scored = [row for row in rows if any(text(row) != NOTHING for _, text in columns)]
    below = (found_sentences(scored, names),)
    return _table("Which generators were found", columns, _lines(columns, scored), FOUND_TEXT, below, ranked=False)


def _lines(columns: Sequence[Column], rows: Iterable[Row]) -> list[Line]:
    return [Line(row.label, row, tuple(cell(row) for _, cell in columns)) for row in rows]


def _references(section: Section, width: int) -> list[Line]:
    empty = [NOTHING] * (width - 1)
    return [Line(name, None, (number(value, 4), *empty)) for name, value in section.references.items()]


def _table(
    title: str,
    columns: Sequence[Column],
    lines: Sequence[Line],
    above: str = "",
    below: Sequence[str] = (),
    ranked: bool = True,
) -> Table:
    used = [place for place in range(len(columns)) if any(line.cells[place] != NOTHING for line in lines)]
    kept = tuple(Line(line.name, line.row, tuple(line.cells[place] for place in used)) for line in lines)
    return Table(title, tuple(columns[place][0] for place in used), kept, above, tuple(filter(None, below)), ranked)
