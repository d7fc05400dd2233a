"""Four points in space whose label is a function of their distances, and a twin whose label has no symmetry.

A small model of the molecule tasks: se(3), six generators, is exactly the symmetry, and training takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from bench.api import (
    Budget,
    EvaluationData,
    Group,
    MetricCard,
    Split,
    Task,
    TaskCard,
    TrainingData,
    Units,
    seed_for,
)
from bench.api.parameters import Parameters
from bench.lie.action import IdentityAction
from bench.lie.points import PointAction
from bench.lie.search_space import affine3d
from bench.metrics.prediction import constant_mean, squared_error
from bench.nn.mlp import MLP
from bench.tasks.common import content_sha256, se3_group, se3_truth

POINTS = 4
#: Standard deviation of the shifts of the true group's distribution; the points have 1.
SHIFT = 0.5

_FIRST, _SECOND = torch.triu_indices(POINTS, POINTS, offset=1)
#: Inputs on which generators are judged.
GENERIC_INPUTS = 500
#: Passes of budget small; docs/protocol.md says how they were chosen.
PASSES = 1_000_000
#: Weights of the six pairs, all different: no permutation of the points is a symmetry either.
_WEIGHTS = torch.tensor([1.0, -0.8, 0.6, 1.2, -0.5, 0.9], dtype=torch.float64)


def of_distances(x: Tensor) -> Tensor:
    """``Σ_{i<j} w_ij exp(-|x_i - x_j|² / 4)``; ``(n, 4, 3) -> (n, 1)``."""
    squares = (x[:, _FIRST] - x[:, _SECOND]).square().sum(-1)  # (n, 6)
    return (torch.exp(-squares / 4.0) * _WEIGHTS.to(x)).sum(-1, keepdim=True)


#: Directions of the control's waves over all coordinates, a wave turns 2 radians per unit.
_WAVES = 2.0 * torch.nn.functional.normalize(
    torch.randn(8, 3 * POINTS, generator=torch.Generator().manual_seed(seed_for(0, "toy_se3/waves"))).double(), dim=1
)


def of_places(x: Tensor) -> Tensor:
    """``Σ_k cos(w_k · x + k)``, eight fixed directions w_k of length 2 in R^12; ``(n, 4, 3) -> (n, 1)``."""
    phases = torch.arange(len(_WAVES)).to(x)
    return torch.cos(x.flatten(1) @ _WAVES.mT.to(x) + phases).sum(-1, keepdim=True)


class ToySE3(Task):
    """``(n, 4, 3)`` standard normal points to a number ``(n, 1, 1)``; MSE, no noise."""

    def __init__(self, name: str, title: str, summary: str, label: Callable[[Tensor], Tensor], symmetric: bool) -> None:
        self.label, self.symmetric = label, symmetric
        size = partial(Budget, batch_size=128, lr=2e-3, equivariance_inputs=500, equivariance_elements=32)
        self.card = TaskCard(
            id=name,
            title=title,
            summary=summary,
            family="points",
            version=2,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("affine3d",),
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
        known = "se(3) known by construction" if self.symmetric else "no affine map leaves the label alone"
        return TrainingData(
            train=train,
            val=val,
            action_in=PointAction(),
            action_out=IdentityAction(4),
            spaces={"affine3d": affine3d()},
            units=Units(torch.ones(1), train.y.std(0), train.y.mean(0), torch.ones(4, dtype=torch.float64)),
            loss=torch.nn.functional.mse_loss,
            backbone=partial(MLP, (POINTS, 3), (1, 1), width=128, hidden_layers=3),
            score=squared_error,
            field_weights=torch.ones(1, dtype=torch.float64),
            data_sha256=content_sha256((train, val)),
            data_note=f"standard normal points, no noise; {known}",
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Parameters, data_dir: Path) -> EvaluationData:
        test = self._draw("test", budget.test)
        return EvaluationData(
            test=test,
            truth=se3_truth(SHIFT) if self.symmetric else None,
            references={"constant": constant_mean(training.train.y, len(test))},
            generic=self._draw("generic", GENERIC_INPUTS).x.double(),
            true_map=self.label,
        )

    def group(self, options: Parameters, data_dir: Path) -> Group | None:
        return se3_group(SHIFT) if self.symmetric else None

    def _draw(self, split: str, n: int, seed: int = 0) -> Split:
        # Both tasks have the same points.
        generator = torch.Generator().manual_seed(seed_for(seed, f"toy_se3/{split}"))
        x = torch.randn(n, POINTS, 3, generator=generator, dtype=torch.float64)
        return Split(x.float(), self.label(x)[:, None].float())


TASKS = (
    ToySE3(
        "toy_se3",
        "Four points, a function of their distances",
        "label of four points in space from their distances: invariant under se(3), exactly",
        of_distances,
        symmetric=True,
    ),
    ToySE3(
        "toy_se3_control",
        "Four points, no symmetry",
        "the same points with a label that no affine map of space leaves alone: a control",
        of_places,
        symmetric=False,
    ),
)
