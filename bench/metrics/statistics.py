"""Intervals, exact paired tests and tie letters: pure functions of arrays of scores.

Every function raises ValueError where a value is not finite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product

import numpy as np

from bench.api import Array

#: Two-sided level of every interval and test.
LEVEL = 0.95
#: Up to this number of pairs all 2^n sign flips are tried, above it FLIPS random ones.
EXACT_UP_TO = 12
FLIPS = 10_000
#: With fewer pairs the smallest p of the sign-flip test, 2^(1 - n), is above 0.05.
SEEDS_FOR_LETTERS = 6
#: Largest number of overlapping groups of tied rows on one board.
MOST_GROUPS = 100
#: Against rounding: two flips whose sums differ by less are the same flip seen in another order.
TIE = 1e-9


def half_width(values: Sequence[float] | Array, level: float = LEVEL) -> float | None:
    """Half the width of Student's t interval of the mean, t(n - 1) s / sqrt n; None below n = 3."""
    values = _finite(values, "values")
    if len(values) < 3:
        return None
    return float(_quantile(level, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


def sign_flip_p(differences: Sequence[float] | Array) -> float:
    """Two-sided p of a mean difference of 0: the share of sign flips with |sum| at least as large (exact to n = 12).

    Raises:
        ValueError: without a difference.
    """
    differences = _finite(differences, "differences")
    if not len(differences):
        raise ValueError("a sign-flip test needs at least one pair, got none.")
    sums = np.abs(_flips(len(differences)) @ differences)  # (flips,)
    # The identity is the first flip, so that a random selection never gives p = 0.
    return float(np.mean(sums >= sums[0] - TIE * np.abs(differences).sum()))


def holm(p_values: Sequence[float] | Array) -> Array:
    """Adjusted p-values ``(m,)`` that hold for all m tests at once (Holm 1979)."""
    p_values = _finite(p_values, "p_values")
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * p_values[order]))
    return adjusted


def step_down_p(differences: Array) -> Array:
    """Adjusted sign-flip p-values ``(m,)`` of the m columns of ``(n, m)``, all flipped together.

    Westfall & Young's step-down max-T (1993, algorithm 4.1) with the statistic |sum d| / sqrt(sum d^2), which orders
    flips as Student's t does. Like Holm it holds for all columns at once, but joint flips keep their dependence: with
    six seeds Holm over 28 pairs can never go below 28/32, while this one reaches 1/32.
    """
    differences = _finite(differences, "differences")
    norms = np.sqrt((differences**2).sum(0))  # (m,)
    scaled = np.divide(differences, norms, out=np.zeros_like(differences, dtype=float), where=norms > 0)
    sizes = np.abs(_flips(len(differences)) @ scaled)  # (flips, m)
    order = np.argsort(-sizes[0], kind="stable")
    # Largest of the present and all smaller statistics, for each flip.
    largest = np.maximum.accumulate(sizes[:, order][:, ::-1], axis=1)[:, ::-1]
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate((largest >= largest[0] - TIE).mean(0))
    return adjusted


def tie_letters(values: Mapping[str, Mapping[int, float]], higher_is_better: bool) -> dict[str, str]:
    """Label -> letters; two labels share a letter unless :func:`step_down_p` tells them apart at 1 - LEVEL.

    Args:
        values: label -> seed -> score. Labels need all of the commonest set of at least six seeds.
        higher_is_better: decides who has the letter a.
    """
    for label, by_seed in values.items():
        _finite(list(by_seed.values()), f"values of {label!r}")
    sets = [tuple(sorted(seeds)) for seeds in values.values() if len(seeds) >= SEEDS_FOR_LETTERS]
    if not sets:
        return {}
    common = max(sorted(set(sets)), key=lambda seeds: (sets.count(seeds), -len(seeds)))
    scores = {label: [seeds[s] for s in common] for label, seeds in values.items() if set(seeds) >= set(common)}
    sign = -1.0 if higher_is_better else 1.0
    labels = sorted(scores, key=lambda label: (sign * float(np.mean(scores[label])), label))
    if len(labels) < 2:
        return {}
    table = np.array([scores[label] for label in labels]).T  # (seeds, labels)
    first, second = np.triu_indices(len(labels), 1)
    p_values = step_down_p(table[:, first] - table[:, second])
    apart = {(int(a), int(b)) for a, b, p in zip(first, second, p_values, strict=True) if p <= 1 - LEVEL}
    return dict(zip(labels, letter_display(len(labels), apart), strict=True))


