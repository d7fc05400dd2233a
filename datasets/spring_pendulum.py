"""Two bobs on springs under gravity: chunks of random trajectories, simulated in float64.

Source: Finzi, Welling, Wilson: A practical method for constructing equivariant multilayer perceptrons for arbitrary
matrix groups (ICML 2021), the recipe of its public code. Masses, lengths, gravity and the stiffness of the first
spring are 1, so that everything is without unit.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Time between two states, states of a chunk, and time of a trajectory.
DT, CHUNK, TIME = 0.2, 5, 30.0
#: Steps of the integrator per unit of time: on the way to a chunk, and within it.
COARSE, FINE = 10, 50
#: Means of the bobs' first heights and spreads of their first places and momenta.
HEIGHTS, PLACE_SPREAD, MOMENTUM_SPREAD = (-1.5, -3.0), 0.2, 0.4


def energy(states: Tensor) -> Tensor:
    """``(|p1|² + |p2|²) / 2 + (|x1| - 1)² / 2 + (|x1 - x2| - 1)² + z1 + z2``; ``(n, 4, 3) -> (n,)``.

    The second spring is twice as stiff as the first, as in the public code. Rows are x1, x2, p1, p2.
    """
    x1, x2, p1, p2 = states.unbind(-2)
    kinetic = 0.5 * (p1.square().sum(-1) + p2.square().sum(-1))
    springs = 0.5 * (x1.norm(dim=-1) - 1.0).square() + ((x1 - x2).norm(dim=-1) - 1.0).square()
    total: Tensor = kinetic + springs + x1[..., 2] + x2[..., 2]
    return total


def velocity(states: Tensor) -> Tensor:
    """Hamilton's equations of :func:`energy`; ``(n, 4, 3) -> (n, 4, 3)``."""
    x1, x2, p1, p2 = states.unbind(-2)
    first = (1.0 - 1.0 / x1.norm(dim=-1, keepdim=True)) * x1
    between = x1 - x2
    second = 2.0 * (1.0 - 1.0 / between.norm(dim=-1, keepdim=True)) * between
    gravity = torch.tensor([0.0, 0.0, 1.0]).to(states)
    return torch.stack([p1, p2, -first - second - gravity, second - gravity], -2)


def flow(states: Tensor, time: float, steps: int) -> Tensor:
    """The states after ``time``, by ``steps`` steps of the classical Runge-Kutta method."""
    h = time / steps
    for _ in range(steps):
        k1 = velocity(states)
        k2 = velocity(states + 0.5 * h * k1)
        k3 = velocity(states + 0.5 * h * k2)
        k4 = velocity(states + h * k3)
        states = states + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return states


def following(states: Tensor) -> Tensor:
    """The other states of the chunks that begin with ``states``: ``(n, 4, 3) -> (n, 16, 3)``, earliest first."""
    later = []
    for _ in range(CHUNK - 1):
        states = flow(states, DT, round(DT * FINE))
        later.append(states)
    return torch.cat(later, -2)


def first_states(n: int, generator: torch.Generator) -> Tensor:
    """The first states ``(n, 4, 3)`` of one random chunk of each of n random trajectories."""
    means = torch.zeros(4, 3, dtype=torch.float64)
    means[:2, 2] = torch.tensor(HEIGHTS, dtype=torch.float64)
    spreads = torch.tensor([PLACE_SPREAD] * 2 + [MOMENTUM_SPREAD] * 2, dtype=torch.float64)[:, None]
    states = means + spreads * torch.randn(n, 4, 3, generator=generator, dtype=torch.float64)
    length = DT * CHUNK
    chunk = torch.randint(round(TIME / length), (n,), generator=generator)
    order = chunk.argsort(descending=True, stable=True)
    states, chunk = states[order], chunk[order]
    for number in range(1, int(chunk.max()) + 1):
        moving = int((chunk >= number).sum())  # the others wait at the first state of their chunk
        states = torch.cat([flow(states[:moving], length, round(length * COARSE)), states[moving:]])
    return states[order.argsort()]
