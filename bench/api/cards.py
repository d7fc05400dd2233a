"""Cards: what ``list`` and the boards show of a method and of a task."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.errors import BenchError

#: Knowledge tiers, weakest first: what a method is told beyond its search space.
TIERS = ("none", "cardinality", "mask", "group")

#: An id names folders and files and is a word on a command line. A double hyphen separates a method from its
#: search space, and a plus makes a pipeline, so an id has neither.
ID = re.compile(r"[a-z0-9](?:-?[a-z0-9_.])*")
#: Characters. A folder's name holds three ids at most (``discoverer+consumer--search``), and 255 bytes.
ID_LENGTH = 64


@dataclass(frozen=True)
class MethodCard:
    """What a method is: shown by ``list methods`` and on every board."""

    id: str
    title: str
    summary: str
    knowledge: str  # one of TIERS
    citation: str
    version: int = 1  # raised by a change that can move numbers; records of another version are stale
    aliases: tuple[str, ...] = ()
    discovers: bool = False  # returns generators, so it can stand first in `<this>+<consumer>`
    searches: bool = False  # looks in a search space, so it gets one row per space
    consumes: bool = False  # needs the generators of a discoverer: run as `<discoverer>+<this>`

    @property
    def told_group(self) -> bool:
        """Whether the method is told the true group before it fits."""
        return self.knowledge == "group"


@dataclass(frozen=True)
class MetricCard:
    """The score that ranks a task."""

    name: str
    unit: str
    higher_is_better: bool
    decimals: str = ".4g"


@dataclass(frozen=True)
class Budget:
    """The size of a cell, equal for all methods of a task: examples, optimisation, and evaluation."""

    train: int  # training examples
    val: int  # validation examples
    test: int  # test examples
    passes: int  # examples forward and backward through the network in a whole training, copies counted
    batch_size: int
    lr: float  # peak learning rate of the network (Adam)
    equivariance_inputs: int  # test inputs on which E and E' are measured
    equivariance_elements: int  # group elements per input (M in the paper's Eq. 3, 4)
    discovery_steps: int = 5_000  # optimiser steps of a discoverer that does not train the task's network
    wall_limit_s: int = 3600
    threads: int = 1
    gpus: float = (
        0.25  # share of one GPU that a cell takes, where it runs on one: a small network leaves most of it idle
    )
    options: Mapping[str, Any] = field(default_factory=dict)  # the task's own options at this size

    def __post_init__(self) -> None:
        for name in ("passes", "discovery_steps"):
            value: object = getattr(self, name)
            if not (type(value) is int and value >= 1):
                raise BenchError(f"{name} of a budget is {value!r:.80}; it must be an integer of at least 1.")


@dataclass(frozen=True)
class TaskCard:
    """What a task is: data, split, search spaces, metric and budgets."""

    id: str
    title: str
    summary: str
    family: str  # methods keep one table of settings per family
    version: int  # raised by a change that can move numbers; records of another version are stale
    metric: MetricCard
    searches: tuple[str, ...]  # the first is the default; the widest needs no prior knowledge
    budgets: Mapping[str, Budget]
    cardinality: int  # number of generators of the textbook algebra, told to tiers >= "cardinality"
    citation: str
    published: Mapping[str, float] = field(default_factory=dict)  # method id -> the paper's number, same unit
    output_unit: str | None = None  # unit of a prediction, and so of E and E'; None: the metric's
    unit_angle: float | None = None  # smallest angle of a discrete group, radians; None: the group is continuous
    control: bool = False  # made without any symmetry: whatever is declared is a false discovery


def tier_of(method: MethodCard, search: str, task: TaskCard) -> str:
    """The knowledge tier of a row: the method's own, raised to ``mask`` by a search space narrower than the widest."""
    tiers: Sequence[str] = (method.knowledge, "mask" if method.searches and search != task.searches[0] else "none")
    return max(tiers, key=TIERS.index)


def id_fault(name: object) -> str | None:
    """None when ``name`` can be an id, else in one line what it is and what is allowed."""
    if isinstance(name, str) and len(name) <= ID_LENGTH and ID.fullmatch(name):
        return None
    return f"is {name!r:.80}; it must match {ID.pattern} and have at most {ID_LENGTH} characters (it names a folder)"


def card_fault(card: MethodCard | TaskCard) -> str | None:
    """None when all names on ``card`` can be part of a path, else the first that cannot: its place, value, allowed."""
    if isinstance(card, TaskCard) and not (type(card.version) is int and card.version >= 1):
        return f"card.version is {card.version!r:.80}; it must be an integer of at least 1"
    return next((f"{place} {fault}" for place, name in _names(card) if (fault := id_fault(name))), None)


def _names(card: MethodCard | TaskCard) -> Iterator[tuple[str, object]]:
    """The names on a card that become parts of paths, each with its place."""
    yield "card.id", card.id
    if isinstance(card, MethodCard):
        yield from (("an alias of the card", name) for name in _listed(card.aliases))
    else:
        yield from (("a search space of the card", name) for name in _listed(card.searches))
        yield from (("a budget of the card", name) for name in card.budgets)


def _listed(names: Sequence[str]) -> Sequence[object]:
    """The names of a tuple. A bare string is one (wrong) name, not a tuple of letters."""
    return (names,) if isinstance(names, str) else names