def letter_display(n: int, apart: set[tuple[int, int]]) -> list[str]:
    """Letters of n items so that exactly the pairs ``apart`` (a < b) share none (insert and absorb, Piepho 2004).

    Where that takes more than :data:`MOST_GROUPS` groups, which nobody could read and whose number may grow
    exponentially, the only letter is a, for all items that are not distinguished from item 0.
    """
    columns = [(1 << n) - 1]  # sets of items, as bits
    for a, b in sorted(apart):
        first, second = 1 << a, 1 << b
        hit = [column for column in columns if column & first and column & second]
        if not hit:
            continue
        columns = [column for column in columns if not (column & first and column & second)]
        parts = list(dict.fromkeys(part for column in hit for part in (column & ~first, column & ~second)))
        # Only a new part can lie in another column: those before lie in none of the columns that were split.
        columns += [
            part
            for part in parts
            if not any(part & other == part for other in columns)
            and not any(part != other and part & other == part for other in parts)
        ]
        if len(columns) > MOST_GROUPS:
            return ["" if (0, item) in apart else "a" for item in range(n)]
    members = sorted([item for item in range(n) if column >> item & 1] for column in columns)
    return ["".join(_letter(place) for place, column in enumerate(members) if item in column) for item in range(n)]


def minimum_detectable(spread: float, n: int, power: float = 0.8, level: float = LEVEL) -> float:
    """The mean difference that a paired t-test on n pairs of standard deviation ``spread`` finds with ``power``."""
    from scipy import stats  # here: importing takes a second, and few commands need it

    _finite([spread], "spread")
    critical = _quantile(level, n - 1)
    low, high = 0.0, 50.0  # noncentrality: 50 standard errors are found always
    for _ in range(60):
        middle = (low + high) / 2
        reached = stats.nct.sf(critical, n - 1, middle) + stats.nct.cdf(-critical, n - 1, middle)
        low, high = (middle, high) if reached < power else (low, middle)
    return float(high * spread / np.sqrt(n))


def clopper_pearson(successes: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """The exact interval of a probability after ``successes`` in ``n`` runs (Clopper & Pearson 1934); (0, 1) of none.

    Raises:
        ValueError: unless 0 <= successes <= n.
    """
    from scipy import stats  # here: see minimum_detectable

    if not 0 <= successes <= n:
        raise ValueError(f"successes is {successes!r}; it must be from 0 to n = {n!r}.")
    low = stats.beta.ppf(0.5 - level / 2, successes, n - successes + 1) if successes else 0.0
    high = stats.beta.ppf(0.5 + level / 2, successes + 1, n - successes) if successes < n else 1.0
    return float(low), float(high)


def fieller(
    numerators: Sequence[float] | Array, denominators: Sequence[float] | Array, level: float = LEVEL
) -> tuple[float, float] | None:
    """The interval of mean(a) / mean(b) over pairs (a_i, b_i) (Fieller 1954).

    It holds every r for which a t-test does not tell mean(a - r b) from 0: with q = t(n - 1)^2 / n,
    (mean(a) - r mean(b))^2 <= q var(a - r b). That is a bounded interval exactly if the t interval of mean(b) excludes
    0; otherwise, and below three pairs, there is None.
    """
    a, b = _finite(numerators, "numerators"), _finite(denominators, "denominators")
    if len(a) != len(b):
        raise ValueError(f"a ratio needs pairs, got {len(a)} numerators and {len(b)} denominators.")
    if len(a) < 3:
        return None
    quantile = _quantile(level, len(a) - 1) ** 2 / len(a)
    spread = np.cov(a, b, ddof=1)  # (2, 2)
    means = np.array([a.mean(), b.mean()])
    # (mean(a) - r mean(b))^2 - q var(a - r b) = square r^2 - 2 mixed r + rest
    (rest, mixed), (_, square) = np.outer(means, means) - quantile * spread
    if square <= 0.0:
        return None
    root = np.sqrt(max(mixed**2 - square * rest, 0.0))
    return float((mixed - root) / square), float((mixed + root) / square)


def _finite(values: Sequence[float] | Array, name: str) -> Array:
    """``values`` as an array of floats.

    Raises:
        ValueError: when one of them is NaN or infinite.
    """
    array = np.asarray(values, dtype=float)
    bad = array[~np.isfinite(array)]
    if bad.size:
        raise ValueError(f"{name} hold {bad[0]}; all must be finite.")
    return array


def _flips(n: int) -> Array:
    """Signs ``(flips, n)``, the identity first: all 2^n to n = 12, else random ones, the same for the same n."""
    if n <= EXACT_UP_TO:
        return np.array(list(product((1.0, -1.0), repeat=n)))
    signs = np.random.default_rng(n).choice((1.0, -1.0), size=(FLIPS, n))
    signs[0] = 1.0
    return signs


@cache
def _quantile(level: float, freedom: int) -> float:
    """Two-sided quantile of Student's t."""
    from scipy import stats  # here: see minimum_detectable

    return float(stats.t.ppf(0.5 + level / 2, freedom))


def _letter(place: int) -> str:
    return chr(ord("a") + place) if place < 26 else _letter(place // 26 - 1) + _letter(place % 26)
