"""MNIST digits turned by random angles: classify them, in and out of the training range of angles; so(2) keeps them.

Source: the paper's Section 5.1 and A.3. Its angles are missing from the text; ±180° and ±45° are this suite's choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.api import (
    Array,
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
    seed_for,
)
from bench.api.parameters import Parameters, count, parameter
from bench.datasets import mnist
from bench.lie.action import IdentityAction
from bench.lie.images import ImageAction, disc_mask
from bench.lie.search_space import affine2d
from bench.metrics.prediction import constant_class, percent_correct
from bench.nn.cnn import CNN
from bench.tasks.common import uniform_angles

SIZE, CLASSES = 28, 10
#: Images of the official training part that train; the other 10,000 validate (A.3).
TRAIN_POOL = 50_000

CITATION = (
    "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition (1998); "
    "Santos Escriche, Jegelka (arXiv 2506.03914), Section 5.1"
)


@dataclass(frozen=True)
class RotatedMNISTOptions(Parameters):
    rotation: str = parameter(
        "once", "training images are turned once, or again in every epoch", choices=("once", "epoch")
    )
    width: int = count(32, "channels of the first two convolutions; the others have twice", high=512)
    batch_norm: bool = parameter(True, "batch norm after every convolution")


class RotatedMNIST(Task):
    """``(n, 1, 28, 28)`` pixels in [0, 1] to a digit; accuracy in per cent."""

    Options = RotatedMNISTOptions

    def __init__(self, suffix: str, trained: float, tested: tuple[float, float], words: str) -> None:
        self.trained, self.tested, self.words = trained, tested, words
        size = partial(Budget, batch_size=64, lr=1e-2)
        self.card = TaskCard(
            id=f"rotated_mnist_{suffix}",
            title=f"Rotated MNIST, {suffix}",
            summary=f"which digit; {words}",
            family="rotated_mnist",
            version=2,
            metric=MetricCard("test/accuracy", "%", higher_is_better=True),
            searches=("affine2d",),
            budgets={
                "smoke": size(256, 64, 64, 512, equivariance_inputs=16, equivariance_elements=4, discovery_steps=4,
                              wall_limit_s=120, options={"width": 4}),
                "small": size(12_000, 2000, 10_000, 400_000, equivariance_inputs=128, equivariance_elements=8,
                              discovery_steps=750, wall_limit_s=1800, options={"width": 16}),
                "paper": size(50_000, 10_000, 10_000, 750_000, equivariance_inputs=1000, equivariance_elements=32,
                              discovery_steps=14_070, wall_limit_s=86_400),
            },
            cardinality=1,
            citation=CITATION,
            output_unit="1",
        )  # fmt: skip

    def prepare(self, data_dir: Path, on_progress: OnProgress) -> None:
        mnist.prepare(data_dir, lambda what, done, total: on_progress(done, total))

    def fingerprint(self, data_dir: Path) -> str:
        return mnist.content_sha256()

    def load(self, budget: Budget, options: Any, data_dir: Path, seed: int) -> TrainingData:
        digits = mnist.load(data_dir, "train")
        order = np.random.default_rng(seed_for(seed, "rotated_mnist/images")).permutation(len(digits.images))
        upright = _upright(digits, order[:TRAIN_POOL][: budget.train])
        seen = (-self.trained, self.trained)
        train = _turned(upright, seen, seed_for(seed, "rotated_mnist/train"))
        if options.rotation == "epoch":
            pool = upright.x  # only the pixels: a method could reach everything that the function closes over
            train = Split(train.x, train.y, redraw=lambda i, generator: _turn(pool[i], seen, generator))
        mean, std = float(train.x.double().mean()), float(train.x.double().std())
        often = "once" if options.rotation == "once" else "again in every epoch"
        return TrainingData(
            train=train,
            val=_turned(_upright(digits, order[TRAIN_POOL:][: budget.val]), seen, seed_for(seed, "rotated_mnist/val")),
            action_in=ImageAction(SIZE),
            action_out=IdentityAction(3),
            spaces={"affine2d": affine2d()},
            # The background stays 0, so that what a motion brings in from outside is background: the mean is
            # subtracted inside the network.
            units=Units(torch.tensor([std]), torch.ones(1), torch.zeros(1), torch.ones(3, dtype=torch.float64)),
            loss=torch.nn.functional.cross_entropy,
            backbone=partial(CNN, options.width, CLASSES, mean / std, options.batch_norm),
            score=percent_correct,
            field_weights=torch.ones(1, dtype=torch.float64),
            data_sha256=mnist.content_sha256(),
            data_note=f"MNIST within the inscribed disc, {self.words}; training images turned {often}; bilinear",
            link=partial(torch.softmax, dim=1),
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Any, data_dir: Path) -> EvaluationData:
        digits = mnist.load(data_dir, "test")
        upright = _upright(digits, np.random.default_rng(1).permutation(len(digits.images))[: budget.test])
        test = _turned(upright, self.tested, seed=2)
        shown = budget.equivariance_inputs
        group = self.group(options, data_dir)
        return EvaluationData(
            test=test,
            # In every search space, rotations are the only affine maps that preserve digits and their labels.
            truth=Truth(group, lambda space: rotation(), leakage={"translation": translations()}),
            references={"constant": constant_class(training.train.y, len(test), CLASSES)},
            orientations=Orientations(Split(upright.x[:shown], upright.y[:shown]), group.textbook[0], self.trained),
        )

    def group(self, options: Any, data_dir: Path) -> Group:
        return Group(rotation(), uniform_angles(rotation()[0], math.pi))


def rotation() -> Tensor:
    """The textbook generator ``(1, 3, 3)``: a turn about the centre, one radian per unit."""
    return torch.tensor([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]], dtype=torch.float64)


def translations() -> Tensor:
    """Shifts to the right and down, by half the image's width per unit; ``(2, 3, 3)``."""
    shifts = torch.zeros(2, 3, 3, dtype=torch.float64)
    shifts[0, 0, 2] = shifts[1, 1, 2] = 1.0
    return shifts


def _upright(digits: mnist.Digits, index: Array) -> Split:
    """Pixels in [0, 1] within the disc that no turn leaves, and labels; ``(n, 1, 28, 28)``, ``(n,)``."""
    pixels = torch.from_numpy(digits.images[index]).float().unsqueeze(1) / 255.0
    return Split(pixels * disc_mask(SIZE), torch.from_numpy(digits.labels[index]))


def _turned(upright: Split, between: tuple[float, float], seed: int) -> Split:
    return Split(_turn(upright.x, between, torch.Generator().manual_seed(seed)), upright.y)


def _turn(x: Tensor, between: tuple[float, float], generator: torch.Generator) -> Tensor:
    """Each image turned by an angle uniform on ``between`` (radians); the n-th angle is the same for any number."""
    angle = between[0] + (between[1] - between[0]) * torch.rand(len(x), generator=generator, dtype=torch.float64)
    algebra = angle[:, None, None] * rotation()  # (n, 3, 3)
    return ImageAction(SIZE).apply(algebra.float(), x)


_TURN, _EIGHTH = math.pi, math.pi / 4
TASKS = (
    RotatedMNIST("id", _TURN, (-_TURN, _TURN), "angles uniform on ±180° in training and test"),
    RotatedMNIST(
        "ood", _EIGHTH, (_EIGHTH, 2 * _TURN - _EIGHTH), "angles uniform on ±45° in training, 45–315° in the test"
    ),
)
