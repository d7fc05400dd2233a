"""Methods over all tasks: rank intervals and win probabilities, from the boards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from bench.api import TIERS, Array
from bench.leaderboard.board.model import Board, Row, Section
from bench.metrics.statistics import LEVEL, rank_draws

#: The budget of the compared runs, which is the budget of the committed boards.
BUDGET = "small"
#: Bootstrap draws, and the seed of their generator: a page rendered twice has the same bytes.
DRAWS, SEED = 10_000, 0


@dataclass(frozen=True)
class OverallRow:
    """A method with its default settings in the widest search space, over the tasks on which it is ranked."""

    label: str
    tier: str
    told_group: bool
    tasks: int
    of: int  # tasks on which its pool has at least two methods
    rank: float  # by the mean over seeds; mean over its families of tasks
    rank_low: float  # 95 % of bootstrap draws over families of tasks and seeds
    rank_high: float
    rivals: float  # number of methods that it is ranked among, itself included; mean over its families of tasks
    win: float  # probability that a random seed of it beats one of a random other method of its pool on a random task
    win_low: float
    win_high: float
    imputed: int  # failed seeds that count as the constant predictor
    expected: int  # seeds recorded


@dataclass(frozen=True)
class Overall:
    """Rows of both pools, each sorted by win probability."""

    rows: tuple[OverallRow, ...]
    tasks: tuple[str, ...]
    families: tuple[str, ...]  # of each task


def build_overall(boards: Sequence[Board]) -> Overall:
    """The overall board. It uses the rows with the full training set at :data:`BUDGET` on each task."""
    compared = [(board, section) for board in boards if (section := _section(board)) is not None]
    rows = [*_pool(compared, told_group=False), *_pool(compared, told_group=True)]
    names, families = (
        zip(*((board.task.id, board.task.family) for board, _ in compared), strict=True) if compared else ((), ())
    )
    return Overall(tuple(rows), names, families)


def _section(board: Board) -> Section | None:
    like = [s for s in board.sections if (s.budget, s.train_fraction) == (BUDGET, 1.0)]
    like = [s for s in like if s.version == board.task.version]
    return max(like, key=lambda section: sum(row.ok for row in section.rows), default=None)


def _pool(compared: Sequence[tuple[Board, Section]], told_group: bool) -> list[OverallRow]:
    placed_rows: list[dict[str, Row]] = []  # per task: method -> its row
    signs: list[float] = []
    families: list[str] = []
    for board, section in compared:
        placed = _placed(board, section, told_group)
        if len(placed) > 1:  # a method alone in its pool has no one to beat
            placed_rows.append(placed)
            signs.append(-1.0 if board.task.metric.higher_is_better else 1.0)
            families.append(board.task.family)
    labels = sorted({label for placed in placed_rows for label in placed})
    if not labels:
        return []
    scores = [_table(placed, labels, sign) for placed, sign in zip(placed_rows, signs, strict=True)]
    ranks, wins = rank_draws(scores, families, DRAWS, np.random.default_rng(SEED))
    rows = []
    for place, label in enumerate(labels):
        sizes = [(family, len(placed)) for family, placed in zip(families, placed_rows, strict=True) if label in placed]
        size_by_family = {name: fmean(size for family, size in sizes if family == name) for name, _ in sizes}
        its_rows = [placed[label] for placed in placed_rows if label in placed]
        rows.append(
            _row(label, its_rows, len(placed_rows), fmean(size_by_family.values()), ranks[:, place], wins[:, place])
        )
    return sorted(rows, key=lambda row: (-row.win, row.label))


def _placed(board: Board, section: Section, told_group: bool) -> dict[str, Row]:
    """Method -> its row at default settings in the widest search space; the one with most seeds if defaults changed."""
    rows = [
        row
        for row in section.rows
        if row.told_group is told_group
        and not row.changed
        and row.search in (None, board.task.searches[0])
        and row.ranked
    ]
    return {row.method: row for row in sorted(rows, key=lambda row: (row.ok, -row.stale))}


def _table(placed: dict[str, Row], labels: Sequence[str], sign: float) -> Array:
    seeds = sorted({seed for row in placed.values() for seed in row.ranked})
    empty = dict.fromkeys(seeds, np.nan)
    return np.array([[(empty | _signed(placed.get(label), sign))[seed] for seed in seeds] for label in labels])


def _signed(row: Row | None, sign: float) -> dict[int, float]:
    return {seed: sign * value for seed, value in row.ranked.items()} if row else {}


def _row(label: str, rows: Sequence[Row], of: int, rivals: float, ranks: Array, wins: Array) -> OverallRow:
    edges = (0.5 - LEVEL / 2, 0.5 + LEVEL / 2)
    rank_low, rank_high = np.nanquantile(ranks[1:], edges)
    win_low, win_high = np.nanquantile(wins[1:], edges)
    return OverallRow(
        label=label,
        tier=max((row.tier for row in rows), key=TIERS.index),
        told_group=rows[0].told_group,
        tasks=len(rows),
        of=of,
        rank=float(ranks[0]),
        rank_low=float(rank_low),
        rank_high=float(rank_high),
        rivals=rivals,
        win=float(wins[0]),
        win_low=float(win_low),
        win_high=float(win_high),
        imputed=sum(len(row.failed_seeds) for row in rows),
        expected=sum(row.expected for row in rows),
    )
