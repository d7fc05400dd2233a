"""Two species on a periodic plane that react and diffuse: predict them a moment later; so(2) turns one into the other.

Source: the lambda-omega system of Champion, Lusch, Kutz, Brunton (PNAS 116, 22445, 2019), on which Yang, Dehmamy,
Walters, Yu: Latent space symmetry discovery (ICML 2024) look for symmetries. Grid, states and coefficients are ours.
"""

from __future__ import annotations

import math
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
    Truth,
    Units,
    seed_for,
)
from bench.api.parameters import Parameters
from bench.lie.algebra import so
from bench.lie.channels import ChannelAction
from bench.lie.search_space import SearchSpace, full
from bench.metrics.prediction import constant_mean, squared_error
from bench.nn.periodic_cnn import PeriodicCNN
from bench.tasks.common import computed_algebra, content_sha256, uniform_angles

#: Species; places along each side; length of a side.
SPECIES, SIZE, SIDE = 2, 16, 20.0
SPACING = SIDE / SIZE
#: Time from input to target, and Runge-Kutta steps that it takes.
DURATION, STEPS = 0.5, 10
#: Diffusion coefficients of u and v: alike, and in the control, where v stays where it is.
EQUAL, UNEQUAL = (1.0, 1.0), (1.0, 0.0)
#: Largest wave number of a state along either side, and mean of u² + v².
WAVES, MEAN_SQUARE = 4, 1.0
#: States that are simulated together: few enough to stay in a processor's cache.
CHUNK = 64
#: Passes of budget small; docs/protocol.md says how they were chosen.
PASSES = 80_000
#: States on which generators are judged.
GENERIC_STATES = 500
#: States on which the true algebra is computed, and the relative singular value below which a direction is in it.
TRUTH_STATES, TRUTH_RTOL = 32, 1e-9


def velocity(x: Tensor, diffusion: tuple[float, float]) -> Tensor:
    """Time derivative of the species u and v, with r² = u² + v²; ``(n, 2, size, size)`` both.

    u' = (1 - r²) u + r² v + d_u Δu and v' = -r² u + (1 - r²) v + d_v Δv.
    """
    square = x.square().sum(1, keepdim=True)  # (n, 1, size, size)
    u, v = x.split(1, 1)  # type: ignore[no-untyped-call]
    turned = torch.cat([v, -u], 1)
    coefficients = torch.tensor(diffusion).to(x)[:, None, None]
    return (1.0 - square) * x + square * turned + coefficients * laplacian(x)


def laplacian(x: Tensor) -> Tensor:
    """The five-point Laplacian on the periodic grid; ``(n, c, size, size)`` both."""
    neighbours = x.roll(1, -1) + x.roll(-1, -1) + x.roll(1, -2) + x.roll(-1, -2)
    return (neighbours - 4.0 * x) / SPACING**2


def later(x: Tensor, diffusion: tuple[float, float], steps: int = STEPS) -> Tensor:
    """The species after :data:`DURATION`, by the classical Runge-Kutta method; ``(n, 2, size, size)`` both.

    Each step commutes with the linear maps of the species that the velocity commutes with.
    """
    h = DURATION / steps
    for _ in range(steps):
        k1 = velocity(x, diffusion)
        k2 = velocity(x + 0.5 * h * k1, diffusion)
        k3 = velocity(x + 0.5 * h * k2, diffusion)
        k4 = velocity(x + h * k3, diffusion)
        x = x + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return x


def smooth_states(n: int, generator: torch.Generator) -> Tensor:
    """Gaussian random fields with all wave numbers up to :data:`WAVES` alike; ``(n, 2, size, size)`` float64."""
    noise = torch.randn(n, SPECIES, SIZE, SIZE, generator=generator, dtype=torch.float64)
    low = (torch.fft.fftfreq(SIZE, 1.0 / SIZE).abs() <= WAVES).double()
    kept = low[:, None] * low
    fields: Tensor = torch.fft.ifft2(torch.fft.fft2(noise) * kept).real
    return fields * math.sqrt(MEAN_SQUARE / SPECIES / float(kept.mean()))


