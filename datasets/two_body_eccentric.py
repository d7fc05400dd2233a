"""Two equal point masses on generic Kepler orbits: the twin of the nearly circular ones, without accidental symmetries.

On circular orbits positions and momenta may be turned independently without contradicting one label. With eccentric
orbits, any phase, and both senses of rotation, the states fill an open set of the centre-of-mass phase space, and only
turning everything together is left. The simulator and the windows are those of `datasets/two_body.py`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np

from bench.datasets.two_body import FloatArray, check_fields, content_key

NAME = "two_body_eccentric"

#: Newton steps on Kepler's equation; six reach machine precision from E = M up to eccentricity 0.9.
_NEWTON_STEPS = 12
#: G m of the reduced problem: body 1 feels -q / (4 |q|^3).
_MU = 0.25


@dataclass(frozen=True)
class EccentricRecipe:
    """Distribution of the orbits, and the time grid of the released data.

    Raises:
        BenchError: if a field is out of its range.
    """

    seed: int = 0  # of numpy's default generator, >= 0
    n_train: int = 814  # trajectories, >= 1
    n_test: int = 790  # trajectories, >= 1
    axis_min: float = 1.5  # semi-major axis of body 1's ellipse, length units, > 0
    axis_max: float = 3.0  # upper end of the uniform law, length units, >= axis_min
    eccentricity_min: float = 0.1  # dimensionless, >= 0
    eccentricity_max: float = 0.6  # upper end of the uniform law, in [eccentricity_min, 0.8]
    t_end: float = 20.0  # end of the time grid, time units, > 0
    n_points: int = 50  # points of the grid on [0, t_end], >= 2
    n_steps: int = 20  # points kept, from the first one, in [1, n_points]

    def __post_init__(self) -> None:
        check_fields(
            NAME,
            self,
            {
                "seed": (self.seed >= 0, ">= 0"),
                "n_train": (self.n_train >= 1, ">= 1"),
                "n_test": (self.n_test >= 1, ">= 1"),
                "axis_min": (0 < self.axis_min < math.inf, "> 0 (length units)"),
                "axis_max": (self.axis_min <= self.axis_max < math.inf, f">= axis_min = {self.axis_min}"),
                "eccentricity_min": (self.eccentricity_min >= 0, ">= 0"),
                "eccentricity_max": (
                    self.eccentricity_min <= self.eccentricity_max <= 0.8,
                    f"in [eccentricity_min = {self.eccentricity_min}, 0.8]",
                ),
                "t_end": (0 < self.t_end < math.inf, "> 0 (time units)"),
                "n_points": (self.n_points >= 2, ">= 2"),
                "n_steps": (1 <= self.n_steps <= self.n_points, f"in [1, n_points = {self.n_points}]"),
            },
        )

    @property
    def dt(self) -> float:
        """Time between two kept points, time units."""
        return self.t_end / (self.n_points - 1)

    def content_key(self) -> str:
        """SHA-256, hexadecimal, of the recipe's canonical JSON and the simulator's version."""
        return content_key(asdict(self) | {"orbits": "eccentric"})

    def drawn(self, seed: int) -> Self:
        """The same law with another seed."""
        return replace(self, seed=seed)

    def initial_states(self) -> FloatArray:
        r"""Start of body 1, position and momentum, training then test, ``(n, 4)``; all drawn from one law.

        .. math:: E - e \sin E = M,\quad q = a (\cos E - e,\; \sqrt{1-e^2} \sin E),\quad
           p = \frac{\sqrt{\mu/a}}{1 - e \cos E} (-\sin E,\; \sqrt{1-e^2} \cos E)

        with M and the periapsis uniform on the circle, mirrored with probability 1/2, mu = 1/4.
        """
        rng, n = np.random.default_rng(self.seed), self.n_train + self.n_test
        axis = rng.uniform(self.axis_min, self.axis_max, n)
        eccentricity = rng.uniform(self.eccentricity_min, self.eccentricity_max, n)
        mean_anomaly = rng.uniform(-math.pi, math.pi, n)
        periapsis = rng.uniform(-math.pi, math.pi, n)
        sense = rng.choice([-1.0, 1.0], n)
        anomaly = mean_anomaly + eccentricity * np.sin(mean_anomaly)
        for _ in range(_NEWTON_STEPS):
            error = anomaly - eccentricity * np.sin(anomaly) - mean_anomaly
            anomaly = anomaly - error / (1 - eccentricity * np.cos(anomaly))
        flatness = np.sqrt(1 - eccentricity**2)
        speed = np.sqrt(_MU / axis) / (1 - eccentricity * np.cos(anomaly))
        q = axis * np.stack([np.cos(anomaly) - eccentricity, sense * flatness * np.sin(anomaly)])
        p = speed * np.stack([-np.sin(anomaly), sense * flatness * np.cos(anomaly)])
        cos, sin = np.cos(periapsis), np.sin(periapsis)
        turn = np.stack([np.stack([cos, -sin]), np.stack([sin, cos])])  # (2, 2, n)
        return np.concatenate([np.einsum("ijn,jn->ni", turn, q), np.einsum("ijn,jn->ni", turn, p)], 1)


RECIPE = EccentricRecipe()
