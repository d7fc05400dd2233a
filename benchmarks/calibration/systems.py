"""Random functions and vector fields with and without a planted symmetry: what the rule of declaring is calibrated on.

None of them is on a board. In adapted coordinates u = Q⁻¹x a planted system depends on invariants only:
(u1² + u2², u3, …) of a rotation, (u1 u2, u3, …) of a squeeze; Q is a random well-conditioned basis.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path

import torch
from torch import Tensor

from bench.api import (
    Budget,
    EvaluationData,
    MetricCard,
    Split,
    Task,
    TaskCard,
    TrainingData,
    Units,
    seed_for,
)
from bench.api.parameters import Parameters
from bench.lie.action import Action, IdentityAction
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.metrics.defect import TrueMap, defect
from bench.metrics.discovery import DEFECT
from bench.metrics.prediction import squared_error
from bench.nn.mlp import MLP

PLANTED = ("none", "rotation", "squeeze")
FLAVOURS = ("smooth", "polynomial", "field")
#: A fraction of the passes of the boards, so that hundreds of systems can be run.
BUDGET = Budget(
    train=4_000, val=1_000, test=64, passes=400_000, batch_size=256, lr=1e-2, equivariance_inputs=64,
    equivariance_elements=4,
)  # fmt: skip
GENERIC_INPUTS = 500

Map = Callable[[Tensor], Tensor]  # (n, c) -> (n, c_out)


def kind_of(seed: int) -> tuple[str, str]:
    """The planted symmetry and the flavour: every nine seeds in a row hold each pair once."""
    return PLANTED[seed % len(PLANTED)], FLAVOURS[seed // len(PLANTED) % len(FLAVOURS)]


class System(Task):
    """A seed draws the system, of the kind of :func:`kind_of`; ``(n, 1, d) -> (n, 1, d_out)``."""

    def __init__(self, seed: int) -> None:
        self.planted, self.flavour = kind_of(seed)
        self.dim = 4 if self.flavour == "polynomial" else 3
        self.action_out: Action = VectorAction(3) if self.flavour == "field" else IdentityAction(self.dim)
        self.draws = torch.Generator().manual_seed(seed_for(seed, "calibration"))
        self._draw()
        # Some random polynomials are almost symmetric by chance: a run that declares that is not wrong.
        while self.planted == "none" and self.least_defect() <= DEFECT:
            self._draw()
        self.card = TaskCard(
            id=f"system_{seed}",
            title=f"System {seed}",
            summary=f"{self.flavour}, planted: {self.planted}",
            family="synthetic",
            version=1,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("full",),
            budgets={"small": BUDGET},
            cardinality=1,
            citation="",
        )
        self.seed = seed

    def _draw(self) -> None:
        noise = torch.randn(self.dim, self.dim, generator=self.draws, dtype=torch.float64)
        self.basis = torch.linalg.matrix_exp(0.3 * noise)
        self.inverse = torch.linalg.inv(self.basis)
        self.inner = self._field() if self.flavour == "field" else self._scalar()
        self.size = float(self._raw(self.inputs(4_000, "size")).std())

    def least_defect(self) -> float:
        """The smallest relative defect in the search space."""
        known = TrueMap(self.function, self.inputs(GENERIC_INPUTS, "generic"), torch.ones(self.dim))
        return defect(full(self.dim).basis, known, (VectorAction(self.dim), self.action_out)).inf

    def load(self, budget: Budget, options: Parameters, data_dir: Path, seed: int) -> TrainingData:
        outputs = self.dim if self.flavour == "field" else 1
        return TrainingData(
            train=self._split("train", budget.train),
            val=self._split("val", budget.val),
            action_in=VectorAction(self.dim),
            action_out=self.action_out,
            spaces={"full": full(self.dim)},
            units=Units.as_they_are(self.dim),
            loss=torch.nn.functional.mse_loss,
            backbone=partial(MLP, (1, self.dim), (1, outputs), width=32, hidden_layers=3),
            score=squared_error,
            field_weights=torch.ones(self.dim, dtype=torch.float64),
            data_sha256="",
            data_note="",
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Parameters, data_dir: Path) -> EvaluationData:
        generic = self.inputs(GENERIC_INPUTS, "generic")
        return EvaluationData(
            test=self._split("test", budget.test), truth=None, references={}, generic=generic, true_map=self.function
        )

    def function(self, x: Tensor) -> Tensor:
        """The true map, of unit variance."""
        return self._raw(x) / self.size

    def inputs(self, n: int, purpose: str) -> Tensor:
        """``(n, 1, d)`` standard normal float64."""
        draws = torch.Generator().manual_seed(seed_for(n, f"calibration/{purpose}"))
        return torch.randn(n, 1, self.dim, generator=draws, dtype=torch.float64)

    def _split(self, purpose: str, n: int) -> Split:
        x = self.inputs(n, purpose)
        return Split(x.float(), self.function(x).float())

    def _raw(self, x: Tensor) -> Tensor:
        return self.inner(x[:, 0] @ self.inverse.mT.to(x))[:, None]

    def _invariants(self, u: Tensor) -> Tensor:
        """What a planted system depends on: ``(n, d) -> (n, d - 1)``, or u itself where nothing is planted."""
        if self.planted == "none":
            return u
        first = u[:, 0] ** 2 + u[:, 1] ** 2 if self.planted == "rotation" else 2.0 * u[:, 0] * u[:, 1]
        return torch.cat([first[:, None], u[:, 2:]], 1)

    def _scalar(self) -> Map:
        number = 3 if self.planted == "none" else 2
        degree = 2 if self.planted != "none" else 3
        inner = (
            _smooth(number, self.draws)
            if self.flavour == "smooth"
            else _polynomial(self.dim - (self.planted != "none"), degree, 1, self.draws)
        )
        return lambda u: inner(self._invariants(u))

    def _field(self) -> Map:
        """Quadratic where nothing is planted; else invariant multiples of the equivariant vectors."""
        if self.planted == "none":
            plain = _polynomial(self.dim, 2, self.dim, self.draws)
            return lambda u: plain(u) @ self.basis.mT
        parts = _polynomial(self.dim - 1, 1, self.dim, self.draws)
        turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]] if self.planted == "rotation" else [[1.0, 0.0], [0.0, -1.0]])

        def equivariant(u: Tensor) -> Tensor:
            along, across, rest = parts(self._invariants(u)).split([1, 1, self.dim - 2], 1)  # type: ignore[no-untyped-call]
            plane = u[:, :2]
            moved = along * plane + across * (plane @ turn.to(u).mT)
            return torch.cat([moved, rest], 1) @ self.basis.mT.to(u)

        return equivariant


def _smooth(inputs: int, draws: torch.Generator) -> Map:
    """A sine, a cube, a product and an exponential, at random strengths and along random directions."""
    strength = 0.5 + torch.rand(4, generator=draws, dtype=torch.float64)
    directions = torch.randn(5, inputs, generator=draws, dtype=torch.float64)
    directions = torch.nn.functional.normalize(directions, dim=1)

    def smooth(u: Tensor) -> Tensor:
        a, b, c, d, e = (u @ directions.to(u).mT).unbind(1)
        terms = torch.stack([torch.sin(2.0 * a), 0.2 * b**3, c * d, torch.exp(0.5 * e)])
        return (strength.to(u)[:, None] * terms).sum(0)[:, None]

    return smooth


def _polynomial(inputs: int, degree: int, outputs: int, draws: torch.Generator) -> Map:
    """Every monomial up to ``degree``, with random coefficients."""
    monomials = [m for k in range(1, degree + 1) for m in combinations_with_replacement(range(inputs), k)]
    weights = torch.randn(len(monomials) + 1, outputs, generator=draws, dtype=torch.float64)

    def polynomial(u: Tensor) -> Tensor:
        columns = [torch.ones_like(u[:, 0])] + [u[:, list(m)].prod(1) for m in monomials]
        return torch.stack(columns, 1) @ weights.to(u)

    return polynomial
