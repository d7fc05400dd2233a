"""What a study is: curves of scores over a parameter, on a page of its own, apart from the boards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from bench.api import TaskCard
from bench.leaderboard.board.front import BUDGET
from bench.records.preset import Preset
from bench.records.record import Record, Value

#: In a study's scores, this word means the primary metric of each task.
PRIMARY = "primary"


@dataclass(frozen=True)
class Axis:
    """A parameter and the values that it takes in a study."""

    parameter: str  # as ``--set`` names it
    title: str
    values: tuple[Value, ...]


class Point(NamedTuple):
    """One setting of a study: a method, the value of the series (None without one), and the value on the x axis."""

    method: str
    series: Value
    value: Value


@dataclass(frozen=True)
class Study:
    """A study, declared before its runs; the suite named by ``suite`` runs its cells."""

    id: str  # name of its page
    title: str
    about: str  # a paragraph; `code` and *italics* may stand in it
    suite: str
    tasks: tuple[str, ...]
    methods: tuple[str, ...]  # each with the widest search space
    axis: Axis  # the x axis
    scores: tuple[str, ...]  # columns of the table, and the y axes unless ``against`` is given
    series: Axis | None = None  # a line for each value
    fixed: Mapping[str, Value] = field(default_factory=dict)  # parameters that have this value at every point
    against: tuple[str, str] | None = None  # the scores on x and y of a figure in which the axis runs along the lines
    seeds: tuple[int, ...] = (0, 1, 2)
    budget: str = BUDGET

    @property
    def lines(self) -> list[tuple[Point, ...]]:
        """Every line of a figure: its settings, in order."""
        series = self.series.values if self.series else (None,)
        pairs = product(self.methods, series)
        return [tuple(Point(method, of, value) for value in self.axis.values) for method, of in pairs]

    @property
    def points(self) -> list[Point]:
        """Every setting, in the order of the table."""
        return [point for line in self.lines for point in line]

    def names(self, card: TaskCard) -> tuple[str, ...]:
        """The names of :attr:`scores` on the task of ``card``."""
        return tuple(card.metric.name if name == PRIMARY else name for name in self.scores)

    def point_of(self, record: Record, card: TaskCard) -> Point | None:
        """The setting that ``record``, of the task of ``card``, was run with; None if it does not belong here.

        All parameters but those of the study have their defaults.
        """
        if record.task.id not in self.tasks or record.budget != self.budget:
            return None
        if record.method.search not in (None, card.searches[0]):
            return None
        names = [axis.parameter for axis in (self.series, self.axis) if axis]
        if not record.changed.keys() <= {*names, *self.fixed}:
            return None
        if not all(name in record.params for name in names) or not self.fixed.items() <= record.params.items():
            return None
        series = record.params[self.series.parameter] if self.series else None
        point = Point(record.method.id, series, record.params[self.axis.parameter])
        return point if point in self.points else None


def only_studied(record: Record, card: TaskCard, studies: Iterable[Study], presets: Iterable[Preset]) -> bool:
    """Whether ``record`` exists for a study alone, so that boards leave it out: neither a default nor a preset."""
    if not record.changed or record.preset is not None:
        return False
    place = (record.task.id, record.task.version, record.method.id, record.method.search, record.budget)
    for preset in presets:
        same_row = place == (preset.task, preset.version, preset.method, preset.search, preset.budget)
        if same_row and preset.made(record.changed):
            return False
    return any(study.point_of(record, card) is not None for study in studies)
