"""The twin of the two-body tasks on generic orbits, where one rotation is the only symmetry left."""

from __future__ import annotations

from typing import ClassVar

from bench.datasets import two_body
from bench.datasets.two_body_eccentric import RECIPE
from bench.tasks.nbody import TwoBody


class EccentricTwoBody(TwoBody):
    """As :class:`TwoBody`, with eccentric orbits of both senses and any phase, training and test from one law."""

    recipe: ClassVar[two_body.Recipe] = RECIPE
    note: ClassVar[str] = (
        "own simulation of generic orbits: semi-major axis U(1.5, 3), eccentricity U(0.1, 0.6), any phase, both senses"
        "; the true algebra is computed in each search space: the rotation alone, of dimension 1"
    )
    summary: ClassVar[str] = "orbits of eccentricity 0.1 to 0.6, any phase, both senses; one law for training and test"
    allows_torus: ClassVar[bool] = False


TASKS = tuple(EccentricTwoBody(f"nbody_eccentric_{steps}step", "eccentric", "iid", steps) for steps in (1, 3))
