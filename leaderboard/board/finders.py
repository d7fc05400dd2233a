"""Who finds the symmetry: each discoverer over all tasks, in counts of runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.api import TIERS
from bench.leaderboard.board.front import Compared, Variant, compared
from bench.leaderboard.board.model import Board, Row
from bench.metrics.statistics import clopper_pearson


@dataclass(frozen=True)
class Outcomes:
    """Counts of runs on tasks that have a symmetry. A failed run finds nothing."""

    finds: int = 0
    part: int = 0  # finds a part of the symmetry, and not all of it
    right: int = 0  # has the true dimension
    runs: int = 0
    failed: int = 0

    @property
    def nothing(self) -> int:
        return self.runs - self.finds - self.part

    def __add__(self, other: Outcomes) -> Outcomes:
        return Outcomes(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass(frozen=True)
class FinderRow:
    """A discoverer with a search space and settings."""

    variant: Variant
    tier: str
    families: Mapping[str, Outcomes]
    tasks: int  # with a symmetry, on which it was judged
    false: int  # runs on controls with a false discovery
    controls: int  # runs on controls
    defect: float | None  # median of the sup defect over runs
    seconds: float | None  # median of the time of fitting over runs

    @property
    def total(self) -> Outcomes:
        return sum(self.families.values(), Outcomes())

    @property
    def mean_finds(self) -> float:
        """The share of runs that find the symmetry, mean over families: many tasks of one family count as one."""
        return _mean([counts.finds / counts.runs for counts in self.families.values()])

    @property
    def mean_part(self) -> float:
        """The share of runs that find a part of it, likewise."""
        return _mean([counts.part / counts.runs for counts in self.families.values()])

    @property
    def false_interval(self) -> tuple[float, float] | None:
        """The exact 95 % interval of the probability of a false discovery on a control; None without a control run."""
        return clopper_pearson(self.false, self.controls) if self.controls else None


@dataclass(frozen=True)
class Finders:
    """The first front page. Rows that were judged on every task come first, and most finds before fewer."""

    rows: tuple[FinderRow, ...]
    families: tuple[str, ...]  # with a task that has a symmetry
    tasks: int  # with a symmetry
    controls: tuple[str, ...]


def build_finders(boards: Iterable[Board]) -> Finders:
    """The front page from the boards of all tasks; methods told the group and pipelines discover nothing."""
    by_variant: defaultdict[Variant, list[tuple[Compared, Row]]] = defaultdict(list)
    for task in filter(None, map(compared, boards)):
        for variant, row in task.rows.items():
            if _discovers(task, row):
                by_variant[variant].append((task, row))
    every_row = (_row(variant, placed) for variant, placed in by_variant.items())
    rows = [row for row in every_row if row.tasks or row.controls]
    every = [pair for placed in by_variant.values() for pair in placed]
    true = {task.board.task.id: task.family for task, row in every if not task.is_control and _outcomes(row).runs}
    controls = {task.board.task.id for task, row in every if task.is_control and false_of(row)[1]}
    rows.sort(key=lambda row: (row.tasks < len(true), *_share(row), row.variant))
    return Finders(tuple(rows), tuple(sorted(set(true.values()))), len(true), tuple(sorted(controls)))


def finds_of(row: Row) -> tuple[int, int]:
    """In how many runs ``row`` finds the symmetry, and of how many; (0, 0) for one that is not judged or discovers
    nothing itself."""
    counts = Outcomes() if row.told_group or row.repeats else _outcomes(row)
    return counts.finds, counts.runs


def false_of(row: Row) -> tuple[int, int]:
    """In how many runs ``row`` makes a false discovery, and of how many with a result; (0, 0) as for finds."""
    values = [] if row.told_group or row.repeats else row.values.get("symmetry/false_discovery", {}).values()
    return sum(value > 0.5 for value in values), len(values)


def _discovers(task: Compared, row: Row) -> bool:
    """Whether ``row`` is a discoverer; one without any result is recognised by its card."""
    if row.told_group or row.repeats:
        return False
    card = task.board.methods.get(row.method)
    return any(name.startswith("symmetry/") for name in row.values) or (card is not None and card.discovers)


def _outcomes(row: Row) -> Outcomes:
    """The counts of one row; all 0 where its results are not judged, as on a task without a known symmetry."""
    finds, part = row.values.get("symmetry/finds", {}), row.values.get("symmetry/finds_part", {})
    if row.ok and not finds:
        return Outcomes()
    dimension, true = (row.values.get(f"symmetry/{name}", {}) for name in ("dimension", "true_dimension"))
    whole = {seed for seed, value in finds.items() if value > 0.5}
    return Outcomes(
        finds=len(whole),
        part=sum(value > 0.5 for seed, value in part.items() if seed not in whole),
        right=sum(dimension[seed] == true.get(seed) for seed in dimension.keys() & finds.keys()),
        runs=len(finds) + row.crashes,
        failed=row.crashes,
    )


def _row(variant: Variant, placed: Sequence[tuple[Compared, Row]]) -> FinderRow:
    true = [(task.family, row, _outcomes(row)) for task, row in placed if not task.is_control]
    judged = [(family, row, counts) for family, row, counts in true if counts.runs]
    false = [false_of(row) for task, row in placed if task.is_control]
    defects = [value for _, row, _ in judged for value in row.values.get("symmetry/defect_sup", {}).values()]
    seconds = [value for _, row, _ in true for run in row.attempts if (value := run.cost.get("fit_s")) is not None]
    families: defaultdict[str, Outcomes] = defaultdict(Outcomes)
    for family, _, counts in judged:
        families[family] += counts
    return FinderRow(
        variant=variant,
        tier=max((row.tier for _, row in placed), key=TIERS.index),
        families=dict(sorted(families.items())),
        tasks=len(judged),
        false=sum(count for count, _ in false),
        controls=sum(runs for _, runs in false),
        defect=median(defects) if defects else None,
        seconds=median(seconds) if seconds else None,
    )


def _share(row: FinderRow) -> tuple[float, float, float]:
    """The sort key of a row: most finds, then most parts, families alike, then fewest false discoveries."""
    return -row.mean_finds, -row.mean_part, row.false / max(row.controls, 1)


def _mean(shares: Sequence[float]) -> float:
    return sum(shares) / len(shares) if shares else 0.0
