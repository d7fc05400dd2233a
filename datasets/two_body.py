"""Two equal point masses on near-circular orbits: own simulator, windows, splits, and the true flow in torch.

The recipe reproduces the statistics of the orbits released with LieGAN (Yang et al., ICML 2023), whose generator and
licence are unpublished; the system is that of Hamiltonian Neural Networks (Greydanus et al., 2019), G = m = 1.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt
import torch

from bench.errors import BenchError, nearest

NAME = "two_body"
COLUMNS = ("q1x", "q1y", "p1x", "p1y", "q2x", "q2y", "p2x", "p2y")
SPLITS = ("half_plane", "iid", "quadrant")
SIMULATOR_VERSION = 1  # raise it when the same recipe gives other numbers

_RTOL, _ATOL = 1e-11, 1e-12  # of DOP853; its error norm is a mean over all trajectories, hence tighter than 1e-10
_FLOW_STEP = 0.025  # longest Runge-Kutta step of flow_step, time units: error 3e-12 per output step on these orbits

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TwoBodyRecipe:
    r"""Initial conditions and time grid; the defaults give the statistics of the released file.

    .. math:: r \sim U(r_{min}, r_{max}),\quad v = (1 + \sigma\,\epsilon) / (2 \sqrt r) \text{ counter-clockwise}

    Raises:
        BenchError: if a field is out of its range.
    """

    seed: int = 0  # of numpy's default generator, >= 0
    n_train: int = 814  # trajectories with start angle in (-pi, 0), >= 1
    n_test: int = 790  # trajectories with start angle in (0, pi), >= 1
    radius_min: float = 1.5  # distance of body 1 from the origin at the start, length units, > 0
    radius_max: float = 3.0  # upper end of the uniform law, length units, >= radius_min
    speed_spread: float = 7e-4  # standard deviation of speed / circular speed, dimensionless, in [0, 0.1]
    t_end: float = 20.0  # end of the time grid, time units, > 0
    n_points: int = 50  # points of the grid on [0, t_end], >= 2
    n_steps: int = 20  # points kept, from the first one, in [1, n_points]

    def __post_init__(self) -> None:
        ranges = {
            "seed": (self.seed >= 0, ">= 0"),
            "n_train": (self.n_train >= 1, ">= 1"),
            "n_test": (self.n_test >= 1, ">= 1"),
            "radius_min": (0 < self.radius_min < math.inf, "> 0 (length units)"),
            "radius_max": (self.radius_min <= self.radius_max < math.inf, f">= radius_min = {self.radius_min}"),
            "speed_spread": (0 <= self.speed_spread <= 0.1, "in [0, 0.1] (relative)"),
            "t_end": (0 < self.t_end < math.inf, "> 0 (time units)"),
            "n_points": (self.n_points >= 2, ">= 2"),
            "n_steps": (1 <= self.n_steps <= self.n_points, f"in [1, n_points = {self.n_points}]"),
        }
        check_fields(NAME, self, ranges)

    @property
    def dt(self) -> float:
        """Time between two kept points, time units."""
        return self.t_end / (self.n_points - 1)

    def content_key(self) -> str:
        """SHA-256, hexadecimal, of the recipe's canonical JSON and the simulator's version."""
        return content_key(asdict(self))

    def drawn(self, seed: int) -> Self:
        """The same law with another seed."""
        return replace(self, seed=seed)

    def initial_states(self) -> FloatArray:
        """Start of body 1, position and momentum: the training orbits, then the test orbits, ``(n, 4)``."""
        rng = np.random.default_rng(self.seed)
        train = _initial(rng, self, self.n_train, -math.pi)
        return np.concatenate([train, _initial(rng, self, self.n_test, 0.0)])


class Recipe(Protocol):
    """The part of a recipe that :func:`simulate` uses."""

    @property
    def n_train(self) -> int: ...
    @property
    def n_test(self) -> int: ...
    @property
    def n_steps(self) -> int: ...
    @property
    def dt(self) -> float: ...
    def content_key(self) -> str: ...
    def drawn(self, seed: int) -> Self: ...
    def initial_states(self) -> FloatArray: ...


def check_fields(name: str, recipe: object, ranges: Mapping[str, tuple[bool, str]]) -> None:
    """Refuse the first field of ``name``'s recipe whose check fails; ``ranges``: field -> (good, what is allowed).

    Raises:
        BenchError: naming the field, its value, and what is allowed.
    """
    for field, (good, allowed) in ranges.items():
        if not good:
            raise BenchError(f"{name}: recipe field {field!r} is {getattr(recipe, field)}; it must be {allowed}.")


def content_key(fields: Mapping[str, object]) -> str:
    """SHA-256, hexadecimal, of canonical JSON and the simulator's version."""
    content = dict(fields) | {"simulator_version": SIMULATOR_VERSION}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


