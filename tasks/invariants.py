"""Known functions of several vectors under one known group: O(5) regression, electron-muon scattering, inertia.

Source: Finzi, Welling, Wilson: A practical method for constructing equivariant multilayer perceptrons for arbitrary
matrix groups (ICML 2021). Equations, units and truths: docs/tasks/invariants.md.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bench.api import (
    AlgebraSampler,
    Budget,
    EvaluationData,
    Group,
    MetricCard,
    Split,
    Task,
    TaskCard,
    TrainingData,
    Truth,
    Units,
    seed_for,
)
from bench.api.parameters import Parameters, parameter
from bench.lie.action import Action, IdentityAction
from bench.lie.algebra import so
from bench.lie.matrices import MatrixAction
from bench.lie.nullspace import linear_symmetries
from bench.lie.search_space import SearchSpace, full
from bench.lie.vectors import VectorAction
from bench.metrics.prediction import constant_mean, squared_error
from bench.nn.mlp import MLP
from bench.tasks.common import (
    affine_fit,
    content_sha256,
    haar_logarithms,
    haar_rotation_vectors,
    hat,
    nearest_neighbour,
)

#: Passes of budget small; docs/protocol.md says how they were chosen.
PASSES = 2_000_000
#: Inputs on which generators are judged.
GENERIC_INPUTS = 500
#: Inputs on which the true algebra is computed, and the relative singular value below which a direction is in it.
TRUTH_INPUTS, TRUTH_RTOL = 128, 1e-9
#: Largest rapidity of the boosts that the true group's distribution draws; they have no natural end.
RAPIDITY = 1.0
#: Bodies whose moment of inertia is asked for.
BODIES = 5
CITATION = (
    "Finzi, Welling, Wilson: A practical method for constructing equivariant multilayer perceptrons for arbitrary "
    "matrix groups (ICML 2021)"
)


def of_lengths_and_angle(x: Tensor) -> Tensor:
    """``sin|a| - |b|³ / 2 + a·b / (|a| |b|)`` of two vectors; ``(n, 2, 5) -> (n, 1, 1)``."""
    a, b = x.unbind(-2)
    first, second = a.norm(dim=-1), b.norm(dim=-1)
    y: Tensor = first.sin() - 0.5 * second**3 + (a * b).sum(-1) / (first * second)
    return y[:, None, None]


def scattering(x: Tensor) -> Tensor:
    r"""``4 Σ L ∘ M`` of four momenta (E, p), by their Minkowski products alone; ``(n, 4, 4) -> (n, 1, 1)``.

    .. math::
        L = p_1 p_3^\top - (p_1 p_3 - p_1 p_1)\, \eta, \quad
        M = (\eta p_2)(\eta p_4)^\top - (p_2 p_4 - p_2 p_2)\, \eta
    """
    metric = torch.tensor([1.0, -1.0, -1.0, -1.0]).to(x)
    products = torch.einsum("nia,a,nja->nij", x, metric, x)
    p11, p12, p13 = products[:, 0, :3].unbind(1)
    p22, p24, p34 = products[:, 1, 1], products[:, 1, 3], products[:, 2, 3]
    c, d = p13 - p11, p24 - p22
    return 4.0 * (p12 * p34 - d * p13 - c * p24 + 4.0 * c * d)[:, None, None]


def moment_of_inertia(x: Tensor, lam: float = 0.0) -> Tensor:
    r"""``I = Σ m (|r|² 1 - r rᵀ)``, plus ``lam (I z) zᵀ``; rows (m, r): ``(n, 5, 4) -> (n, 3, 3)``."""
    masses, places = x[..., :1], x[..., 1:]
    weighted = masses * places
    trace = (weighted * places).sum((-2, -1))[:, None, None]
    inertia = trace * torch.eye(3).to(x) - weighted.mT @ places
    z = torch.tensor([0.0, 0.0, 1.0]).to(x)
    return inertia * (1.0 + lam * z)  # (I z) zᵀ is the last column of I, alone


def bounded_lorentz(n: int, generator: torch.Generator) -> Tensor:
    """Elements of so(1, 3), ``(n, 4, 4)``: logarithms of Haar rotations, rapidities uniform in a ball."""
    omega = haar_rotation_vectors(n, generator)
    direction = torch.nn.functional.normalize(torch.randn(n, 3, generator=generator, dtype=torch.float64), dim=1)
    rapidity = RAPIDITY * torch.rand(n, 1, generator=generator, dtype=torch.float64) ** (1 / 3) * direction
    algebra = torch.zeros(n, 4, 4, dtype=torch.float64)
    algebra[:, 1:, 1:] = hat(omega)
    algebra[:, 0, 1:] = algebra[:, 1:, 0] = rapidity
    return algebra


def normal_vectors(n: int, generator: torch.Generator, shape: tuple[int, int], spread: float = 1.0) -> Tensor:
    """``(n, *shape)`` normal numbers of standard deviation ``spread``, float64."""
    return spread * torch.randn(n, *shape, generator=generator, dtype=torch.float64)


def bodies(n: int, generator: torch.Generator) -> Tensor:
    """``(n, 5, 4)`` masses ``log(1 + exp N(0, 1))`` and places N(0, 1), float64."""
    x = normal_vectors(n, generator, (BODIES, 4))
    return torch.cat([torch.nn.functional.softplus(x[..., :1]), x[..., 1:]], -1)


class Words(NamedTuple):
    """What a card says of one task."""

    id: str
    title: str
    summary: str
    cardinality: int
    published: Mapping[str, float]


@dataclass(frozen=True)
class Law:
    """A function of random vectors, and the group under which it transforms."""

    draw: Callable[[int, torch.Generator], Tensor]  # (n, generator) -> (n, *shape) float64
    label: Callable[[Tensor], Tensor]  # (n, *shape) -> (n, *shape_out)
    action_in: VectorAction
    action_out: Action
    textbook: Tensor  # (r, d, d)
    sample: AlgebraSampler
    scale: float = 1.0  # of the inputs, one for all coordinates
    change: Callable[[Tensor], Tensor] | None = None  # the label less what is known of it beforehand

    @property
    def true_map(self) -> Callable[[Tensor], Tensor]:
        """The map whose symmetries are the truth."""
        return self.change or self.label


class Invariants(Task):
    """``(n, t, d)`` vectors to what their common motion leaves alone or moves along; MSE, no noise, no units."""

    def __init__(self, words: Words) -> None:
        size = partial(
            Budget, val=1_000, test=2_000, batch_size=256, lr=3e-3, equivariance_inputs=500, equivariance_elements=32
        )
        self.card = TaskCard(
            id=words.id,
            title=words.title,
            summary=words.summary,
            family="invariants",
            version=1,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("full",),
            budgets={
                "smoke": size(train=512, val=128, test=512, passes=4_096, discovery_steps=20, wall_limit_s=120),
                # The learning curve: --train-fraction 0.01 and 0.1 of it.
                "small": size(train=10_000, passes=PASSES, wall_limit_s=900),
                "long": size(train=10_000, passes=4 * PASSES, wall_limit_s=3600),
                "paper": size(train=10_000, passes=4 * PASSES, discovery_steps=20_000, wall_limit_s=7200),
            },
            cardinality=words.cardinality,
            citation=CITATION,
            published=words.published,
        )

    @abstractmethod
    def law(self, options: Any) -> Law:
        """The function at these options."""

    def load(self, budget: Budget, options: Any, data_dir: Path, seed: int) -> TrainingData:
        law = self.law(options)
        train, val = self._draw(law, "train", budget.train, seed), self._draw(law, "val", budget.val, seed)
        d, still = law.action_in.dim, isinstance(law.action_out, IdentityAction)
        y = train.y.double()
        # A target that moves has no mean to take off and one scale: anything else would break its symmetry.
        shift, scale = (y.mean(), y.std()) if still else (torch.zeros(()), y.square().mean().sqrt())
        return TrainingData(
            train=train,
            val=val,
            action_in=law.action_in,
            action_out=law.action_out,
            spaces={"full": full(d)},
            units=Units(torch.full((1,), law.scale), scale.float()[None], shift.float()[None], torch.ones(d).double()),
            loss=torch.nn.functional.mse_loss,
            backbone=partial(_network, train.x.shape[1:], train.y.shape[1:]),
            score=squared_error,
            field_weights=torch.ones(1, dtype=torch.float64),
            data_sha256=content_sha256((train, val)),
            data_note="own simulation after the public recipe, no noise",
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Any, data_dir: Path) -> EvaluationData:
        law = self.law(options)
        test = self._draw(law, "test", budget.test)
        generic = law.draw(GENERIC_INPUTS, self._generator("generic"))
        return EvaluationData(
            test=test,
            truth=Truth(self.group(options, data_dir), partial(true_algebra, law, generic)),
            references={
                "constant": constant_mean(training.train.y, len(test)),
                "linear": affine_fit(training.train, test.x),
                "nearest": nearest_neighbour(training.train, test.x),
            },
            generic=generic,
            true_map=law.true_map,
        )

    def group(self, options: Any, data_dir: Path) -> Group:
        law = self.law(options)
        return Group(law.textbook, law.sample)

    def _draw(self, law: Law, split: str, n: int, seed: int = 0) -> Split:
        x = law.draw(n, self._generator(split, seed))
        return Split(x.float(), law.label(x).float())

    def _generator(self, split: str, seed: int = 0) -> torch.Generator:
        return torch.Generator().manual_seed(seed_for(seed, f"{self.card.id}/{split}"))


def _network(shape_in: torch.Size, shape_out: torch.Size) -> MLP:
    # SiLU as in the public recipe: all maps here are smooth, and ReLU has 20 times the error on O(5) at n = 1,000.
    inner, out = (shape_in[0], shape_in[1]), (shape_out[0], shape_out[1])
    return MLP(inner, out, width=128, hidden_layers=3, activation=torch.nn.functional.silu)


def true_algebra(law: Law, generic: Tensor, space: SearchSpace) -> Tensor:
    """All of a search space that is a symmetry of the true map, computed on generic inputs (docs/metrics.md, 6)."""
    actions = law.action_in, law.action_out
    return linear_symmetries(law.true_map, generic[:TRUTH_INPUTS], space.basis, actions, rtol=TRUTH_RTOL).generators


class Rotations5(Invariants):
    """Two vectors of R⁵ to a number of their lengths and angle."""

    def law(self, options: Parameters) -> Law:
        draw = partial(normal_vectors, shape=(2, 5))
        return Law(draw, of_lengths_and_angle, VectorAction(5), IdentityAction(5), so(5), haar_logarithms(5))


class Scattering(Invariants):
    """Four momenta to the matrix element of electron-muon scattering, off their mass shells."""

    def law(self, options: Parameters) -> Law:
        spread = 0.25
        draw = partial(normal_vectors, shape=(4, 4), spread=spread)
        return Law(draw, scattering, VectorAction(4), IdentityAction(4), so(1, 3), bounded_lorentz, spread)


@dataclass(frozen=True)
class InertiaOptions(Parameters):
    lam: float = parameter(
        0.0, "λ of the term λ (I z) zᵀ that breaks the rotations", low=0.0, high=10.0, omit_default=True
    )


class Inertia(Invariants):
    """Masses and places of five bodies to their moment of inertia, which moves along; λ breaks its symmetry."""

    Options = InertiaOptions

    def law(self, options: InertiaOptions) -> Law:
        label = partial(moment_of_inertia, lam=options.lam)
        # The textbook's so(3) at every λ: what is told is what papers tell, and at λ > 0 that is almost right.
        return Law(bodies, label, VectorAction(3, scalars=1), MatrixAction(3), so(3), haar_logarithms(3))


TASKS = (
    Rotations5(
        Words(
            "o5",
            "O(5) regression",
            "a number from two vectors of R^5: invariant under so(5), exactly",
            10,
            {"plain": 0.0650, "true+augment": 0.0711, "true+emlp": 0.0087},
        )
    ),
    Scattering(
        Words(
            "emu",
            "Electron-muon scattering",
            "the matrix element of four momenta: invariant under so(1, 3), which is not compact",
            6,
            {"plain": 0.0166, "true+augment": 0.0126, "true+emlp": 2.7e-4},
        )
    ),
    Inertia(
        Words(
            "inertia",
            "Moment of inertia",
            "the moment of inertia of five bodies: equivariant under so(3) and scaling, exactly",
            4,
            {"plain": 0.156, "true+augment": 0.110, "true+emlp": 0.0179},
        )
    ),
)
