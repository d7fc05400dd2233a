"""Jets of massless particles whose label is the logarithm of the jet's mass: the Lorentz group leaves it alone.

A model of top tagging (Kasieczka et al., SciPost Phys. 7, 014, 2019) without download, whose symmetry is exact.
Jets at rest: Kleiss, Stirling, Ellis, Comput. Phys. Commun. 40, 359 (1986): the algorithm RAMBO.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

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
from bench.api.parameters import Parameters
from bench.lie.action import IdentityAction
from bench.lie.algebra import so
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.metrics.prediction import constant_mean, squared_error
from bench.nn.mlp import MLP
from bench.tasks.common import computed_algebra, content_sha256, haar_rotation_gaussian_shift

#: Particles of a jet, each a row (E, px, py, pz).
PARTICLES, DIM = 6, 4
#: Masses of jets, log-uniform, GeV; the top quark has 173.
MASSES = (50.0, 500.0)
#: Largest rapidity of a jet. Of faster ones the label is so steep that scaling the mass would pass for a symmetry.
RAPIDITY = 1.5
#: Largest rapidity of an element of the true group's distribution: the group is not compact.
GROUP_RAPIDITY = 1.0
#: Passes of budget small; docs/protocol.md says how they were chosen.
PASSES = 1_000_000
#: Jets on which generators are judged.
GENERIC_JETS = 500
#: Jets on which the true algebra is computed, and the relative singular value below which a direction is in it.
TRUTH_JETS, TRUTH_RTOL = 256, 1e-9
#: Names of the generators of so(1, 3), in the order of :func:`bench.lie.algebra.so`.
NAMES = ("boost_x", "boost_y", "boost_z", "rotation_xy", "rotation_xz", "rotation_yz")

#: Directions of the control's waves over the total momentum; a wave turns 12 radians per TeV.
_WAVES = 0.012 * torch.nn.functional.normalize(
    torch.randn(8, DIM, generator=torch.Generator().manual_seed(seed_for(0, "jets/waves")), dtype=torch.float64), dim=1
)


def log_mass(x: Tensor) -> Tensor:
    """``½ ln(E² - |p|²)`` of the total momentum, masses in GeV; ``(n, particles, 4) -> (n, 1, 1)``."""
    total = x.sum(1, keepdim=True)  # (n, 1, 4)
    return 0.5 * (total[..., :1].square() - total[..., 1:].square().sum(-1, keepdim=True)).log()


def of_frame(x: Tensor) -> Tensor:
    """``½ Σ_k cos(w_k · P + k)``, eight fixed directions w_k over the total momentum P; shapes as :func:`log_mass`."""
    total = x.sum(1, keepdim=True)
    phases = torch.arange(len(_WAVES)).to(x)
    return 0.5 * torch.cos(total @ _WAVES.mT.to(x) + phases).sum(-1, keepdim=True)


def jets_at_rest(n: int, particles: int, generator: torch.Generator) -> Tensor:
    """Massless momenta with total (1, 0, 0, 0), uniform in phase space; ``(n, particles, 4)`` float64.

    Isotropic momenta with energies -ln(r r'), boosted to the rest frame of their sum and scaled to mass 1.
    """
    uniform = torch.rand(n, particles, 4, generator=generator, dtype=torch.float64)
    energy = -torch.log((1.0 - uniform[..., 0]) * (1.0 - uniform[..., 1]))  # (n, particles); 1 - r is never 0
    cosine, angle = 2.0 * uniform[..., 2] - 1.0, 2.0 * math.pi * uniform[..., 3]
    sine = (1.0 - cosine.square()).sqrt()
    direction = torch.stack([sine * angle.cos(), sine * angle.sin(), cosine], -1)
    total, momentum = energy.sum(1)[:, None, None], energy[..., None] * direction  # (n, 1, 1), (n, particles, 3)
    drift = momentum.sum(1, keepdim=True)  # (n, 1, 3)
    mass = (total.square() - drift.square().sum(-1, keepdim=True)).sqrt()
    velocity, gamma = -drift / mass, total / mass  # the spatial part of the boost's 4-velocity, and its time part
    along = (momentum * velocity).sum(-1, keepdim=True)  # (n, particles, 1)
    moved = momentum + velocity * (energy[..., None] + along / (1.0 + gamma))
    return torch.cat([gamma * energy[..., None] + along, moved], -1) / mass


def boosts(rapidity: float) -> AlgebraSampler:
    """Draws boosts in uniform directions, with rapidities uniform on [0, ``rapidity``]; ``(n, 4, 4)``."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        direction = torch.nn.functional.normalize(torch.randn(n, 3, generator=generator, dtype=torch.float64), dim=1)
        along = rapidity * torch.rand(n, 1, generator=generator, dtype=torch.float64) * direction
        algebra = torch.zeros(n, DIM, DIM, dtype=torch.float64)
        algebra[:, 0, 1:] = algebra[:, 1:, 0] = along
        return algebra

    return sample


def rotations(n: int, generator: torch.Generator) -> Tensor:
    """Draws Haar rotations of space; ``(n, 4, 4)``."""
    turn = haar_rotation_gaussian_shift(0.0)(n, generator)[:, :3, :3]
    return torch.nn.functional.pad(turn, (1, 0, 1, 0))


def lorentz(rapidity: float) -> AlgebraSampler:
    """Draws the sum of a boost and a rotation; its exponential changes no rapidity by more than ``rapidity``."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        return boosts(rapidity)(n, generator) + rotations(n, generator)

    return sample


class Jets(Task):
    """``(n, 6, 4)`` four-momenta in GeV to a number ``(n, 1, 1)``; MSE, no noise."""

    def __init__(self, name: str, title: str, summary: str, label: Callable[[Tensor], Tensor], symmetric: bool) -> None:
        self.label, self.symmetric = label, symmetric
        size = partial(Budget, batch_size=128, lr=2e-3, equivariance_inputs=500, equivariance_elements=32)
        self.card = TaskCard(
            id=name,
            title=title,
            summary=summary,
            family="jets",
            version=1,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("full",),
            budgets={
                "smoke": size(train=512, val=256, test=512, passes=4_096, discovery_steps=10, wall_limit_s=120),
                "small": size(train=10_000, val=1_000, test=2_000, passes=PASSES, wall_limit_s=900),
                "long": size(train=10_000, val=1_000, test=2_000, passes=4 * PASSES, wall_limit_s=3600),
                "paper": size(
                    train=100_000,
                    val=10_000,
                    test=10_000,
                    passes=10 * PASSES,
                    discovery_steps=39_000,
                    wall_limit_s=14_400,
                ),
            },
            cardinality=6,
            citation="",
            control=not symmetric,
        )

    def load(self, budget: Budget, options: Parameters, data_dir: Path, seed: int) -> TrainingData:
        train, val = self._draw("train", budget.train, seed), self._draw("val", budget.val, seed)
        known = "so(1, 3), computed" if self.symmetric else "no linear map leaves the label alone"
        return TrainingData(
            train=train,
            val=val,
            action_in=VectorAction(DIM),
            action_out=IdentityAction(DIM),
            spaces={"full": full(DIM)},
            # One scale for energies and momenta: a scale per column would not commute with boosts.
            units=Units(
                train.x.double().square().mean().sqrt().float()[None],
                train.y.std(0).flatten(),
                train.y.mean(0).flatten(),
                torch.ones(DIM, dtype=torch.float64),
            ),
            loss=torch.nn.functional.mse_loss,
            backbone=partial(MLP, (PARTICLES, DIM), (1, 1), width=128, hidden_layers=3),
            score=squared_error,
            field_weights=torch.ones(1, dtype=torch.float64),
            data_sha256=content_sha256((train, val)),
            data_note=f"{PARTICLES} massless particles a jet, boosted in all directions, no noise; {known}",
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Parameters, data_dir: Path) -> EvaluationData:
        test = self._draw("test", budget.test)
        generic = self._jets("generic", GENERIC_JETS)
        group = self.group(options, data_dir)
        return EvaluationData(
            test=test,
            truth=None if group is None else self._truth(group, generic),
            references={"constant": constant_mean(training.train.y, len(test))},
            generic=generic,
            true_map=self.label,
        )

    def group(self, options: Parameters, data_dir: Path) -> Group | None:
        return Group(so(1, 3), lorentz(GROUP_RAPIDITY)) if self.symmetric else None

    def _truth(self, group: Group, jets: Tensor) -> Truth:
        """The group, with every linear vector field along which the label is constant on ``jets``."""

        actions = VectorAction(DIM), IdentityAction(DIM)
        algebra = computed_algebra(self.label, jets[:TRUTH_JETS], actions, TRUTH_RTOL)
        parts = {"boosts": boosts(GROUP_RAPIDITY), "rotations": rotations}
        return Truth(group, algebra, names=NAMES, parts=parts)

    def _draw(self, split: str, n: int, seed: int = 0) -> Split:
        x = self._jets(split, n, seed)
        return Split(x.float(), self.label(x).float())

    def _jets(self, split: str, n: int, seed: int = 0) -> Tensor:
        """Boosted jets in GeV, ``(n, 6, 4)`` float64; both tasks have the same."""
        generator = torch.Generator().manual_seed(seed_for(seed, f"jets/{split}"))
        low, high = (math.log(mass) for mass in MASSES)
        mass = torch.exp(low + (high - low) * torch.rand(n, generator=generator, dtype=torch.float64))
        x = mass[:, None, None] * jets_at_rest(n, PARTICLES, generator)
        return VectorAction(DIM).apply(boosts(RAPIDITY)(n, generator), x)


TASKS = (
    Jets(
        "jets_lorentz",
        "Mass of a jet",
        "logarithm of the invariant mass of six massless particles: invariant under so(1, 3), exactly",
        log_mass,
        symmetric=True,
    ),
    Jets(
        "jets_lorentz_control",
        "A jet, no symmetry",
        "the same jets with a label that depends on the frame, which no linear map leaves alone: a control",
        of_frame,
        symmetric=False,
    ),
)
