"""Whether longer training changes the order: the rows of the long budget beside the same rows at the short one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from bench.api import TaskCard
from bench.leaderboard.board.front import BUDGET
from bench.leaderboard.board.model import Board, Row, Section
from bench.leaderboard.board.users import PLAIN, has_ratios, losses
from bench.metrics.statistics import half_width

#: The budget with more passes, which some tasks have.
LONG = "long"


@dataclass(frozen=True)
class LongerRow:
    """A row at both budgets, over the seeds that it has at both; failed seeds count as the constant predictor."""

    row: Row  # of the short budget
    seeds: tuple[int, ...]
    short: float  # mean of the primary metric
    short_half_width: float | None
    long: float
    long_half_width: float | None
    short_rank: int  # among the rows of this table
    long_rank: int


@dataclass(frozen=True)
class Longer:
    """The rows of one task at both budgets, in the order of the long one."""

    rows: tuple[LongerRow, ...]
    convergence: float | None  # mean validation loss of `plain` at the short budget / at the long one
    convergence_seeds: int

    @property
    def same_order(self) -> bool:
        return all(row.short_rank == row.long_rank for row in self.rows)


def build_longer(board: Board, section: Section) -> Longer | None:
    """The comparison for the ``section`` of the short budget; None where no row is in both."""
    if section.budget != BUDGET:
        return None
    place = (section.version, section.train_fraction, section.data)
    like = [s for s in board.sections if s.budget == LONG and (s.version, s.train_fraction, s.data) == place]
    if not like:
        return None
    long_rows = {row.label: row for row in like[0].rows}
    pairs = [(row, long_rows[row.label]) for row in section.rows if row.label in long_rows]
    scores = {row.label: both for row, other in pairs if (both := _common(row.ranked, other.ranked))}
    if not scores:
        return None
    means = {label: [fmean(values) for values in zip(*both.values(), strict=True)] for label, both in scores.items()}
    sign = -1.0 if board.task.metric.higher_is_better else 1.0

    def longer_row(row: Row) -> LongerRow:
        both, (short, long) = scores[row.label], means[row.label]
        short_half, long_half = (half_width(values) for values in zip(*both.values(), strict=True))
        return LongerRow(
            row=row,
            seeds=tuple(both),
            short=short,
            short_half_width=short_half,
            long=long,
            long_half_width=long_half,
            short_rank=1 + sum(sign * other < sign * short for other, _ in means.values()),
            long_rank=1 + sum(sign * other < sign * long for _, other in means.values()),
        )

    rows = sorted(
        (longer_row(row) for row, _ in pairs if row.label in scores), key=lambda line: (line.long_rank, line.row.label)
    )
    plain = next((pair for pair in pairs if pair[0].label == PLAIN.label), None)
    return Longer(tuple(rows), *(_convergence(*plain, board.task) if plain else (None, 0)))


def _convergence(short: Row, long: Row, task: TaskCard) -> tuple[float | None, int]:
    """Mean validation loss at the short budget / at the long one over common seeds, and their number."""
    both = _common(losses(short.validation, task), losses(long.validation, task))
    below = sum(loss for _, loss in both.values())
    if not has_ratios(task) or below <= 0.0:
        return None, len(both)
    return sum(loss for loss, _ in both.values()) / below, len(both)


def _common(first: Mapping[int, float], second: Mapping[int, float]) -> dict[int, tuple[float, float]]:
    return {seed: (first[seed], second[seed]) for seed in sorted(first.keys() & second.keys())}
