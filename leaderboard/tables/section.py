"""What a page says of a section beside its tables, as markdown: its name, its data, its notes, and its best rows."""

from __future__ import annotations

from collections.abc import Iterable

from bench.leaderboard.board.model import Board, Section
from bench.leaderboard.tables.text import NOTHING, code, escape, mean_text, number

#: The columns of :func:`summary`.
SUMMARY = ("budget", "metric", "best", "", "best told the group", "", "best reference", "", "n ok")


def title(board: Board, section: Section) -> str:
    """The budget, and what tells ``section`` from the others of its budget."""
    current = "" if section.version == board.task.version else f", version {section.version} (now {board.task.version})"
    like = [(s.version, s.budget, s.train_fraction) for s in board.sections]
    several = like.count((section.version, section.budget, section.train_fraction)) > 1
    return f"{code(section.budget)}{share(section)}{current}" + (f", data {_data(section)}" if several else "")


def share(section: Section) -> str:
    """Behind a budget's name: the share of its training examples, where it is not all."""
    return "" if section.train_fraction == 1.0 else f", {100 * section.train_fraction:g} % of the training examples"


def facts(section: Section) -> Iterable[str]:
    """Data, numbers of examples and training of ``section``, a list item each."""
    yield f"- Data: {escape('; '.join(section.data_notes) or 'no note')} (SHA-256 {_data(section)})"
    for train, val, test in section.sizes:
        yield f"- Examples: {train:,} training, {val:,} validation, {test:,} test"
    if section.size:
        size = section.size
        yield f"- Training: {size.epochs} epochs, batches of {size.batch_size}, peak learning rate {size.lr:g}"


def notes(section: Section) -> Iterable[str]:
    """What a reader of ``section`` must know: differing data, stale rows, seeds without a result."""
    if len(section.sizes) > 1:
        yield "**The rows differ in their numbers of examples (above), so their scores are not on the same test set.**"
    for name in section.disagreeing:
        yield f"**The records disagree about the reference {escape(name)}; the smallest value is shown.**"
    if any(row.stale for row in section.rows):
        yield "Stale: the record is of an earlier version of the method or the task."
    failures = [
        f"- {code(row.label)}, seed {failure.seed}: {failure.status}, {escape(failure.reason)}"
        for row in section.rows
        for failure in row.failures
    ]
    if failures:
        yield "Seeds without a result:\n\n" + "\n".join(failures)


def summary(board: Board, section: Section) -> list[str]:
    """The cells of ``section`` in a table of all tasks: the best of both pools and of the references."""
    metric = board.task.metric
    found = {told: [r for r in section.rows if r.rank == 1 and r.told_group is told] for told in (False, True)}
    pick = max if metric.higher_is_better else min
    reference = pick(section.references.items(), key=lambda item: item[1], default=None)
    cells = [f"{section.budget}{share(section)}", f"{code(metric.name)} {'↑' if metric.higher_is_better else '↓'}"]
    for rows in found.values():
        stale = " (stale)" if rows and rows[0].stale else ""
        cells += [code(rows[0].label) + stale, mean_text(rows[0].entries[metric.name])] if rows else [NOTHING, NOTHING]
    cells += [escape(reference[0]), number(reference[1])] if reference else [NOTHING, NOTHING]
    return [*cells, f"{sum(row.ok for row in section.rows)}/{sum(row.expected for row in section.rows)}"]


def _data(section: Section) -> str:
    """The start of the data's digest."""
    return section.data_sha256[:12] if section.data_sha256 else "never loaded"
