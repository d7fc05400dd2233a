"""Vector fields x -> dx/dt of eleven autonomous systems: five with linear symmetries, six controls without.

Source: Kendiukhov, Certified symmetry discovery (2026); equations and boxes in `datasets/vector_fields.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

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
from bench.datasets.vector_fields import SYSTEMS, Field, System, hopf
from bench.lie.algebra import so
from bench.lie.nullspace import linear_symmetries
from bench.lie.search_space import SearchSpace, full
from bench.lie.vectors import VectorAction
from bench.metrics.defect import TrueMap, defect
from bench.metrics.prediction import constant_mean, squared_error
from bench.nn.mlp import MLP
from bench.tasks.common import content_sha256, haar_rotation_gaussian_shift, least_squares, nearest_neighbour

#: Passes of budget small; docs/tasks/dynamics.md says how they were chosen.
PASSES = 1_000_000
#: Inputs on which generators are judged.
GENERIC_INPUTS = 500
#: The relative singular value below which a direction is in the true algebra.
TRUTH_RTOL = 1e-9
#: Half-width of the coefficients of a scaling in the true group's distribution: more leaves the box far behind.
SCALING = 0.25


@dataclass(frozen=True)
class DynamicsOptions(Parameters):
    noise: float = parameter(
        0.0,
        "noise on training and validation targets, relative to the root mean square of the field",
        low=0.0,
        high=1.0,
    )


@dataclass(frozen=True)
class HopfOptions(DynamicsOptions):
    eps: float = parameter(0.0, "weight of a² in a', which breaks the rotation", low=0.0, high=1.0)


class Dynamics(Task):
    """``(n, 1, d)`` states, uniform in a box, to their velocities ``(n, 1, d)``; MSE, dimensionless."""

    Options: type[Parameters] = DynamicsOptions

    def __init__(self, system: System) -> None:
        self.system = system
        symmetric = bool(system.generators)
        size = partial(Budget, batch_size=256, lr=1e-2, equivariance_inputs=500, equivariance_elements=32)
        names = ", ".join(name.replace("_", " ") for name in system.generators)
        self.card = TaskCard(
            id=f"dynamics_{system.name}",
            title=f"Vector field, {system.title}",
            summary=f"velocity of a state, {system.equations}; {names or 'no linear symmetry: a control'}",
            family="dynamics",
            version=1,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("full",),
            budgets={
                "smoke": size(train=512, val=128, test=512, passes=4_096, discovery_steps=20, wall_limit_s=120),
                "small": size(train=2_000, val=1_000, test=2_000, passes=PASSES, wall_limit_s=900),
                "long": size(train=2_000, val=1_000, test=2_000, passes=4 * PASSES, wall_limit_s=3600),
                "paper": size(
                    train=10_000,
                    val=1_000,
                    test=2_000,
                    passes=4 * PASSES,
                    discovery_steps=20_000,
                    wall_limit_s=7200,
                ),
            },
            cardinality=max(1, len(system.generators)),
            citation="Kendiukhov: Certified symmetry discovery (2026)",
            control=not symmetric,
        )

    def load(self, budget: Budget, options: Any, data_dir: Path, seed: int) -> TrainingData:
        train = self._draw("train", budget.train, options, seed)
        val = self._draw("val", budget.val, options, seed)
        system, action = self.system, VectorAction(self.system.dim)
        shape = (1, system.dim)
        return TrainingData(
            train=train,
            val=val,
            action_in=action,
            action_out=action,
            spaces={"full": full(system.dim)},
            # One scale for all coordinates and no shift: generators stay as they are.
            units=Units(
                train.x.square().mean().sqrt()[None],
                train.y.square().mean().sqrt()[None],
                torch.zeros(1),
                torch.ones(system.dim, dtype=torch.float64),
            ),
            loss=torch.nn.functional.mse_loss,
            backbone=partial(MLP, shape, shape, width=64, hidden_layers=3),
            score=squared_error,
            field_weights=torch.ones(system.dim, dtype=torch.float64),
            data_sha256=content_sha256((train, val)),
            data_note=self._note(options),
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Any, data_dir: Path) -> EvaluationData:
        x = self._states("test", budget.test, 0)
        test = Split(x.float(), self.field(options)(x).float())
        group, train = self.group(options, data_dir), training.train
        algebra = partial(self._true_algebra, options)
        return EvaluationData(
            test=test,
            truth=Truth(group, algebra, names=tuple(self.system.generators)) if group else None,
            references={
                "constant": constant_mean(train.y, len(test)),
                "linear": least_squares(train, test.x),
                "nearest": nearest_neighbour(train, test.x),
            },
            generic=self._generic(),
            true_map=self.field(options),
        )

    def group(self, options: Any, data_dir: Path) -> Group | None:
        generators = self.system.generators
        if not generators:
            return None
        textbook = torch.stack(list(generators.values()))
        return Group(textbook, _sampler(textbook))

    def field(self, options: Any) -> Field:
        """The true vector field."""
        return self.system.field

    def _note(self, options: Any) -> str:
        system = self.system
        noise = f"noise {options.noise:g} of the field's size on targets" if options.noise else "no noise"
        return f"{system.equations}; states uniform in [{system.low:g}, {system.high:g}]^{system.dim}, {noise}"

    def _states(self, split: str, n: int, seed: int) -> Tensor:
        """``(n, 1, d)`` float64; the same ones for all options, so that the steps of a ladder are paired."""
        generator = torch.Generator().manual_seed(seed_for(seed, f"{self.card.id}/{split}"))
        return self.system.uniform(n, generator)[:, None]

    def _generic(self) -> Tensor:
        """Evenly spread states of the same box, ``(n, 1, d)`` float64."""
        return self.system.even(GENERIC_INPUTS, seed_for(0, f"{self.card.id}/generic"))[:, None]

    def _draw(self, split: str, n: int, options: Any, seed: int) -> Split:
        field, x = self.field(options), self._states(split, n, seed)
        size = field(self._generic()).square().mean().sqrt()
        generator = torch.Generator().manual_seed(seed_for(seed, f"{self.card.id}/{split}/noise"))
        noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
        return Split(x.float(), (field(x) + options.noise * size * noise).float())

    def _true_algebra(self, options: Any, space: SearchSpace) -> Tensor:
        """Every generator of a search space that commutes with the field (docs/metrics.md, section 6)."""
        action = VectorAction(self.system.dim)
        found = linear_symmetries(self.field(options), self._generic(), space.basis, (action, action), rtol=TRUTH_RTOL)
        return found.generators


class BrokenHopf(Dynamics):
    """The Hopf normal form, whose rotation is broken by ``eps a²`` in a'; at ``eps`` = 0 it is a symmetry."""

    Options = HopfOptions

    def field(self, options: Any) -> Field:
        return partial(hopf, eps=options.eps)

    def rotation_defect(self, options: Any) -> float:
        """The relative defect of the rotation on generic states."""
        action, states = VectorAction(self.system.dim), self._generic()
        known = TrueMap(self.field(options), states, torch.ones(self.system.dim).to(states))
        return defect(self.system.generators["rotation"][None], known, (action, action)).sup

    def _note(self, options: Any) -> str:
        if not options.eps:
            return super()._note(options)
        return (
            f"{super()._note(options)}; {options.eps:g} a² is added to a', which breaks the rotation: "
            f"its defect is {self.rotation_defect(options):.3g}"
        )


def _sampler(generators: Tensor) -> AlgebraSampler:
    """Haar on the rotations of space; else each generator by itself: a whole turn, or a scaling within ±SCALING."""
    if torch.equal(generators, so(3)):
        haar = haar_rotation_gaussian_shift(0.0)
        return lambda n, generator: haar(n, generator)[:, :3, :3]
    turns = (generators + generators.mT).abs().sum((1, 2)) == 0
    reach = torch.where(turns, math.pi, SCALING).double()

    def sample(n: int, generator: torch.Generator) -> Tensor:
        unit = 2.0 * torch.rand(n, len(generators), generator=generator, dtype=torch.float64) - 1.0
        return torch.einsum("nk,kij->nij", unit * reach, generators)

    return sample


TASKS = tuple(BrokenHopf(system) if system.field is hopf else Dynamics(system) for system in SYSTEMS)
