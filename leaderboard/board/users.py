"""Who uses the symmetry best: the primary metric against `plain` and against the best method told the group.

Per task, over the seeds that all have: with the losses p of `plain`, t of the best method told the group and m of a
method, the gain recovered is mean(p - m) / mean(p - t), and the ratio is mean(m) / mean(p). A family's gain is the mean
over its tasks, its ratio the geometric mean. Both intervals are over paired seeds:

- gain: Fieller's interval of a common shift of the gains of the tasks. On one task this is Fieller's interval itself,
  the ratios r for which a t-test does not tell mean(p - m - r (p - t)) from 0.
- ratio: Student's t interval of the logarithm, linearised in each seed: m_i / mean(m) - p_i / mean(p).

A family has a gain only over tasks on which `plain` is distinctly worse than the best method told the group: the t
interval of mean(p - t) lies above 0. There Fieller's interval is bounded.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from bench.api import TIERS, Array, TaskCard
from bench.leaderboard.board.front import Compared, Variant, compared
from bench.leaderboard.board.model import Board, Row
from bench.metrics.scores import SCORES
from bench.metrics.statistics import fieller, half_width

#: The method that everything is compared with, with the settings of the family.
PLAIN = Variant("plain", "", "")


@dataclass(frozen=True)
class Interval:
    """A value and the ends of its 95 % interval; None below three seeds."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Use:
    """A method on a family: losses relative to `plain`, and the gain recovered; None with the reason in ``missing``."""

    ratio: Interval | None
    gain: Interval | None
    ok: int
    expected: int
    missing: str = ""


@dataclass(frozen=True)
class UserRow:
    """A method with a search space and settings."""

    variant: Variant
    tier: str
    told_group: bool
    uses: Mapping[str, Use]  # by family
    ok: int
    expected: int


@dataclass(frozen=True)
class FamilyScale:
    """What a family's gains are measured on."""

    family: str
    tasks: tuple[str, ...]  # with a result of `plain`
    best_told: Mapping[str, str]  # task with a gain to recover -> the best method told the group


@dataclass(frozen=True)
class Users:
    """The second front page; rows told the group last, and rows with a gain in more families first."""

    rows: tuple[UserRow, ...]
    families: tuple[FamilyScale, ...]


@dataclass(frozen=True)
class _Scaled:
    """A task with the losses by seed of `plain` and of the best method told the group, if there is a gain."""

    task: Compared
    plain: Mapping[int, float]
    told: tuple[str, Mapping[int, float]] | None

    @property
    def name(self) -> str:
        return self.task.board.task.id


def build_users(boards: Iterable[Board]) -> Users:
    """The front page from the boards of all tasks; controls have no symmetry to use."""
    families: defaultdict[str, list[_Scaled]] = defaultdict(list)
    for task in filter(None, map(compared, boards)):
        if not task.is_control and PLAIN in task.rows and task.rows[PLAIN].ok:
            families[task.family].append(_scaled(task))
    variants = {v for tasks in families.values() for one in tasks for v, row in one.task.rows.items() if row.ranked}
    rows = [_row(variant, families) for variant in sorted(variants - {PLAIN})]
    rows.sort(key=lambda row: (row.told_group, *_order(row), row.variant))
    scales = [
        FamilyScale(name, tuple(one.name for one in tasks), {one.name: one.told[0] for one in tasks if one.told})
        for name, tasks in sorted(families.items())
    ]
    return Users(tuple(rows), tuple(scales))


def losses(values: Mapping[int, float], task: TaskCard) -> dict[int, float]:
    """Seed -> loss, lower is better: the primary metric, or its distance from the largest possible value.

    A metric without a largest value has its negative as loss, which has no ratios.
    """
    metric = task.metric
    if not metric.higher_is_better:
        return dict(values)
    top = SCORES.range_of(metric.name)[1]
    return {seed: (top if math.isfinite(top) else 0.0) - value for seed, value in values.items()}


def has_ratios(task: TaskCard) -> bool:
    """Whether losses on ``task`` are at least 0, so that their ratios mean something."""
    low, high = SCORES.range_of(task.metric.name)
    return math.isfinite(high) if task.metric.higher_is_better else low >= 0.0


def _scaled(task: Compared) -> _Scaled:
    card = task.board.task
    plain = losses(task.rows[PLAIN].ranked, card)
    told = [(v.label, losses(row.ranked, card)) for v, row in sorted(task.rows.items()) if row.told_group and row.ok]
    told = [(label, loss) for label, loss in told if loss]
    best = min(told, key=lambda pair: fmean(pair[1].values()), default=None)
    if best is not None:
        differences = [plain[seed] - best[1][seed] for seed in sorted(plain.keys() & best[1].keys())]
        half = half_width(differences)
        if half is None or fmean(differences) - half <= 0.0:
            best = None
    return _Scaled(task, plain, best)


