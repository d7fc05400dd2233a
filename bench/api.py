"""What authors of methods and tasks see: the cards, a Problem, a Fitted, a SymmetryEstimate, and the RunContext."""

from __future__ import annotations

import contextlib
import hashlib
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from bench.lie.action import Action
from bench.lie.search_space import SearchSpace
from bench.params import Parameters
from bench.progress import OnProgress

#: Knowledge tiers, weakest first: what a method is told beyond its search space.
TIERS = ("none", "cardinality", "mask", "group")

Array = np.ndarray[Any, Any]
#: A training loss, (prediction, target) -> scalar: the mean over the examples of a batch.
Loss = Callable[[Tensor, Tensor], Tensor]
#: Draws ``(n, d, d)`` algebra elements A, so that exp(A) are random elements of a group.
AlgebraSampler = Callable[[int, torch.Generator], Tensor]


@dataclass(frozen=True)
class MethodCard:
    """What a method is: shown by ``list methods`` and on every board."""

    id: str
    title: str
    summary: str
    knowledge: str  # one of TIERS
    citation: str
    aliases: tuple[str, ...] = ()
    discovers: bool = False  # returns generators, so it can stand first in `<this>+<consumer>`
    searches: bool = False  # looks in a search space, so it gets one row per space
    consumes: bool = False  # needs the generators of a discoverer: run as `<discoverer>+<this>`


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
    epochs: int
    batch_size: int
    lr: float  # peak learning rate of the network (Adam)
    equivariance_inputs: int  # test inputs on which E and E' are measured
    equivariance_elements: int  # group elements per input (M in the paper's Eq. 3, 4)
    wall_limit_s: int = 3600
    threads: int = 1
    gpus: float = 0.25  # share of one GPU that a cell takes, where it runs on one: a small network leaves most idle
    options: Mapping[str, Any] = field(default_factory=dict)  # the task's own options at this size


@dataclass(frozen=True)
class TaskCard:
    """What a task is: data, split, search spaces, metric and budgets."""

    id: str
    title: str
    summary: str
    family: str  # methods keep one table of settings per family
    version: int
    metric: MetricCard
    searches: tuple[str, ...]  # the first is the default; the widest needs no prior knowledge
    budgets: Mapping[str, Budget]
    cardinality: int  # number of generators of the textbook algebra, told to tiers >= "cardinality"
    citation: str
    published: Mapping[str, float] = field(default_factory=dict)  # method id -> the paper's number, same unit
    output_unit: str | None = None  # unit of a prediction, and so of E and E'; None: the metric's
    unit_angle: float | None = None  # smallest angle of a discrete group, radians; None: the group is continuous
    control: bool = False  # made without any symmetry: whatever is declared is a false discovery


@dataclass(frozen=True)
class Split:
    """Examples in memory. ``sizes`` (points only): valid rows per example, so that batches carry little padding.

    ``redraw`` (training only): the data's own randomness, drawn anew whenever a batch is taken.
    """

    x: Tensor  # (n, *shape)
    y: Tensor  # (n, *shape_out), or class labels (n,) int64
    sizes: np.ndarray[Any, np.dtype[np.int64]] | None = None
    redraw: Callable[[Tensor, torch.Generator], Tensor] | None = None  # index (b,) on the host -> x (b, *shape)

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(index (b,), x (b, *shape))`` over all examples, nothing dropped, trimmed to the batch's largest."""
        order = np.arange(len(self)) if self.sizes is None else np.argsort(self.sizes, kind="stable")
        for start in range(0, len(self), batch_size):
            chosen = order[start : start + batch_size]
            index = torch.from_numpy(chosen).to(self.x.device)
            x = self.x[index]
            yield index, x if self.sizes is None else x[:, : int(self.sizes[chosen].max())]


@dataclass(frozen=True)
class SymmetryEstimate:
    """What a discoverer found: generators ``(k, d, d)``, a strength ``(k,)`` or None, and its distribution.

    ``sample`` is a :class:`~bench.coefficients.CoefficientSampler` wherever the discovery is to be stored, which
    every method that searches is.
    """

    generators: Tensor
    sample: AlgebraSampler
    strength: Tensor | None = None


def identity(x: Tensor) -> Tensor:
    """``x`` itself."""
    return x


@dataclass(frozen=True)
class Problem:
    """All that a method is given: nothing in it leads to the test set, the truth, or the task's name."""

    train: Split
    val: Split
    action_in: Action
    action_out: Action
    search: SearchSpace
    loss: Loss
    backbone: Callable[[], nn.Module]
    device: torch.device
    link: Callable[[Tensor], Tensor] = identity  # from the backbone's output to a prediction: softmax for classes
    group: SymmetryEstimate | None = None  # the true group; only for methods of tier "group"
    given: SymmetryEstimate | None = None  # what the discoverer before this consumer found


