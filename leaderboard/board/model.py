"""The contents of a board: plain data, made by `bench.leaderboard.board.build`, read by every renderer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.api import Budget, MethodCard, TaskCard
from bench.records.preset import Preset
from bench.records.record import Status

#: Statuses of a seed that had no chance of a result. All others without one are failures, and count.
NO_CHANCE = frozenset({Status.UNSUPPORTED, Status.INTERRUPTED})


@dataclass(frozen=True)
class Entry:
    """One score or cost over the seeds that have it."""

    mean: float
    std: float | None  # ddof = 1; None for one seed
    half_width: float | None  # of the 95 % interval of the mean (Student's t); None below three seeds
    n: int
    unit: str


@dataclass(frozen=True)
class Failure:
    """A seed without a result, with its status and reason."""

    seed: int
    status: str
    reason: str


@dataclass(frozen=True)
class Run:
    """A seed with a result, and the names of its stored arrays."""

    key: str
    seed: int
    started: str
    arrays: frozenset[str]  # names


@dataclass(frozen=True)
class Attempt:
    """A seed as it was run, with a result or without; its scores are in the row's ``values``."""

    seed: int
    status: str
    reason: str  # "" with a result
    started: str
    params: Mapping[str, Any]
    cost: Mapping[str, float | None]  # by name, its discovery included
    env: Mapping[str, Any]
    discovery: str | None  # place of the record whose generators it uses


@dataclass(frozen=True)
class Row:
    """All seeds of one (method, search space, budget, parameters)."""

    label: str  # unique in its section
    method: str
    search: str | None
    changed: Mapping[str, Any]
    preset: str | None  # name of the preset that explains the changes, or most of them
    by_hand: tuple[str, ...]  # changed parameters that the preset, where it is known here, does not explain
    key: str
    tier: str
    rank: int | None  # within its pool, by the mean of ``ranked``; None without a result
    ok: int
    expected: int
    stale: int  # records of another version of the task or the method
    seeds: tuple[int, ...]
    failures: tuple[Failure, ...]
    hardware: tuple[str, ...]  # distinct fingerprints of the ok seeds
    entries: Mapping[str, Entry]  # by score name; costs as "cost/<name>"
    values: Mapping[str, Mapping[int, float]]  # score name -> seed -> value, of the ok seeds
    validation: Mapping[int, float]  # seed -> primary metric on the validation split, of the ok seeds
    ranked: Mapping[int, float]  # seed -> primary metric; the constant predictor's for a failed seed
    tied: bool  # the best of its pool, or not told from it by a test of the two, like all that rank before it
    letters: str  # the test does not separate rows of one pool that share a letter; "" with too few seeds
    published: float | None  # the paper's number
    runs: tuple[Run, ...]  # the ok seeds, lowest first
    attempts: tuple[Attempt, ...]  # all seeds, lowest first
    repeats: bool  # a pipeline, which has the generators of its discoverer

    @property
    def told_group(self) -> bool:
        """Whether the row belongs to the pool of methods that are told the group."""
        return self.tier == "group"

    @property
    def failed_seeds(self) -> frozenset[int]:
        """Failed seeds, which count as the constant predictor in ranks."""
        return frozenset(failure.seed for failure in self.failures if failure.seed in self.ranked)

    @property
    def crashes(self) -> int:
        """The number of seeds that ended by themselves without a result; unsupported and stopped ones are not."""
        return sum(failure.status not in NO_CHANCE for failure in self.failures)


@dataclass(frozen=True)
class Section:
    """Rows that may be compared: one task version, budget, share of its training examples, recipe of data."""

    version: int
    budget: str
    train_fraction: float  # of the budget's training examples
    data: str  # the task's fingerprint of its data
    data_notes: tuple[str, ...]
    sizes: tuple[tuple[int, int, int], ...]  # distinct (train, val, test); more than one is a warning
    size: Budget | None  # None for a budget that the task no longer has
    rows: tuple[Row, ...]  # by rank: methods that are not told the group, then methods that are
    references: Mapping[str, float]  # trivial predictor -> primary metric, mean over seeds
    disagreeing: tuple[str, ...]  # references whose value differs between the records of one seed
    detectable: float | None  # mean paired difference of the primary metric that a test detects with 80 % power
    presets: tuple[Preset, ...] = ()  # of sweeps of this version and budget


@dataclass(frozen=True)
class Board:
    """Everything on the page of one task."""

    task: TaskCard
    sections: tuple[Section, ...]
    methods: Mapping[str, MethodCard]  # of the methods in the rows that this installation knows
    skipped: int  # number of files that are not valid records
