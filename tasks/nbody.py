"""Two bodies on almost circular orbits: predict the next state(s) from the last one(s); rotations act on both.

Source: the paper's Section 5.2 and A.4; data recipe and splits in `datasets/two_body.py`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
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
    OnProgress,
    Orientations,
    Split,
    Task,
    TaskCard,
    TrainingData,
    Truth,
    Units,
)
from bench.api.parameters import Parameters
from bench.datasets import two_body
from bench.lie.field import unit_weights
from bench.lie.nullspace import linear_symmetries
from bench.lie.search_space import SearchSpace, full, mask2, mask4
from bench.lie.vectors import VectorAction
from bench.metrics.prediction import constant_mean, squared_error
from bench.nn.mlp import MLP
from bench.tasks.common import uniform_angles

#: (positions, momenta) of body 1, then of body 2; two coordinates each.
POSITIONS, MOMENTA = (0, 1, 4, 5), (2, 3, 6, 7)
DIM = 8
#: Trajectories kept from training for validation (of 814).
VALIDATION_TRAJECTORIES = 80
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
        size = partial(Budget, batch_size=64, lr=2e-3, equivariance_inputs=500, equivariance_elements=32)
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
            version=1,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("full", "mask2", "mask4"),
            budgets={
                "smoke": size(train=512, val=128, test=512, epochs=2, wall_limit_s=120),
                "small": size(train=train, val=val, test=test, epochs=30, wall_limit_s=900),
                "paper": size(train=train, val=val, test=test, epochs=100, wall_limit_s=7200),
            },
            cardinality=1,
            citation=CITATION,
        )

    def prepare(self, data_dir: Path, on_progress: OnProgress) -> None:
        two_body.load(self.recipe, data_dir)

    def fingerprint(self, data_dir: Path) -> str:
        return self.recipe.content_key()

    def load(self, budget: Budget, options: Parameters, data_dir: Path) -> TrainingData:
        orbits = two_body.load(self.recipe, data_dir)
        known, _ = two_body.split(orbits, self.split, self.steps, self.steps)
        order = torch.randperm(len(orbits.train), generator=torch.Generator().manual_seed(0))
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
            data_sha256=hashlib.sha256(orbits.train.tobytes() + orbits.test.tobytes()).hexdigest(),
            data_note=f"{self.note}; {SUMMARIES[self.split]}",
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Parameters, data_dir: Path) -> EvaluationData:
        _, unseen = two_body.split(two_body.load(self.recipe, data_dir), self.split, self.steps, self.steps)
        test = _subset(torch.from_numpy(unseen.x), torch.from_numpy(unseen.y), budget.test)
        centre, half_width, period = TRAINED[self.split]
        algebra = _true_algebra(training.val.x, training.field_weights, self.recipe.dt)
        group = self.group(options, data_dir)
        return EvaluationData(
            test=test,
            truth=Truth(group, algebra, torus() if self.allows_torus else None),
            references={
                "constant": constant_mean(training.train.y, len(test)),
                "persistence": test.x[:, -1:].expand_as(test.y),
                "linear": _least_squares(training.train, test.x),
            },
            orientations=Orientations(_upright(test, centre), group.textbook[0], half_width, period),
        )

    def group(self, options: Parameters, data_dir: Path) -> Group:
        return Group(rotation(), uniform_angles(rotation()[0], math.pi))


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


def _least_squares(train: Split, x: Tensor) -> Tensor:
    """Ordinary least squares without intercept from all past coordinates, float64; ``(n, t, 8)``.

    Body 2 mirrors body 1, so half of the columns depend on the others: only a singular value decomposition is safe.
    """
    inputs, targets = train.x.flatten(1).double(), train.y.flatten(1).double()
    solution = torch.linalg.lstsq(inputs, targets, rcond=1e-12, driver="gelsd").solution
    prediction: Tensor = x.flatten(1).double() @ solution
    return prediction.view(-1, *train.y.shape[1:])


def _true_algebra(states: Tensor, weights: Tensor, dt: float) -> Callable[[SearchSpace], Tensor]:
    """All of a search space that commutes with the true one-step map, computed on data (docs/metrics.md, section 6)."""

    def compute(space: SearchSpace) -> Tensor:
        x = states[:TRUTH_STATES, 0].double()  # (n, 8)
        step = partial(two_body.flow_step, dt=dt)
        action = VectorAction(DIM)
        return linear_symmetries(step, x, space.basis, (action, action), rtol=TRUTH_RTOL, weights=weights).generators

    return compute


TASKS = tuple(
    TwoBody(f"nbody_{steps}step_{suffix}", suffix, split, steps)
    for steps in (1, 3)
    for suffix, split in (("id", "half_plane"), ("ood", "quadrant"), ("iid", "iid"))
)
