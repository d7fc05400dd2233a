"""Eleven autonomous systems dx/dt = F(x) in two and three dimensions, six of them without a linear symmetry.

Source: Kendiukhov, Certified symmetry discovery (2026), its ten systems; `growth` is this suite's own. All quantities
are dimensionless. One table, :data:`SYSTEMS`, holds equations, boxes and textbook generators.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

#: A vector field, ``(..., d) -> (..., d)``, differentiable, in the dtype of its input.
Field = Callable[[Tensor], Tensor]
#: The rows of a generator.
Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class System:
    """A vector field, the box from which its inputs are drawn, and what a textbook says of its symmetry."""

    name: str
    title: str
    equations: str
    field: Field
    low: float  # of every coordinate
    high: float
    dim: int
    matrices: Mapping[str, Matrix] = dataclasses.field(
        default_factory=dict
    )  # rows of the generators; none of a control

    @property
    def generators(self) -> dict[str, Tensor]:
        """Name -> generator ``(d, d)``, a rotation turns by one radian per unit; empty for a control.

        They are made when they are asked for: no truth lies in memory while a method fits.
        """
        return {name: torch.tensor(rows, dtype=torch.float64) for name, rows in self.matrices.items()}

    def uniform(self, n: int, generator: torch.Generator) -> Tensor:
        """States drawn uniformly from the box, ``(n, d)`` float64."""
        return self._placed(torch.rand(n, self.dim, generator=generator, dtype=torch.float64))

    def even(self, n: int, seed: int) -> Tensor:
        """The first ``n`` points of a scrambled Sobol sequence in the box, ``(n, d)`` float64.

        Means over 500 of them are within 1 % of those of the uniform law, where random points miss them by up to 10 %.
        """
        engine = torch.quasirandom.SobolEngine(self.dim, scramble=True, seed=seed)  # type: ignore[no-untyped-call]
        return self._placed(engine.draw(n, dtype=torch.float64))

    def _placed(self, unit: Tensor) -> Tensor:
        return self.low + (self.high - self.low) * unit


def hopf(x: Tensor, eps: float = 0.0) -> Tensor:
    """The normal form of a Hopf bifurcation on its limit cycle |x| = 1, and ``eps a²`` more in a'."""
    a, b = x.unbind(-1)
    square = a**2 + b**2
    return torch.stack([a - b - a * square + eps * a**2, a + b - b * square], -1)


def linear_rotation(x: Tensor) -> Tensor:
    """The harmonic oscillator."""
    a, b = x.unbind(-1)
    return torch.stack([-b, a], -1)


def rigid_top(x: Tensor) -> Tensor:
    """Euler's equations of the body's angular velocities, moments of inertia 1, 1 and 2."""
    a, b, c = x.unbind(-1)
    return torch.stack([-b * c, a * c, torch.zeros_like(c)], -1)


def sphere_flow(x: Tensor) -> Tensor:
    """Radial flow onto the unit sphere."""
    return x * (1.0 - x.square().sum(-1, keepdim=True))


def van_der_pol(x: Tensor) -> Tensor:
    """Van der Pol's oscillator with damping 1."""
    a, b = x.unbind(-1)
    return torch.stack([b, -a + b - a**2 * b], -1)


def duffing(x: Tensor) -> Tensor:
    """Duffing's double well with damping 1/5, without a drive."""
    a, b = x.unbind(-1)
    return torch.stack([b, a - a**3 - b / 5.0], -1)


def lotka_volterra(x: Tensor) -> Tensor:
    """Prey and predator, all four rates 1."""
    a, b = x.unbind(-1)
    return torch.stack([a - a * b, -b + a * b], -1)


def selkov(x: Tensor) -> Tensor:
    """Sel'kov's model of glycolysis with inflow 1/10, as its source has it."""
    a, b = x.unbind(-1)
    return torch.stack([0.1 - a + b / 2.0 + a**2 * b, -b / 2.0 - a**2 * b], -1)


def rigid_body(x: Tensor) -> Tensor:
    """Euler's equations of the body's angular velocities, three moments of inertia that differ (1, 2, 3)."""
    a, b, c = x.unbind(-1)
    return torch.stack([-b * c, a * c, -a * b / 3.0], -1)


def lorenz(x: Tensor) -> Tensor:
    """Lorenz's convection with parameters 10, 28 and 8/3."""
    a, b, c = x.unbind(-1)
    return torch.stack([10.0 * (b - a), a * (28.0 - c) - b, a * b - 8.0 / 3.0 * c], -1)


def growth(x: Tensor) -> Tensor:
    """Exponential growth that feeds a second quantity by its square."""
    a, b = x.unbind(-1)
    return torch.stack([0.1 * b**2 - 0.3 * a, b], -1)


_TURN = ((0, -1), (1, 0))
_TURN_AB = ((0, -1, 0), (1, 0, 0), (0, 0, 0))
_TURN_AC = ((0, 0, -1), (0, 0, 0), (1, 0, 0))
_TURN_BC = ((0, 0, 0), (0, 0, -1), (0, 1, 0))
_SCALE = ((1, 0), (0, 1))
_SCALE_AB = ((1, 0, 0), (0, 1, 0), (0, 0, 0))

SYSTEMS = (
    System(
        "hopf", "Hopf normal form", "a' = a − b − a(a² + b²), b' = a + b − b(a² + b²)", hopf, -1.0, 1.0, 2,
        {"rotation": _TURN},
    ),
    System(
        "lin_rot2", "linear rotation", "a' = −b, b' = a", linear_rotation, -1.0, 1.0, 2,
        {"rotation": _TURN, "scaling": _SCALE},
    ),
    System(
        "rigid_top", "symmetric top", "a' = −bc, b' = ac, c' = 0", rigid_top, -1.0, 1.0, 3,
        {"rotation_ab": _TURN_AB, "scaling_ab": _SCALE_AB},
    ),
    System(
        "sphere_flow", "flow onto a sphere", "x' = x(1 − |x|²), x in space", sphere_flow, -1.0, 1.0, 3,
        {"rotation_ab": _TURN_AB, "rotation_ac": _TURN_AC, "rotation_bc": _TURN_BC},
    ),
    System("van_der_pol", "van der Pol oscillator", "a' = b, b' = −a + b − a²b", van_der_pol, -1.0, 1.0, 2),
    System("duffing", "Duffing oscillator", "a' = b, b' = a − a³ − b/5", duffing, -2.0, 2.0, 2),
    System("lotka_volterra", "Lotka–Volterra", "a' = a − ab, b' = −b + ab", lotka_volterra, -1.0, 1.0, 2),
    System("selkov", "Sel'kov glycolysis", "a' = 1/10 − a + b/2 + a²b, b' = −b/2 − a²b", selkov, -2.0, 2.0, 2),
    System("rigid_body", "rigid body", "a' = −bc, b' = ac, c' = −ab/3", rigid_body, -1.0, 1.0, 3),
    System(
        "lorenz", "Lorenz system", "a' = 10(b − a), b' = a(28 − c) − b, c' = ab − 8c/3", lorenz, -20.0, 20.0, 3
    ),
    System(
        "growth", "growth", "a' = b²/10 − 3a/10, b' = b", growth, 0.2, 1.0, 2,
        {"weighted_scaling": ((2, 0), (0, 1))},
    ),
)  # fmt: skip