#: The recipe of the released data.
RELEASED = TwoBodyRecipe()


class Orbits(NamedTuple):
    """Trajectories ``(n, n_steps, 8)`` float64, columns :data:`COLUMNS`; body 2 is exactly minus body 1."""

    train: FloatArray  # of TwoBodyRecipe: start angle in (-pi, 0)
    test: FloatArray  # of TwoBodyRecipe: start angle in (0, pi)


class Pairs(NamedTuple):
    """Input and output windows, and the trajectory each comes from (to split validation by trajectory)."""

    x: FloatArray  # (n, t_in, 8)
    y: FloatArray  # (n, t_out, 8)
    trajectory: npt.NDArray[np.int64]  # (n,)


def simulate(recipe: Recipe) -> Orbits:
    r"""Integrate all orbits of a recipe with DOP853.

    .. math:: \ddot q = -q / (4 |q|^3) \text{ for } q = q_1 = -q_2

    Returns:
        ``train (n_train, n_steps, 8)``, ``test (n_test, n_steps, 8)``; length, momentum and time units with G = m = 1.
    """
    from scipy.integrate import solve_ivp  # here: importing takes half a second

    state = recipe.initial_states()  # (n, 4)
    times = recipe.dt * np.arange(recipe.n_steps)
    solution = solve_ivp(_reduced_field, (0.0, times[-1]), state.ravel(), "DOP853", times, rtol=_RTOL, atol=_ATOL)
    if not solution.success:  # a fall through the centre; impossible for speed_spread <= 0.1
        raise RuntimeError(f"two_body: the integrator stopped: {solution.message}")
    body = solution.y.reshape(len(state), 4, recipe.n_steps).transpose(0, 2, 1)  # (n, n_steps, 4)
    orbits = np.concatenate([body, -body], axis=-1)
    return Orbits(orbits[: recipe.n_train], orbits[recipe.n_train :])


def windows(coords: FloatArray, t_in: int, t_out: int) -> Pairs:
    """Every window of the reference loop ``for t in range(T - t_in - t_out)`` of every trajectory.

    The loop leaves out the last possible window; kept, so that sizes equal the published ones.

    Args:
        coords: ``(n, T, d)`` trajectories.
        t_in: steps of the input, >= 1.
        t_out: steps of the output, >= 1, with ``t_in + t_out < T``.

    Returns:
        ``x (n*w, t_in, d)``, ``y (n*w, t_out, d)``, ``trajectory (n*w,)`` with ``w = T - t_in - t_out``, the windows
        of one trajectory next to each other.

    Raises:
        BenchError: if the steps do not fit.
    """
    n, length = coords.shape[:2]
    for name, steps in (("t_in", t_in), ("t_out", t_out)):
        if steps < 1:
            raise BenchError(f"two_body: {name} is {steps}; it must be at least 1 (steps).")
    if t_in + t_out >= length:
        raise BenchError(
            f"two_body: t_in + t_out = {t_in} + {t_out} steps do not fit trajectories of {length} steps; "
            f"their sum must be at most {length - 1}."
        )
    starts = np.arange(length - t_in - t_out)
    flat = (n * len(starts), -1, coords.shape[2])
    x = coords[:, starts[:, None] + np.arange(t_in)].reshape(flat)
    y = coords[:, starts[:, None] + t_in + np.arange(t_out)].reshape(flat)
    return Pairs(x, y, np.repeat(np.arange(n), len(starts)))


