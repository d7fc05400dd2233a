"""What an author of a task writes: a Task that loads its training data, and after the fit its test data and truth."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

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

    @classmethod
    def as_they_are(cls, dim: int) -> Units:
        """Training units are the physical ones; generators are ``(dim, dim)``."""
        one = torch.ones(1)
        return cls(one, one, torch.zeros(1), torch.ones(dim, dtype=torch.float64))

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
class Group:
    """The true group as a method of tier "group" is told it, in physical units."""

    textbook: Tensor  # (r, d, d), the basis that papers compare against
    sample: AlgebraSampler  # draws algebra elements of the group's distribution


@dataclass(frozen=True)
class Truth:
    """The symmetry of a task, in physical units.

    ``algebra`` gives all of a search space that is a symmetry of the true map (computed where the map is known).
    """

    group: Group
    algebra: Callable[[SearchSpace], Tensor]  # search space -> (r, d, d)
    on_data: Tensor | None = None  # a known larger algebra that labels of the data distribution do not exclude
    leakage: Mapping[str, Tensor] = field(default_factory=dict)  # name -> matrices whose share in L is reported
    names: tuple[str, ...] = ()  # of the textbook's generators, where each is looked for by itself
    parts: Mapping[str, AlgebraSampler] = field(default_factory=dict)  # name -> a subgroup's distribution

    @property
    def textbook(self) -> Tensor:
        return self.group.textbook

    @property
    def sample(self) -> AlgebraSampler:
        return self.group.sample


@dataclass(frozen=True)
class Orientations:
    """Inputs in a known orientation, turned step by step through the whole group: score and E' against the angle."""

    upright: Split  # test examples at angle 0
    direction: Tensor  # (d, d) unit generator: exp(angle * direction) turns by angle (radians)
    trained: float  # half-width of the training angles, radians
    period: float = 2.0 * math.pi  # angle after which the training angles repeat, radians


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What :meth:`Task.load` returns before a method fits, in physical units: without the test set and the truth.

    The method itself is given only the :class:`~bench.api.problem.Problem` made from it.
    """

    train: Split
    val: Split
    action_in: Action
    action_out: Action
    spaces: Mapping[str, SearchSpace]
    units: Units
    loss: Loss
    backbone: Callable[[], nn.Module]
    score: Callable[[Tensor, Tensor], Tensor]  # (prediction, target) -> per-example score (n,), physical units
    field_weights: Tensor  # one weight per physical unit, broadcast over x, for the field inner product
    data_sha256: str
    data_note: str
    link: Callable[[Tensor], Tensor] = identity  # as in Problem


@dataclass(frozen=True, kw_only=True)
class EvaluationData:
    """What :meth:`Task.load_test` returns after the fit, in physical units."""

    test: Split
    truth: Truth | None  # None: no symmetry is known
    references: Mapping[str, Tensor]  # trivial predictor -> its predictions of the test targets (n, *shape_out)
    orientations: Orientations | None = None
    #: Inputs ``(n, *shape)`` of all kinds that the true map takes, where the data's own are too special to tell
    #: symmetries apart; None where they cannot be drawn.
    generic: Tensor | None = None
    #: The true map on generic inputs, ``(n, *shape) -> (n, *shape_out)``, float64 and differentiable; the change where
    #: the output is close to the input. None where it is not known.
    true_map: Callable[[Tensor], Tensor] | None = None
    #: The linear motion ``(d, d)`` closest to the flow of time; its share in what is learned is reported.
    time_flow: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class TaskData(TrainingData, EvaluationData):
    """Both parts of a task's data, joined for the evaluation."""


def joined(training: TrainingData, evaluation: EvaluationData) -> TaskData:
    """Joins both parts."""
    return TaskData(**vars(training), **vars(evaluation))


class Task(ABC):
    """A task: one subclass per task id, in ``tasks/``.

    Its data are read in two parts, so that no test example and no truth is in memory while a method fits.
    """

    card: TaskCard
    Options: type[Parameters] = Parameters
    #: Whether the files may hold fewer examples than a budget asks for, because some were left out of them.
    may_be_short: ClassVar[bool] = False

    def prepare(self, data_dir: Path, on_progress: OnProgress) -> None:  # noqa: B027
        """Download or generate the data once, before any cell runs; does nothing for data that are made in memory."""

    def fingerprint(self, data_dir: Path) -> str:
        """A string that changes when the data change; part of a cell's key. Cheap.

        By default id and version: enough for data that the task's code makes, not for data from a file.
        """
        return f"{self.card.id}-{self.card.version}"

    def extra_seconds(self, options: Any) -> float:
        """What a cell may take beyond its budget's wall limit, for a cost of these options that comes but once."""
        return 0.0

    @abstractmethod
    def load(self, budget: Budget, options: Any, data_dir: Path, seed: int) -> TrainingData:
        """Training and validation data at this budget, drawn by ``seed``, and all that a method is given."""

    @abstractmethod
    def load_test(self, training: TrainingData, budget: Budget, options: Any, data_dir: Path) -> EvaluationData:
        """The test data and the truth, read after the fit; the test data are the same for all seeds.

        ``training`` is what :meth:`load` returned.
        """

    def group(self, options: Any, data_dir: Path) -> Group | None:
        """The true group, asked for before the fit of a method of tier "group"; None where none is known."""
        return None


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
