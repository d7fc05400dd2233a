"""What an author of a task writes: a Task whose load() returns TaskData with units and truth."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.api.cards import Budget, TaskCard
from bench.api.context import OnProgress
from bench.api.parameters import Parameters
from bench.api.problem import AlgebraSampler, Loss, Split, SymmetryEstimate, identity
from bench.lie.action import Action
from bench.lie.search_space import SearchSpace


@dataclass(frozen=True)
class Units:
    """From training units to physical ones: x_phys = x * scale_in, y_phys = y * scale_out + shift_out.

    ``scale_in`` and ``scale_out`` broadcast over the last axis; ``generator_scale`` (d,) is the diagonal D of
    L_phys = D L D⁻¹. Scales are isotropic per vector type, so a rotation stays a rotation.
    """

    scale_in: Tensor
    scale_out: Tensor
    shift_out: Tensor
    generator_scale: Tensor

    def x_to_training(self, x: Tensor) -> Tensor:
        return x / self.scale_in.to(x)

    def y_to_training(self, y: Tensor) -> Tensor:
        if not y.is_floating_point():  # class labels have no unit
            return y
        return (y - self.shift_out.to(y)) / self.scale_out.to(y)

    def y_to_physical(self, y: Tensor) -> Tensor:
        return y * self.scale_out.to(y) + self.shift_out.to(y)

    def generators_to_physical(self, generators: Tensor) -> Tensor:
        scale = self.generator_scale.to(generators)
        return generators * scale[:, None] / scale[None, :]

    def generators_to_training(self, generators: Tensor) -> Tensor:
        scale = self.generator_scale.to(generators)
        return generators / scale[:, None] * scale[None, :]


@dataclass(frozen=True)
class Truth:
    """The symmetry of a task, in physical units.

    ``textbook`` is the basis that papers compare against, ``algebra`` all of the search space that is a symmetry
    of the true map (computed where the map is known), ``sample`` the true group's distribution.
    """

    textbook: Tensor  # (r, d, d)
    algebra: Callable[[SearchSpace], Tensor]  # search space -> (r, d, d)
    sample: AlgebraSampler
    on_data: Tensor | None = None  # a known larger algebra that labels of the data distribution do not exclude
    leakage: Mapping[str, Tensor] = field(default_factory=dict)  # name -> matrices whose share in L is reported
    names: tuple[str, ...] = ()  # of the textbook's generators, where each is looked for by itself
    parts: Mapping[str, AlgebraSampler] = field(default_factory=dict)  # name -> a subgroup's distribution


@dataclass(frozen=True)
class Orientations:
    """Inputs in a known orientation, turned step by step through the whole group: score and E' against the angle."""

    upright: Split  # test examples at angle 0
    direction: Tensor  # (d, d) unit generator: exp(angle * direction) turns by angle (radians)
    trained: float  # half-width of the training angles, radians
    period: float = 2.0 * math.pi  # angle after which the training angles come again, radians


@dataclass(frozen=True)
class TaskData:
    """Everything of a task, in physical units; a method is given only the :class:`Problem` made from it."""

    train: Split
    val: Split
    test: Split
    action_in: Action
    action_out: Action
    spaces: Mapping[str, SearchSpace]
    units: Units
    truth: Truth | None
    loss: Loss
    backbone: Callable[[], nn.Module]
    score: Callable[[Tensor, Tensor], Tensor]  # (prediction, target) -> per-example score (n,), physical units
    field_weights: Tensor  # one weight per physical unit, broadcast over x, for the field inner product
    references: Mapping[str, float]  # scores of trivial predictors on the test set
    data_sha256: str
    data_note: str
    link: Callable[[Tensor], Tensor] = identity  # as in Problem
    orientations: Orientations | None = None


class Task(ABC):
    """A task: one subclass per task id, in ``tasks/``."""

    card: TaskCard
    Options: type[Parameters]

    @abstractmethod
    def prepare(self, data_dir: Path, on_progress: OnProgress) -> None:
        """Download or generate the data once; called by the parent before any cell runs."""

    @abstractmethod
    def fingerprint(self, data_dir: Path) -> str:
        """A string that changes when the data change; part of a cell's key. Cheap."""

    @abstractmethod
    def load(self, budget: Budget, options: Any, data_dir: Path) -> TaskData:
        """The data at this budget."""


def to_physical(estimate: SymmetryEstimate, units: Units) -> SymmetryEstimate:
    """Generators and distribution in physical units, float64 on the host."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        return units.generators_to_physical(estimate.sample(n, generator))

    generators = units.generators_to_physical(estimate.generators.double())
    return SymmetryEstimate(generators, sample, estimate.strength)


def to_training(estimate: SymmetryEstimate, units: Units) -> SymmetryEstimate:
    """The inverse of :func:`to_physical`: what a method that is told the group receives."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        return units.generators_to_training(estimate.sample(n, generator))

    return SymmetryEstimate(units.generators_to_training(estimate.generators), sample, estimate.strength)