def split(orbits: Orbits, kind: str, t_in: int, t_out: int, seed: int = 0) -> tuple[Pairs, Pairs]:
    """Train and test pairs of one of three splits.

    ``half_plane``: as simulated. ``iid``: all trajectories pooled and permuted with ``seed``, same sizes.
    ``quadrant``: half-plane pairs, those whose first input step of body 1 has xy > 0 turned by +90 degrees in train,
    those with xy < 0 in test; so body 1 starts in quadrants II, IV in train and I, III in test (LieSD's
    ``--non_uniform``, whose test half is ours). Trajectory indices count within the returned part.

    Raises:
        BenchError: if ``kind`` is unknown or the steps do not fit.
    """
    if kind not in SPLITS:
        hint = nearest(kind, SPLITS)
        raise BenchError(f"two_body: unknown split {kind!r}; it must be one of {', '.join(SPLITS)}.{hint}")
    train, test = orbits
    if kind == "iid":
        pooled = np.concatenate([train, test])
        pooled = pooled[np.random.default_rng(seed).permutation(len(pooled))]
        train, test = pooled[: len(train)], pooled[len(train) :]
    pairs = windows(train, t_in, t_out), windows(test, t_in, t_out)
    return (_quarter_turn(pairs[0], 1), _quarter_turn(pairs[1], -1)) if kind == "quadrant" else pairs


def flow_step(state: torch.Tensor, dt: float) -> torch.Tensor:
    r"""The true map from one time to ``dt`` later, differentiable: general planar two-body motion, G = m = 1.

    .. math:: \dot q_i = p_i,\quad \dot p_1 = -\dot p_2 = (q_2 - q_1) / |q_2 - q_1|^3

    Classical Runge-Kutta of order 4 with steps of at most 0.025 time units.

    Args:
        state: ``(..., 8)``, columns :data:`COLUMNS`; the bodies are independent (``q2 = -q1`` is not assumed).
        dt: time to go, time units; negative goes back.

    Returns:
        ``(..., 8)``, dtype of ``state``; within 1e-9 of :func:`simulate` on its orbits in float64.

    Raises:
        ValueError: if the last dimension is not 8.
    """
    if state.shape[-1] != len(COLUMNS):
        raise ValueError(f"state has {state.shape[-1]} columns, expected 8: {', '.join(COLUMNS)}")
    n = max(1, math.ceil(abs(dt) / _FLOW_STEP))
    h = dt / n
    for _ in range(n):
        k1 = velocity(state)
        k2 = velocity(state + h / 2 * k1)
        k3 = velocity(state + h / 2 * k2)
        k4 = velocity(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


def velocity(state: torch.Tensor) -> torch.Tensor:
    apart = state[..., 4:6] - state[..., 0:2]
    force = apart / apart.square().sum(-1, keepdim=True) ** 1.5
    return torch.cat([state[..., 2:4], force, state[..., 6:8], -force], dim=-1)


def _reduced_field(_: float, flat: FloatArray) -> FloatArray:
    """Motion of body 1 when body 2 is its mirror image; ``(n * 4,)``. The mirror image is then exact at all times."""
    q, p = flat.reshape(-1, 2, 2).swapaxes(0, 1)
    return np.stack([p, -q / (4 * np.linalg.norm(q, axis=1, keepdims=True) ** 3)], axis=1).ravel()


def _initial(rng: np.random.Generator, recipe: TwoBodyRecipe, n: int, angle_min: float) -> FloatArray:
    """Start of body 1, ``(n, 4)``: position and momentum, start angle in (angle_min, angle_min + pi)."""
    r = rng.uniform(recipe.radius_min, recipe.radius_max, n)
    angle = rng.uniform(angle_min, angle_min + math.pi, n)
    speed = (1 + recipe.speed_spread * rng.standard_normal(n)) / (2 * np.sqrt(r))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([r * cos, r * sin, -speed * sin, speed * cos], axis=1)


def _quarter_turn(pairs: Pairs, sign: int) -> Pairs:
    """Turn by +90 degrees the pairs whose first input step of body 1 has ``sign * x * y > 0``."""
    x, y, trajectory = pairs
    selected = (sign * x[:, 0, 0] * x[:, 0, 1] > 0)[:, None, None]

    def turned(a: FloatArray) -> FloatArray:  # (x, y) -> (-y, x) in each of the four 2-vectors
        vectors = a.reshape(*a.shape[:2], 4, 2)
        return np.stack([-vectors[..., 1], vectors[..., 0]], axis=-1).reshape(a.shape)

    return Pairs(np.where(selected, turned(x), x), np.where(selected, turned(y), y), trajectory)