class ReactionDiffusion(Task):
    """``(n, 2, 16, 16)`` fields to the fields half a unit of time later; MSE, no noise, no units."""

    def __init__(self, name: str, title: str, summary: str, diffusion: tuple[float, float]) -> None:
        self.diffusion, self.symmetric = diffusion, diffusion[0] == diffusion[1]
        size = partial(Budget, batch_size=32, lr=1e-2)
        self.card = TaskCard(
            id=name,
            title=title,
            summary=summary,
            family="fields",
            version=1,
            metric=MetricCard("test/mse", "1", higher_is_better=False),
            searches=("full",),
            budgets={
                "smoke": size(64, 32, 32, 512, equivariance_inputs=16, equivariance_elements=4, discovery_steps=4,
                              wall_limit_s=120),
                "small": size(2_000, 500, 500, PASSES, equivariance_inputs=128, equivariance_elements=16,
                              wall_limit_s=900),
                "long": size(2_000, 500, 500, 4 * PASSES, equivariance_inputs=128, equivariance_elements=16,
                             wall_limit_s=3600),
                "paper": size(10_000, 1_000, 2_000, 10 * PASSES, equivariance_inputs=500, equivariance_elements=32,
                              discovery_steps=20_000, wall_limit_s=14_400),
            },
            cardinality=1,
            citation="Champion, Lusch, Kutz, Brunton: Data-driven discovery of coordinates and governing equations "
            "(PNAS 2019)",
            control=not self.symmetric,
        )  # fmt: skip

    def load(self, budget: Budget, options: Parameters, data_dir: Path, seed: int) -> TrainingData:
        train, val = self._draw("train", budget.train, seed), self._draw("val", budget.val, seed)
        action = ChannelAction(SPECIES)
        known = "so(2), computed" if self.symmetric else "no linear map of the species commutes with the flow"
        return TrainingData(
            train=train,
            val=val,
            action_in=action,
            action_out=action,
            spaces={"full": full(SPECIES)},
            units=Units.as_they_are(SPECIES),
            loss=torch.nn.functional.mse_loss,
            backbone=partial(PeriodicCNN, SPECIES, width=24, hidden_layers=3),
            score=squared_error,
            field_weights=torch.ones(1, dtype=torch.float64),
            data_sha256=content_sha256((train, val)),
            data_note=f"random smooth fields, diffusion {self.diffusion[0]:g} and {self.diffusion[1]:g}, no noise; "
            + known,
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Parameters, data_dir: Path) -> EvaluationData:
        test = self._draw("test", budget.test)
        generic = self._states("generic", GENERIC_STATES)
        group = self.group(options, data_dir)
        return EvaluationData(
            test=test,
            truth=None if group is None else Truth(group, self._true_algebra(generic)),
            references={"constant": constant_mean(training.train.y, len(test)), "persistence": test.x},
            generic=generic,
            true_map=partial(later, diffusion=self.diffusion),
        )

    def group(self, options: Parameters, data_dir: Path) -> Group | None:
        return Group(so(2), uniform_angles(so(2)[0], math.pi)) if self.symmetric else None

    def _true_algebra(self, x: Tensor) -> Callable[[SearchSpace], Tensor]:
        """Every linear map of the species that commutes with the flow on the states ``x``."""

        flow, action = partial(later, diffusion=self.diffusion), ChannelAction(SPECIES)
        return computed_algebra(flow, x[:TRUTH_STATES], (action, action), TRUTH_RTOL)

    def _draw(self, split: str, n: int, seed: int = 0) -> Split:
        x = self._states(split, n, seed)
        parts = x.split(CHUNK)  # type: ignore[no-untyped-call]
        return Split(x.float(), torch.cat([later(part, self.diffusion) for part in parts]).float())

    def _states(self, split: str, n: int, seed: int = 0) -> Tensor:
        """States ``(n, 2, 16, 16)`` float64; both tasks have the same."""
        return smooth_states(n, torch.Generator().manual_seed(seed_for(seed, f"reaction_diffusion/{split}")))


TASKS = (
    ReactionDiffusion(
        "reaction_diffusion",
        "Reaction and diffusion of two species",
        "fields of two species half a unit of time later; both diffuse alike: so(2) of the species, exactly",
        EQUAL,
    ),
    ReactionDiffusion(
        "reaction_diffusion_control",
        "Reaction and diffusion, no symmetry",
        "the same species of which one does not diffuse, so that no linear map of them is a symmetry: a control",
        UNEQUAL,
    ),
)
