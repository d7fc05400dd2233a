"""Two synthetic functions with a discrete invariance, on which methods search for a continuous generator.

Source: the paper's Section A.6; Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023).
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
from bench.lie.search_space import SearchSpace, full
from bench.lie.vectors import VectorAction
from bench.metrics.prediction import constant_mean, squared_error
from bench.nn.mlp import MLP
from bench.tasks.common import computed_algebra, content_sha256, uniform_angles

#: Passes of budget small; docs/protocol.md says how they were chosen.
PASSES = 2_000_000
#: Teeth of the discrete rotation: the function is invariant under turns by 2π/7.
TEETH = 7
#: Inputs on which generators are judged.
GENERIC_INPUTS = 500
#: Inputs on which the true algebra is computed, and the relative singular value below which a direction is in it.
TRUTH_INPUTS, TRUTH_RTOL = 256, 1e-9


def rotation() -> Tensor:
    """The generator that the literature expects, ``(1, 3, 3)``: its exponential turns (x1, x2) by 2π/7."""
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    return (2.0 * math.pi / TEETH) * torch.nn.functional.pad(turn, (0, 1, 0, 1))[None]


def cycle() -> Tensor:
    """The rotation about (1, 1, 1) whose exponential is the cyclic permutation of x1, x2, x3; ``(1, 5, 5)``."""
    axis = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]], dtype=torch.float64) / math.sqrt(3.0)
    return (2.0 * math.pi / 3.0) * torch.nn.functional.pad(axis, (0, 2, 0, 2))[None]


def discrete_rotation(x: Tensor) -> Tensor:
    """``x3 / (1 + (θ mod 2π/7))``, θ the angle of (x1, x2); ``(n, 1, 3) -> (n, 1, 1)``."""
    angle = torch.atan2(x[..., 1:2], x[..., 0:1])
    return x[..., 2:3] / (1.0 + torch.remainder(angle, 2.0 * math.pi / TEETH))


def partial_permutation(x: Tensor) -> Tensor:
    """``x1 + x2 + x3 + x4² - x5²``; ``(n, 1, 5) -> (n, 1, 1)``."""
    return x[..., :3].sum(-1, keepdim=True) + x[..., 3:4].square() - x[..., 4:5].square()


def multiples(generator_matrix: Tensor, order: int) -> AlgebraSampler:
    """Draws j·T with j uniform in 0..order-1: a cyclic group, exactly; T ``(d, d)`` -> ``(n, d, d)``."""

    def sample(n: int, generator: torch.Generator) -> Tensor:
        j = torch.randint(order, (n,), generator=generator).double()
        return j[:, None, None] * generator_matrix.to(j)

    return sample


class Synthetic(Task):
    """``(n, 1, d)`` standard normal vectors to an invariant number ``(n, 1, 1)``; MSE, no noise, no units."""

    def __init__(
        self,
        name: str,
        title: str,
        summary: str,
        dim: int,
        function: Callable[[Tensor], Tensor],
        true_group: Callable[[], Group],
        unit_angle: float,
        note: str,
    ) -> None:
        self.dim, self.function, self.true_group, self.note = dim, function, true_group, note
        size = partial(Budget, batch_size=256, lr=1e-2, equivariance_inputs=500, equivariance_elements=32)
        self.card = TaskCard(
            id=name,
            title=title,
            summary=summary,
            family="synthetic",
            version=2,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("full",),
            budgets={
                "smoke": size(train=512, val=128, test=512, passes=4_096, discovery_steps=20, wall_limit_s=120),
                "small": size(train=10_000, val=1_000, test=2_000, passes=PASSES, wall_limit_s=900),
                "long": size(train=10_000, val=1_000, test=2_000, passes=4 * PASSES, wall_limit_s=3600),
                # 20,000 as in the public LieGAN recipe; the paper's own sizes are not in its text.
                "paper": size(
                    train=20_000, val=2_000, test=5_000, passes=4 * PASSES, discovery_steps=31_000, wall_limit_s=7200
                ),
            },
            cardinality=1,
            citation="Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023)",
            unit_angle=unit_angle,
        )

    def load(self, budget: Budget, options: Parameters, data_dir: Path, seed: int) -> TrainingData:
        train, val = self._draw("train", budget.train, seed), self._draw("val", budget.val, seed)
        return TrainingData(
            train=train,
            val=val,
            action_in=VectorAction(self.dim),
            action_out=IdentityAction(self.dim),
            spaces={"full": full(self.dim)},
            units=Units.as_they_are(self.dim),
            loss=torch.nn.functional.mse_loss,
            backbone=partial(MLP, (1, self.dim), (1, 1), width=32, hidden_layers=3),
            score=squared_error,
            field_weights=torch.ones(self.dim, dtype=torch.float64),
            data_sha256=content_sha256((train, val)),
            data_note=self.note,
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Parameters, data_dir: Path) -> EvaluationData:
        test = self._draw("test", budget.test)
        generic = self._draw("generic", GENERIC_INPUTS).x.double()
        return EvaluationData(
            test=test,
            truth=Truth(self.true_group(), self._true_algebra(generic)),
            references={"constant": constant_mean(training.train.y, len(test))},
            generic=generic,
            true_map=self.function,
        )

    def group(self, options: Parameters, data_dir: Path) -> Group:
        return self.true_group()

    def _draw(self, split: str, n: int, seed: int = 0) -> Split:
        generator = torch.Generator().manual_seed(seed_for(seed, f"{self.card.id}/{split}"))
        x = torch.randn(n, 1, self.dim, generator=generator, dtype=torch.float64)
        return Split(x.float(), self.function(x).float())

    def _true_algebra(self, x: Tensor) -> Callable[[SearchSpace], Tensor]:
        """Every linear vector field along which the function is constant (docs/metrics.md, section 6)."""

        actions = VectorAction(self.dim), IdentityAction(self.dim)
        return computed_algebra(self.function, x[:TRUTH_INPUTS].double(), actions, TRUTH_RTOL)


TASKS = (
    Synthetic(
        "discrete_rotation",
        "Discrete rotation, k = 7",
        "x3 / (1 + (θ mod 2π/7)): invariant under turns of (x1, x2) by 2π/7",
        3,
        discrete_rotation,
        lambda: Group(rotation(), multiples(rotation()[0], TEETH)),
        2.0 * math.pi / TEETH,
        "standard normal inputs, no noise; the textbook generator is the Lie group around the discrete one, as papers "
        "expect it, but the only linear flow that leaves the function alone is the scaling of (x1, x2)",
    ),
    Synthetic(
        "partial_permutation",
        "Partial permutation",
        "x1 + x2 + x3 + x4² - x5²: invariant under permutations of x1, x2, x3",
        5,
        partial_permutation,
        lambda: Group(cycle(), uniform_angles(cycle()[0], 1.5)),  # 1.5 · 2π/3 = π: the whole circle
        2.0 * math.pi / 3.0,
        "standard normal inputs, no noise; the formula is rebuilt from the paper's prose and not certain; linear flows "
        "that leave it alone form an algebra of dimension 11, of which the textbook's turn about (1, 1, 1) is one",
    ),
)
