"""Two bobs on springs under gravity: the next states of a chunk from its first; turns about the vertical act on all.

Source: Finzi, Welling, Wilson (ICML 2021); data recipe in `datasets/spring_pendulum.py`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bench.api.parameters import Parameters
from bench.datasets import spring_pendulum
from bench.lie.algebra import so
from bench.lie.vectors import VectorAction
from bench.tasks.common import uniform_angles
from bench.tasks.invariants import Invariants, Law, Words

#: Vectors of one state: two places, two momenta.
ROWS = 4


def turn() -> Tensor:
    """The textbook generator ``(1, 3, 3)``: a turn about the vertical, 1 radian per unit."""
    return torch.nn.functional.pad(so(2), (0, 1, 0, 1))


def change(x: Tensor) -> Tensor:
    """The following states less the first: a map near the identity would commute with everything, almost."""
    return spring_pendulum.following(x) - x.repeat(1, spring_pendulum.CHUNK - 1, 1)


class SpringPendulum(Invariants):
    """``(n, 4, 3)`` places and momenta of two bobs to their next four states ``(n, 16, 3)``; MSE, no units."""

    def law(self, options: Parameters) -> Law:
        action = VectorAction(3, per_state=ROWS)
        sample = uniform_angles(turn()[0], math.pi)
        draw, label = spring_pendulum.first_states, spring_pendulum.following
        return Law(draw, label, action, action, turn(), sample, change=change)


TASKS = (
    SpringPendulum(
        Words(
            "spring_pendulum",
            "Double spring pendulum",
            "the next four states of two bobs on springs: equivariant under turns about the vertical, exactly",
            1,
            {},
        )
    ),
)
