r"""Principal angles between two spans of generators: the largest, and the Grassmann distance with its chance level.

Source: Björck, Golub: Numerical methods for computing angles between linear subspaces (1973); Ye, Lim: Schubert
varieties and distances between subspaces of different dimensions (2016).
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

from bench.api import seed_for

#: Pairs of random spans of which the chance level is the mean.
DRAWS = 500


def principal_angles(u: Tensor, v: Tensor) -> Tensor:
    """Angles in [0, π/2], ascending, between the row spaces of ``u (k, n)`` and ``v (r, n)``; ``(min(k, r),)``.

    The rows are orthonormal. Small angles come from the sines, large ones from the cosines, so all are accurate.
    """
    if len(u) > len(v):
        u, v = v, u
    shared = u @ v.mT  # (k, r)
    cosines = torch.linalg.svdvals(shared)  # descending: angles ascend
    sines = torch.linalg.svdvals(u - shared @ v).flip(0)[: len(u)]  # ascending
    return torch.where(
        cosines.square() < 0.5, torch.arccos(cosines.clamp(-1.0, 1.0)), torch.arcsin(sines.clamp(0.0, 1.0))
    )


def grassmann_distance(u: Tensor, v: Tensor) -> float:
    r""":math:`\sqrt{\sum_i \theta_i^2}`, where each dimension that one span has more than the other counts as π/2."""
    angles, more = principal_angles(u, v), abs(len(u) - len(v))
    return math.sqrt(float(angles.square().sum()) + more * (math.pi / 2.0) ** 2)


@cache
def grassmann_chance(k: int, r: int, n: int) -> float:
    """The mean distance of random spans of dimensions ``k`` and ``r`` in ``n`` dimensions; 7, 7 and 16: 2.57."""
    draws = torch.Generator().manual_seed(seed_for(0, f"grassmann {k} {r} {n}"))
    total = 0.0
    for _ in range(DRAWS):
        u, v = (torch.randn(n, size, generator=draws, dtype=torch.float64) for size in (k, r))
        total += grassmann_distance(torch.linalg.qr(u)[0].mT, torch.linalg.qr(v)[0].mT)
    return total / DRAWS
