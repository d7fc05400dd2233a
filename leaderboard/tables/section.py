"""A short summary of a section: its name, its data, and its best rows."""

from __future__ import annotations

from bench.leaderboard.board.model import Board, Section
from bench.leaderboard.tables.cells import EMPTY, TableCell, mean_cell, number_cell, share_cell

#: The columns of :func:`summary`.
SUMMARY = ("budget", "metric", "best", "", "best told the group", "", "best reference", "", "n ok")


def title(board: Board, section: Section) -> str:
    """The budget, and what distinguishes ``section`` from other sections of the same budget."""
    current = "" if section.version == board.task.version else f", version {section.version} (now {board.task.version})"
    like = [(s.version, s.budget, s.train_fraction) for s in board.sections]
    several = like.count((section.version, section.budget, section.train_fraction)) > 1
    return f"{section.budget}{_share(section)}{current}" + (f", data {data_name(section)}" if several else "")


def data_name(section: Section) -> str:
    """The start of the fingerprint of its data; all of a short one."""
    return section.data[:12] if len(section.data) > 32 else section.data


def summary(board: Board, section: Section) -> list[TableCell]:
    """The cells of ``section`` in a table of all tasks: the best row of each pool and the best reference."""
    metric = board.task.metric
    cells = [
        TableCell(f"{section.budget}{_share(section)}"),
        TableCell(f"{metric.name} {'↑' if metric.higher_is_better else '↓'}", style="code"),
    ]
    for told_group in (False, True):
        best = next((row for row in section.rows if row.rank == 1 and row.told_group is told_group), None)
        if best is None:
            cells += [EMPTY, EMPTY]
        else:
            stale = " (stale)" if best.stale else ""
            cells += [TableCell(f"{best.label}{stale}", style="code"), mean_cell(best.entries[metric.name])]
    pick = max if metric.higher_is_better else min
    reference = pick(section.references.items(), key=lambda pair: pair[1], default=None)
    cells += [TableCell(reference[0]), number_cell(reference[1])] if reference else [EMPTY, EMPTY]
    return [*cells, share_cell(sum(row.ok for row in section.rows), sum(row.expected for row in section.rows))]


def _share(section: Section) -> str:
    """The share of the budget's training examples as text; empty when all are used."""
    return "" if section.train_fraction == 1.0 else f", {100 * section.train_fraction:g} % of the training examples"
