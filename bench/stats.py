"""Intervals, exact paired tests, tie letters, ranks over tasks: pure functions of arrays of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from scipy import stats

from bench.api import Array

#: Two-sided level of every interval and test.
LEVEL = 0.95
#: Up to so many pairs all 2^n sign flips are tried, beyond it FLIPS random ones.
EXACT_UP_TO = 12
FLIPS = 10_000
#: With fewer pairs the smallest p of the sign-flip test, 2^(1 - n), is above 0.05: nothing could be told apart.
SEEDS_FOR_LETTERS = 6
#: Against rounding: two flips whose sums differ by less are the same flip seen in another order.
TIE = 1e-9


def half_width(values: Sequence[float] | Array, level: float = LEVEL) -> float | None:
    """Half the width of Student's t interval of the mean, t(n - 1) s / sqrt n; None below n = 3."""
    values = np.asarray(values, dtype=float)
    if len(values) < 3:
        return None
    return float(stats.t.ppf(0.5 + level / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


def sign_flip_p(differences: Sequence[float] | Array) -> float:
    """Two-sided p of a mean difference of 0: the share of sign flips with |sum| at least as large (exact to n = 12).

    Raises:
        ValueError: without a difference.
    """
    differences = np.asarray(differences, dtype=float)
    if not len(differences):
        raise ValueError("a sign-flip test needs at least one pair, got none.")
    sums = np.abs(_flips(len(differences)) @ differences)  # (flips,)
    # The identity is the first flip, so that a random selection never gives p = 0.
    return float(np.mean(sums >= sums[0] - TIE * np.abs(differences).sum()))


def holm(p_values: Sequence[float] | Array) -> Array:
    """Adjusted p-values ``(m,)`` that hold for all m tests at once (Holm 1979)."""
    p_values = np.asarray(p_values, dtype=float)
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
        values: label -> seed -> score. Labels without all of the commonest set of at least six seeds get no letter.
        higher_is_better: decides who has the letter a.
    """
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
    """Letters of n items so that exactly the pairs ``apart`` (a < b) share none (insert and absorb, Piepho 2004)."""
    columns = [frozenset(range(n))]
    for a, b in sorted(apart):
        split = [part for c in columns for part in ((c - {a}, c - {b}) if {a, b} <= c else (c,))]
        columns = [c for c in dict.fromkeys(split) if not any(c < other for other in split)]
    columns.sort(key=sorted)
    return ["".join(_letter(place) for place, column in enumerate(columns) if item in column) for item in range(n)]


def minimum_detectable(spread: float, n: int, power: float = 0.8, level: float = LEVEL) -> float:
    """The mean difference that a paired t-test on n pairs of standard deviation ``spread`` finds with ``power``."""
    critical = stats.t.ppf(0.5 + level / 2, n - 1)
    low, high = 0.0, 50.0  # noncentrality: 50 standard errors are found always
    for _ in range(60):
        middle = (low + high) / 2
        found = stats.nct.sf(critical, n - 1, middle) + stats.nct.cdf(-critical, n - 1, middle)
        low, high = (middle, high) if found < power else (low, middle)
    return float(high * spread / np.sqrt(n))


def win_probability(own: Sequence[float], other: Sequence[float], higher_is_better: bool) -> float:
    """P(a random seed of ``own`` is better than one of ``other``), ties half: Mann-Whitney's U over n m."""
    difference = np.subtract.outer(np.asarray(own, dtype=float), np.asarray(other, dtype=float))
    if not higher_is_better:
        difference = -difference
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def ranks(means: Array) -> Array:
    """Ranks ``(..., m)`` along the last axis, 1 for the smallest, ties sharing their mean; NaN stays NaN."""
    below = (means[..., None, :] < means[..., :, None]).sum(-1)
    level = (means[..., None, :] == means[..., :, None]).sum(-1)
    found = below + (level + 1) / 2
    return np.where(np.isnan(means), np.nan, found)


def rank_draws(scores: Sequence[Array], draws: int, rng: np.random.Generator) -> Array:
    """Mean rank over tasks of each method in each bootstrap draw, ``(draws, m)``: tasks, and seeds within each task.

    Args:
        scores: per task ``(m, seeds)``, lower is better; NaN where a method lacks a seed, a row of NaN where it has no
            place on the task. Seeds are drawn for all methods together, since they are paired.
        draws: how many.
        rng: where the draws come from.
    """
    times = rng.multinomial(len(scores), [1 / len(scores)] * len(scores), size=draws)  # (draws, tasks)
    total, count = np.zeros((draws, len(scores[0]))), np.zeros((draws, len(scores[0])))
    for task, table in enumerate(scores):
        weights = rng.multinomial(table.shape[1], [1 / table.shape[1]] * table.shape[1], size=draws)  # (draws, seeds)
        present = ~np.isnan(table)  # (m, seeds)
        held = weights @ present.T  # (draws, m)
        sums = weights @ np.where(present, table, 0.0).T
        every = np.where(present.any(1), np.where(present, table, 0.0).sum(1) / np.maximum(present.sum(1), 1), np.nan)
        # A method with few seeds may miss all that were drawn: then all of its seeds count.
        means = np.where(held > 0, sums / np.maximum(held, 1), every)
        found = ranks(means)
        placed = ~np.isnan(found)
        total += times[:, task, None] * np.where(placed, found, 0.0)
        count += times[:, task, None] * placed
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _flips(n: int) -> Array:
    """Signs ``(flips, n)``, the identity first: all 2^n to n = 12, else random ones, the same for the same n."""
    if n <= EXACT_UP_TO:
        return np.array(list(product((1.0, -1.0), repeat=n)))
    signs = np.random.default_rng(n).choice((1.0, -1.0), size=(FLIPS, n))
    signs[0] = 1.0
    return signs


def _letter(place: int) -> str:
    return chr(ord("a") + place) if place < 26 else _letter(place // 26 - 1) + _letter(place % 26)
