"""Two rows of a board against each other: the difference paired by seed, its interval and its p."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from bench.metrics.statistics import half_width, minimum_detectable, sign_flip_p


@dataclass(frozen=True)
class Comparison:
    """First minus second over the seeds that both have."""

    first: float  # mean
    second: float
    difference: float
    half_width: float | None  # of the 95 % interval of the difference (Student's t); None below three pairs
    p: float  # exact sign-flip test, two-sided
    smallest_p: float  # that this number of pairs can reach
    detectable: float | None  # mean difference that a paired t-test finds four times in five; None below three pairs
    seeds: tuple[int, ...]


def compare(first: Mapping[int, float], second: Mapping[int, float]) -> Comparison | None:
    """Compare two rows given as seed -> score; None without a common seed."""
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        return None
    differences = [first[seed] - second[seed] for seed in seeds]
    enough = len(seeds) >= 3
    return Comparison(
        first=fmean(first[seed] for seed in seeds),
        second=fmean(second[seed] for seed in seeds),
        difference=fmean(differences),
        half_width=half_width(differences),
        p=sign_flip_p(differences),
        smallest_p=2.0 ** (1 - len(seeds)),
        detectable=minimum_detectable(stdev(differences), len(seeds)) if enough else None,
        seeds=tuple(seeds),
    )
