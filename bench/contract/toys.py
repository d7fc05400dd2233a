"""Toy tasks in memory for the checks: vectors, images, point clouds, and two unusual ones.

Each has an exact symmetry and is so small that a fit takes a fraction of a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.api import (
    Budget,
    EvaluationData,
    Group,
    Loss,
    MetricCard,
    Split,
    Task,
    TaskCard,
    TrainingData,
    Truth,
    Units,
    identity,
    seed_for,
)
from bench.api.coefficients import uniform_sampler
from bench.lie.action import Action, IdentityAction
from bench.lie.algebra import se
from bench.lie.images import ImageAction, disc_mask
from bench.lie.points import PointAction
from bench.lie.search_space import SearchSpace, affine2d, affine3d, full
from bench.lie.vectors import VectorAction
from bench.metrics.prediction import constant_class, constant_mean, percent_correct, squared_error
from bench.nn.cnn import CNN
from bench.nn.lieconv import LieConvNet
from bench.nn.mlp import MLP

#: Budgets of a toy: one for a short training, and one in which a discoverer can find a rotation.
TINY, ENOUGH = "smoke", "small"
CLASSES = 3
#: Pixels along an image's side; atoms of the largest and the smallest cloud.
SIDE, MOST_ATOMS, FEWEST_ATOMS = 12, 5, 3

_TURN = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
#: Generators of the true groups, one radian (or one unit of length) per unit.
SO2 = _TURN[None]  # (1, 2, 2)
SO2_AFFINE = F.pad(_TURN, (0, 1, 0, 1))[None]  # (1, 3, 3)

#: Draws ``n`` examples: inputs, targets, and the sizes of point clouds.
Draw = Callable[[int, torch.Generator], Split]


@dataclass
class Toy(Task):
    """A toy task; its smallest search space holds all linear (or affine) maps."""

    name: str
    draw: Draw
    actions: tuple[Action, Action]  # on inputs and on outputs
    space: SearchSpace
    truth: Tensor  # (r, d, d)
    backbone: Callable[[], nn.Module]
    classes: bool  # labels (n,), else numbers

    def __post_init__(self) -> None:
        size = partial(Budget, batch_size=16, equivariance_inputs=16, equivariance_elements=4, wall_limit_s=60)
        metric = MetricCard("test/accuracy", "%", True) if self.classes else MetricCard("test/mse", "1", False)
        self.card = TaskCard(
            id=f"toy_{self.name}", title=f"Toy: {self.name}", summary="made in memory, for checks of methods alone",
            family="toy", version=1, metric=metric, searches=(self.space.name,), citation="", output_unit="1",
            budgets={
                TINY: size(train=40, val=24, test=24, passes=80, lr=5e-3, discovery_steps=6),
                ENOUGH: size(train=1024, val=128, test=128, passes=100_000, lr=5e-3, discovery_steps=1280),
            },
            cardinality=len(self.truth),
        )  # fmt: skip

    def load(self, budget: Budget, options: Any, data_dir: Path, seed: int) -> TrainingData:
        action_in, action_out = self.actions
        loss: Loss = F.cross_entropy if self.classes else F.mse_loss
        return TrainingData(
            train=self._split("train", budget.train, seed), val=self._split("val", budget.val, seed),
            action_in=action_in, action_out=action_out, spaces={self.space.name: self.space},
            units=Units.as_they_are(action_in.dim), field_weights=torch.ones(1, dtype=torch.float64),
            loss=loss, score=percent_correct if self.classes else squared_error, backbone=self.backbone,
            data_sha256="0" * 64, data_note="drawn in memory",
            link=partial(torch.softmax, dim=1) if self.classes else identity,
        )  # fmt: skip

    def load_test(self, training: TrainingData, budget: Budget, options: Any, data_dir: Path) -> EvaluationData:
        known, test = training.train.y, self._split("test", budget.test)
        guess = constant_class(known, len(test), CLASSES) if self.classes else constant_mean(known, len(test))
        truth = Truth(self.group(options, data_dir), lambda space: self.truth)
        return EvaluationData(test=test, truth=truth, references={"constant": guess})

    def group(self, options: Any, data_dir: Path) -> Group:
        return Group(self.truth, uniform_sampler(self.truth, math.pi))

    def _split(self, name: str, n: int, seed: int = 0) -> Split:
        return self.draw(n, torch.Generator().manual_seed(seed_for(seed, f"{self.card.id}/{name}")))


def _ring(n: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
    """Points of the plane with radii uniform on [0.5, 1.5] in all directions, ``(n, 1, 2)``, and the radii ``(n,)``."""
    radius = 0.5 + torch.rand(n, generator=draws)
    angle = 2.0 * math.pi * torch.rand(n, generator=draws)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1).unsqueeze(1), radius


def _vectors(n: int, draws: torch.Generator) -> Split:
    """A point and the same point turned by an angle of 2 radians per unit of its radius: of gl(2) only so(2) fits."""
    x, radius = _ring(n, draws)
    turn = torch.linalg.matrix_exp(2.0 * radius[:, None, None] * _TURN.float())
    return Split(x, x @ turn.mT)


def _labelled_vectors(n: int, draws: torch.Generator) -> Split:
    """Points of the plane, with the ring of each as its label."""
    x, radius = _ring(n, draws)
    return Split(x, ((radius - 0.5) * CLASSES).long().clamp_max(CLASSES - 1))


def _images(n: int, draws: torch.Generator, measured: bool) -> Split:
    """Images ``(n, 1, 12, 12)`` with a spot on one of three rings, and its distance ``(n, 1)`` or its ring ``(n,)``."""
    ring = torch.randint(CLASSES, (n,), generator=draws)
    distance, angle = 0.35 * ring, 2.0 * math.pi * torch.rand(n, generator=draws)
    axis = torch.linspace(-1.0, 1.0, SIDE)
    right, down = (distance * angle.cos())[:, None, None], (distance * angle.sin())[:, None, None]
    squares = (axis[None, None, :] - right).square() + (axis[None, :, None] - down).square()  # (n, 12, 12)
    x = (torch.exp(-squares / 0.05) * disc_mask(SIDE)).unsqueeze(1)
    return Split(x, distance[:, None] if measured else ring)


def _points(n: int, draws: torch.Generator) -> Split:
    """Three to five atoms, charge and place, ``(n, 5, 4)``, with a number made of their distances, ``(n,)``."""
    sizes = torch.randint(FEWEST_ATOMS, MOST_ATOMS + 1, (n,), generator=draws)
    is_atom = torch.arange(MOST_ATOMS) < sizes[:, None]  # (n, 5)
    charge = torch.tensor([1.0, 6.0, 8.0])[torch.randint(3, (n, MOST_ATOMS), generator=draws)] * is_atom
    place = torch.randn(n, MOST_ATOMS, 3, generator=draws) * is_atom[..., None]
    pairs = (is_atom[:, :, None] & is_atom[:, None, :]).float().triu(1)
    near = torch.exp(-torch.cdist(place, place).square() / 4.0) * pairs
    return Split(torch.cat([charge[..., None], place], 2), near.sum((1, 2)), sizes.numpy())


def toys() -> tuple[Toy, ...]:
    """The toy tasks with vectors, images and point clouds. A method supports at least one of them."""
    plane, still, images = VectorAction(2), IdentityAction, partial(_images, measured=False)
    net = partial(LieConvNet, 8, 1, "trivial")
    return (
        Toy("vectors", _vectors, (plane, plane), full(2), SO2, partial(MLP, (1, 2), (1, 2), 32, 3), False),
        Toy("images", images, (ImageAction(SIDE), still(3)), affine2d(), SO2_AFFINE, partial(CNN, 4, CLASSES), True),
        Toy("points", _points, (PointAction(), still(4)), affine3d(), se(3), net, False),
    )


def odd_toys() -> tuple[Toy, ...]:
    """Toy tasks with labelled vectors and with measured images, which a method may refuse."""
    still = IdentityAction
    return (
        Toy(
            "labelled_vectors", _labelled_vectors, (VectorAction(2), still(2)), full(2), SO2,
            lambda: nn.Sequential(nn.Flatten(), nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, CLASSES)), True,
        ),
        Toy(
            "measured_images", partial(_images, measured=True), (ImageAction(SIDE), still(3)), affine2d(), SO2_AFFINE,
            partial(CNN, 4, 1), False,
        ),
    )  # fmt: skip
