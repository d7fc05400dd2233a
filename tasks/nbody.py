"""Two bodies on almost circular orbits: predict the next state(s) from the last one(s); rotations act on both.

Source: the paper's Section 5.2 and A.4; data recipe and splits in `datasets/two_body.py`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from bench.api import (
    Budget,
    EvaluationData,
    Group,
    MetricCard,
    Orientations,
    Split,
    Task,
    TaskCard,
    TrainingData,
    Truth,
    Units,
    seed_for,
)
from bench.api.parameters import Parameters
from bench.datasets import two_body
from bench.datasets.two_body_eccentric import EccentricRecipe
from bench.lie.field import unit_weights
from bench.lie.search_space import SearchSpace, full, mask2, mask4
from bench.lie.vectors import VectorAction
from bench.metrics.prediction import constant_mean, squared_error
from bench.nn.mlp import MLP
from bench.tasks.common import computed_algebra, least_squares, uniform_angles

#: (positions, momenta) of body 1, then of body 2; two coordinates each.
POSITIONS, MOMENTA = (0, 1, 4, 5), (2, 3, 6, 7)
DIM = 8
#: Passes of budget small; docs/protocol.md says how they were chosen.
PASSES = 2_000_000
#: Trajectories kept from training for validation (of 814).
VALIDATION_TRAJECTORIES = 80
#: Orbits and states on which generators are judged.
GENERIC, GENERIC_STATES = EccentricRecipe(n_train=64, n_test=1), 500
#: Test states that are turned through the full circle.
TURNED_STATES = 200
#: States on which the true algebra is computed, and the relative singular value below which a direction is in it.
TRUTH_STATES, TRUTH_RTOL = 64, 1e-6

#: Direction of body 1 in the middle of the training data, their half-width about it, and their period; radians.
TRAINED = {
    "half_plane": (-math.pi / 2, math.pi / 2, 2 * math.pi),
    "quadrant": (3 * math.pi / 4, math.pi / 4, math.pi),
    "iid": (0.0, math.pi, 2 * math.pi),
}
SUMMARIES = {
    "half_plane": "body 1 starts in the lower half plane in training, in the upper one in the test (as released)",
    "quadrant": "body 1 in quadrants II and IV in training, in I and III in the test",
    "iid": "training and test trajectories drawn from one pool",
}
CITATION = (
    "Greydanus, Dzamba, Yosinski: Hamiltonian neural networks (NeurIPS 2019); "
    "Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023)"
)


def rotation() -> Tensor:
    """The textbook generator ``(1, 8, 8)``: every 2-vector turns by the same angle, 1 radian per unit."""
    return torch.kron(torch.eye(4, dtype=torch.float64), _turn())[None]


def torus() -> Tensor:
    """Each 2-vector turns by its own angle, ``(4, 8, 8)``: circular orbits do not exclude this, but the dynamics do."""
    return torch.stack([torch.kron(row.diag(), _turn()) for row in torch.eye(4, dtype=torch.float64)])


def _turn() -> Tensor:
    return torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)


class TwoBody(Task):
    """``(n, t, 8)`` past states to ``(n, t, 8)`` future ones; MSE in raw units (G = m = 1)."""

    recipe: ClassVar[two_body.Recipe] = two_body.RELEASED
    note: ClassVar[str] = "own simulation after the published recipe"
    #: Summary of the data in the list of tasks; "" takes the split's summary.
    summary: ClassVar[str] = ""
    #: Whether the labels of the data do not exclude the torus, as on circular orbits.
    allows_torus: ClassVar[bool] = True

    def __init__(self, name: str, orbits: str, split: str, steps: int) -> None:
        self.split, self.steps = split, steps
        size = partial(Budget, batch_size=256, lr=1e-2, equivariance_inputs=500, equivariance_elements=32)
        windows = self.recipe.n_steps - 2 * steps
        train, val, test = (
            windows * n
            for n in (self.recipe.n_train - VALIDATION_TRAJECTORIES, VALIDATION_TRAJECTORIES, self.recipe.n_test)
        )
        target = "state" if steps == 1 else f"{steps} states"
        self.card = TaskCard(
            id=name,
            title=f"Two-body dynamics, {steps} to {steps} step, {orbits}",
            summary=f"predict the next {target}; {self.summary or SUMMARIES[split]}",
            family="nbody",
            version=2,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("full", "mask2", "mask4"),
            budgets={
                "smoke": size(train=512, val=128, test=512, passes=4_096, discovery_steps=20, wall_limit_s=120),
                "small": size(train=train, val=val, test=test, passes=PASSES, wall_limit_s=900),
                "long": size(train=train, val=val, test=test, passes=4 * PASSES, wall_limit_s=3600),
                "paper": size(
                    train=train, val=val, test=test, passes=4 * PASSES, discovery_steps=20_000, wall_limit_s=7200
                ),
            },
            cardinality=1,
            citation=CITATION,
        )

    def fingerprint(self, data_dir: Path) -> str:
        return self.recipe.content_key()

    def load(self, budget: Budget, options: Parameters, data_dir: Path, seed: int) -> TrainingData:
        orbits = self._orbits(seed, "train")
        known, _ = two_body.split(orbits, self.split, self.steps, self.steps)
        order = torch.randperm(len(orbits.train), generator=torch.Generator().manual_seed(seed_for(seed, "held out")))
        held_out = torch.isin(torch.from_numpy(known.trajectory), order[:VALIDATION_TRAJECTORIES])
        x, y = torch.from_numpy(known.x), torch.from_numpy(known.y)  # (n, t, 8), float64
        train = _subset(x[~held_out], y[~held_out], budget.train)
        weights = unit_weights(train.x, (POSITIONS, MOMENTA))
        scale = weights.rsqrt()  # (8,): root mean square of the positions and of the momenta, never per coordinate
        action = VectorAction(DIM)
        return TrainingData(
            train=train,
            val=_subset(x[held_out], y[held_out], budget.val),
            action_in=action,
            action_out=action,
            spaces={"full": full(DIM), "mask2": mask2(), "mask4": mask4()},
            units=Units(scale.float(), scale.float(), torch.zeros(DIM), scale),
            loss=torch.nn.functional.mse_loss,
            backbone=partial(MLP, (self.steps, DIM), (self.steps, DIM), width=32, hidden_layers=3),
            score=squared_error,
            field_weights=weights,
            data_sha256=hashlib.sha256(orbits.train.tobytes()).hexdigest(),
            data_note=f"{self.note}; {SUMMARIES[self.split]}",
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Parameters, data_dir: Path) -> EvaluationData:
        _, unseen = two_body.split(self._orbits(0, "test"), self.split, self.steps, self.steps)
        test = _subset(torch.from_numpy(unseen.x), torch.from_numpy(unseen.y), budget.test)
        centre, half_width, period = TRAINED[self.split]
        generic = _generic_states(self.steps)
        algebra = _true_algebra(generic, training.field_weights, self.recipe.dt)
        group = self.group(options, data_dir)
        return EvaluationData(
            test=test,
            truth=Truth(group, algebra, torus() if self.allows_torus else None),
            references={
                "constant": constant_mean(training.train.y, len(test)),
                "persistence": test.x[:, -1:].expand_as(test.y),
                "linear": least_squares(training.train, test.x),
            },
            orientations=Orientations(_upright(test, centre), group.textbook[0], half_width, period),
            generic=generic,
            true_map=partial(_change, steps=self.steps, dt=self.recipe.dt),
            time_flow=_time_flow(generic),
        )

    def _orbits(self, seed: int, purpose: str) -> two_body.Orbits:
        """Orbits drawn for one purpose: new ones for each seed in training, one set of them for the test."""
        return two_body.simulate(self.recipe.drawn(seed_for(seed, f"two_body/{purpose}")))

    def group(self, options: Parameters, data_dir: Path) -> Group:
        return Group(rotation(), uniform_angles(rotation()[0], math.pi))


def _generic_states(steps: int) -> Tensor:
    """Windows ``(n, t, 8)`` of eccentric orbits, float64: on circular ones the flow of time passes for a turn.

    Each comes with its mirror image, so that both senses of rotation weigh the same.
    """
    orbits = two_body.simulate(replace(GENERIC, seed=seed_for(0, "two_body/generic")))
    windows = torch.from_numpy(two_body.windows(orbits.train, steps, steps).x)
    order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(seed_for(0, "two_body/windows")))
    chosen = windows[order[: GENERIC_STATES // 2]]
    return torch.cat([chosen, chosen * chosen.new_tensor([1.0, -1.0] * 4)])


def _change(x: Tensor, steps: int, dt: float) -> Tensor:
    """The true next states less the last one, ``(n, t, 8)``: the states themselves hardly differ from the last."""
    last = x[:, -1]
    states, changes = last, []
    for _ in range(steps):
        states = two_body.flow_step(states, dt)
        changes.append(states - last)
    return torch.stack(changes, 1)


def _time_flow(x: Tensor) -> Tensor:
    """The matrix ``(8, 8)`` whose linear motion is closest to the flow of time on generic states ``x (n, t, 8)``."""
    states = x.flatten(0, 1).double()
    velocities = two_body.velocity(states)
    solution: Tensor = torch.linalg.lstsq(states, velocities, rcond=1e-9, driver="gelsd").solution
    return solution.mT


def _upright(test: Split, centre: float) -> Split:
    """Test examples with body 1's first position turned to the direction ``centre`` (radians)."""
    x, y = test.x[:TURNED_STATES], test.y[:TURNED_STATES]
    angle = centre - torch.atan2(x[:, 0, 1], x[:, 0, 0])  # (n,)
    algebra = angle[:, None, None] * rotation()[0].to(x)
    return Split(VectorAction(DIM).apply(algebra, x), VectorAction(DIM).apply(algebra, y))


def _subset(x: Tensor, y: Tensor, size: int) -> Split:
    """The first ``size`` of a fixed random order, float32."""
    index = torch.randperm(len(x), generator=torch.Generator().manual_seed(1))[:size].sort().values
    return Split(x[index].float(), y[index].float())


def _true_algebra(states: Tensor, weights: Tensor, dt: float) -> Callable[[SearchSpace], Tensor]:
    """All of a search space that commutes with the true one-step map, computed on data (docs/metrics.md, section 6)."""

    step, action = partial(two_body.flow_step, dt=dt), VectorAction(DIM)
    return computed_algebra(step, states[:TRUTH_STATES, 0].double(), (action, action), TRUTH_RTOL, weights)


TASKS = tuple(
    TwoBody(f"nbody_{steps}step_{suffix}", suffix, split, steps)
    for steps in (1, 3)
    for suffix, split in (("id", "half_plane"), ("ood", "quadrant"), ("iid", "iid"))
)
