"""Intervals, exact paired tests, tie letters, ranks over tasks: pure functions of arrays of scores."""

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
    values = np.asarray(values, dtype=float)
    if len(values) < 3:
        return None
    return float(_quantile(level, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


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
        values: label -> seed -> score. Labels need all of the commonest set of at least six seeds.
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

    critical = _quantile(level, n - 1)
    low, high = 0.0, 50.0  # noncentrality: 50 standard errors are found always
    for _ in range(60):
        middle = (low + high) / 2
        reached = stats.nct.sf(critical, n - 1, middle) + stats.nct.cdf(-critical, n - 1, middle)
        low, high = (middle, high) if reached < power else (low, middle)
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
    positions = below + (level + 1) / 2
    return np.where(np.isnan(means), np.nan, positions)


def rank_draws(
    scores: Sequence[Array], families: Sequence[str], draws: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Mean rank and win probability of each method in bootstrap draws of families of tasks, and of seeds within.

    The win probability of a method on a task is the mean over the other methods of :func:`win_probability`. Tasks of
    one family are variants of one problem: they are averaged first, so that every family counts the same, and drawn
    together.

    Args:
        scores: per task ``(m, seeds)``, lower is better; NaN where a method lacks a seed, a row of NaN where it has no
            place on the task. Seeds are drawn for all methods together, since they are paired.
        families: the family of each task.
        draws: number of draws; the first is the data as they are.
        rng: random generator of the draws.

    Returns:
        Ranks and win probabilities, both ``(draws, m)``; NaN where no family that was drawn has a place for the method.
    """
    m, names = len(scores[0]), sorted(set(families))
    sums, counts = np.zeros((2, draws, m)), np.zeros((2, draws, m))
    for slot in range(len(names)):  # a family that is drawn twice has its seeds drawn twice
        family_index = rng.integers(len(names), size=draws)
        family_index[0] = slot
        for number, name in enumerate(names):
            mine = np.flatnonzero(family_index == number)
            tables = [table for table, family in zip(scores, families, strict=True) if family == name]
            means_of_family = _family_draws(tables, mine == 0, rng)  # (2, mine, m)
            placed = ~np.isnan(means_of_family)
            sums[:, mine] += np.where(placed, means_of_family, 0.0)
            counts[:, mine] += placed
    means = _ratio(sums, counts)
    return means[0], means[1]


def _family_draws(tables: Sequence[Array], plain: Array, rng: np.random.Generator) -> Array:
    """Rank and win probability, means over a family's tasks: ``(2, draws, m)``; all seeds once where ``plain``."""
    sums, counts = np.zeros((2, len(plain), len(tables[0]))), np.zeros((2, len(plain), len(tables[0])))
    for table in tables:
        seeds = table.shape[1]
        weights = rng.multinomial(seeds, [1 / seeds] * seeds, size=len(plain))  # (draws, seeds)
        weights[plain] = 1
        values = np.stack([ranks(_drawn_means(table, weights)), _drawn_wins(table, weights)])
        placed = ~np.isnan(values)
        sums += np.where(placed, values, 0.0)
        counts += placed
    return _ratio(sums, counts)


def _ratio(sums: Array, counts: Array) -> Array:
    """``sums / counts``, NaN where the count is 0."""
    ratio: Array = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return ratio


def _drawn_means(table: Array, weights: Array) -> Array:
    """Mean over the drawn seeds ``(draws, m)``; over all of its seeds where none of a method's was drawn."""
    present = ~np.isnan(table)  # (m, seeds)
    known = np.where(present, table, 0.0)
    held = weights @ present.T  # (draws, m)
    every = np.divide(known.sum(1), present.sum(1), out=np.full(len(table), np.nan), where=present.any(1))
    means: Array = np.where(held > 0, weights @ known.T / np.maximum(held, 1), every)
    return means


def _drawn_wins(table: Array, weights: Array) -> Array:
    """P(a drawn seed of a method beats one of another), mean over the others that have a place: ``(draws, m)``.

    With every method's drawn seeds as a distribution of weight 1, the weight above a value is read from one running
    sum over all values in order, so no loop over pairs of seeds is needed.
    """
    present = ~np.isnan(table)  # (m, seeds)
    placed = present.any(1)
    if placed.sum() < 2:
        return np.full((len(weights), len(table)), np.nan)
    held = weights @ present.T  # (draws, m)
    # A method with few seeds may have none of the drawn ones; then all of its seeds count.
    drawn = np.where(held[:, :, None] > 0, weights[:, None, :], 1) * present  # (draws, m, seeds)
    share = (drawn / np.maximum(drawn.sum(2, keepdims=True), 1))[:, present]  # (draws, values)
    values = table[present]
    order = np.argsort(values, kind="stable")
    below = np.zeros((len(weights), len(values) + 1))
    np.cumsum(share[:, order], axis=1, out=below[:, 1:])
    left, right = (np.searchsorted(values[order], values, side) for side in ("left", "right"))
    beaten = np.zeros((len(weights), *table.shape))
    beaten[:, present] = share * (placed.sum() - (below[:, left] + below[:, right]) / 2)
    # Against itself a method wins half the time.
    wins: Array = np.where(placed, (beaten.sum(2) - 0.5) / (placed.sum() - 1), np.nan)
    wins.clip(0.0, 1.0, out=wins)  # rounding
    return wins


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