class Fitted(ABC):
    """A trained method."""

    #: False for a method that only discovers: it is scored by its generators alone.
    predicts: bool = True
    #: Which of :meth:`strategies` predict() follows; None where there is only one way.
    inference: str | None = None
    #: Forward passes that one prediction costs (test-time averaging is charged).
    forward_passes: int = 1
    #: Trainable parameters, network and generators together.
    parameters: int = 0

    @abstractmethod
    def predict(self, x: Tensor) -> Tensor:
        """``(n, *shape) -> (n, *shape_out)``, deterministic, each example independent of the others.

        For classes: probabilities ``(n, classes)``.
        """

    def symmetry(self) -> SymmetryEstimate | None:
        """The discovered symmetry, or None for a method that does not discover one."""
        return None

    def strategies(self) -> Mapping[str, Callable[[Tensor], Tensor]]:
        """Ways to predict that are all reported, by name; :attr:`inference` names the one that predict() follows."""
        return {}


class Method(ABC):
    """A method: one file in ``methods/`` with one subclass."""

    card: ClassVar[MethodCard]
    Params: ClassVar[type[Parameters]]
    #: Published or chosen settings per task family; ``--set`` overrides them.
    settings: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: Checks of the contract (`bench check`) that the method honestly fails, by name, and why.
    known_failures: Mapping[str, str] = {}

    def supports(self, problem: Problem) -> str | None:
        """None when the method can treat ``problem``, else the reason why not."""
        return None

    @abstractmethod
    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        """Train on ``problem`` with the parameters, device and generators of ``ctx``."""


class RunContext:
    """Parameters, device, and seeded generators by purpose, so that methods at equal seed are paired."""

    def __init__(
        self,
        params: Any,
        seed: int,
        device: torch.device,
        out_dir: Path,
        on_progress: OnProgress = lambda done, total: None,
        checkpoint: Path | None = None,
        identity: str = "",
    ) -> None:
        self.params = params
        self.seed = seed
        self.device = device
        self.out_dir = out_dir
        self.progress = on_progress
        self.steps = 0  # optimiser steps, counted by the training loop
        self.samples = 0  # training examples seen
        self.done = 0.0  # share of the training steps behind us, kept by the training loop
        self.history: dict[str, list[tuple[int, float]]] = {}
        self.traced: list[tuple[int, Tensor]] = []
        self.checkpoint = checkpoint  # where a training loop keeps its state; None keeps none
        self.identity = identity  # of the cell, its code and the device: a checkpoint of another is not taken
        self.generators: list[torch.Generator] = []  # all that rng() gave out, in this order
        self.loops = 0  # training loops begun
        self._began, self._earlier_s = time.perf_counter(), 0.0

    def rng(self, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
        """A fresh generator seeded by (seed, purpose); the same for every method."""
        self.generators.append(torch.Generator(device=device).manual_seed(seed_for(self.seed, purpose)))
        return self.generators[-1]

    def start_clock(self) -> None:
        """Fitting begins now."""
        self._began = time.perf_counter()

    def fit_seconds(self) -> float:
        """Since :meth:`start_clock`, and before that in a process whose checkpoint was taken over."""
        return self._earlier_s + time.perf_counter() - self._began

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        names = ("steps", "samples", "done", "history", "traced")
        return {name: getattr(self, name) for name in names} | {"fit_s": self.fit_seconds()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`state`; the seconds since the checkpoint are lost, those before it count."""
        self._earlier_s = state["fit_s"] - (time.perf_counter() - self._began)
        for name in ("steps", "samples", "done", "history"):
            setattr(self, name, state[name])
        self.traced = [(step, generators.cpu()) for step, generators in state["traced"]]

    @contextlib.contextmanager
    def seeded(self, purpose: str) -> Iterator[None]:
        """Make torch's global generator (weight initialisation uses it) deterministic inside the block."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_for(self.seed, purpose))
            yield

    def log(self, step: int, **metrics: float) -> None:
        """Record scalars at ``step`` (an epoch); they are stored with the record and mirrored to MLflow."""
        for name, value in metrics.items():
            self.history.setdefault(name, []).append((step, float(value)))

    def trace(self, step: int, generators: Tensor) -> None:
        """Keep the generators ``(k, d, d)`` as they are at ``step`` (an epoch); stored with the record."""
        self.traced.append((step, generators.detach().double().cpu()))


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


def seed_for(seed: int, purpose: str) -> int:
    """A 63-bit seed for one purpose of one run: the head of SHA-256("purpose:seed")."""
    return int.from_bytes(hashlib.sha256(f"{purpose}:{seed}".encode()).digest()[:8], "big") >> 1


def tier_of(method: MethodCard, search: str, task: TaskCard) -> str:
    """The knowledge tier of a row: the method's own, raised to ``mask`` by a search space narrower than the widest."""
    tiers: Sequence[str] = (method.knowledge, "mask" if method.searches and search != task.searches[0] else "none")
    return max(tiers, key=TIERS.index)