def _row(variant: Variant, families: Mapping[str, Sequence[_Scaled]]) -> UserRow:
    held = [row for tasks in families.values() for one in tasks if (row := one.task.rows.get(variant))]
    return UserRow(
        variant=variant,
        tier=max((row.tier for row in held), key=TIERS.index),
        told_group=any(row.told_group for row in held),
        uses={name: use for name, tasks in families.items() if (use := _use(variant, tasks)) is not None},
        ok=sum(row.ok for row in held),
        expected=sum(row.expected for row in held),
    )


def _use(variant: Variant, tasks: Sequence[_Scaled]) -> Use | None:
    """The method on one family; None where it has no row."""
    rows = {one.name: row for one in tasks if (row := one.task.rows.get(variant)) and row.ranked}
    if not rows:
        return None
    ok, expected = sum(row.ok for row in rows.values()), sum(row.expected for row in rows.values())
    if not ok:
        return Use(None, None, ok, expected, "failed")
    gains = [one for one in tasks if one.told]
    lacking = [one.name for one in gains if one.name not in rows]
    ratio = None if len(rows) < len(tasks) else _ratio([_pair(one, rows[one.name]) for one in tasks], tasks)
    gain = None if lacking or not gains else _gain([_triple(one, rows[one.name]) for one in gains])
    return Use(ratio, gain, ok, expected, f"{len(rows)} of {len(tasks)} tasks" if len(rows) < len(tasks) else "")


def _pair(one: _Scaled, row: Row) -> dict[int, tuple[float, float]]:
    """Seed -> (plain, method)."""
    own = losses(row.ranked, one.task.board.task)
    return {seed: (one.plain[seed], own[seed]) for seed in sorted(one.plain.keys() & own.keys())}


def _triple(one: _Scaled, row: Row) -> dict[int, tuple[float, ...]]:
    """Seed -> (plain, method, best told)."""
    told = one.told[1] if one.told else {}
    return {seed: (*pair, told[seed]) for seed, pair in _pair(one, row).items() if seed in told}


def _common(tables: Sequence[Mapping[int, tuple[float, ...]]]) -> Array | None:
    """``(tasks, columns, seeds)`` over the seeds that all ``tables`` have; None without one."""
    seeds = sorted(set.intersection(*(set(table) for table in tables)))
    return np.array([[table[seed] for seed in seeds] for table in tables]).swapaxes(1, 2) if seeds else None


def _gain(tables: Sequence[Mapping[int, tuple[float, ...]]]) -> Interval | None:
    values = _common(tables)
    if values is None:
        return None
    plain, own, told = values[:, 0], values[:, 1], values[:, 2]  # (tasks, seeds)
    scale = (plain - told).mean(1, keepdims=True)
    if not (scale > 0.0).all():  # on the seeds that this method has
        return None
    gains = (plain - own).mean(1, keepdims=True) / scale
    gain = float(gains.mean())
    # A common shift s of all gains is told from 0 by a t-test of residual - s * unit over seeds.
    residual = ((plain - own - gains * (plain - told)) / scale).mean(0)
    unit = ((plain - told) / scale).mean(0)
    shift = fieller(residual, unit)
    return Interval(gain, None, None) if shift is None else Interval(gain, gain + shift[0], gain + shift[1])


def _ratio(tables: Sequence[Mapping[int, tuple[float, ...]]], tasks: Sequence[_Scaled]) -> Interval | None:
    values = _common(tables)
    if values is None or not all(has_ratios(one.task.board.task) for one in tasks):
        return None
    plain, own = values[:, 0], values[:, 1]  # (tasks, seeds)
    if not (plain.mean(1) > 0.0).all():
        return None
    if not (own.mean(1) > 0.0).all():
        return Interval(0.0, None, None)
    log = float(np.log(own.mean(1) / plain.mean(1)).mean())
    half = half_width((own / own.mean(1, keepdims=True) - plain / plain.mean(1, keepdims=True)).mean(0))
    if half is None:
        return Interval(math.exp(log), None, None)
    return Interval(math.exp(log), math.exp(log - half), math.exp(log + half))


def _order(row: UserRow) -> tuple[int, float]:
    """Most families with a gain first, then the largest mean gain. It orders rows; it is not a score."""
    gains = [use.gain.value for use in row.uses.values() if use.gain is not None]
    return -len(gains), -fmean(gains) if gains else 0.0
