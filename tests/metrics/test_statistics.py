"""Against scipy, brute force and simulation; properties where neither exists."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats as oracle

from bench.metrics import statistics as stats


def test_half_width_is_scipys_t_interval_and_needs_three_seeds():
    values = np.random.default_rng(0).normal(3.0, 2.0, 7)
    low, high = oracle.t.interval(0.95, 6, loc=values.mean(), scale=oracle.sem(values))
    assert stats.half_width(values) == pytest.approx((high - low) / 2)
    assert stats.half_width(values[:2]) is None


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_sign_flip_p_is_scipys_exact_permutation_test(n):
    differences = np.random.default_rng(n).normal(0.6, 1.0, n)
    expected = (
        oracle.permutation_test(
            (differences, np.zeros(n)), lambda a, b: np.sum(a - b), permutation_type="samples", n_resamples=np.inf
        ).pvalue
        if n > 1
        else 1.0
    )
    assert stats.sign_flip_p(differences) == pytest.approx(expected)


def test_sign_flip_p_of_equal_signs_is_the_smallest_and_of_no_difference_one():
    assert stats.sign_flip_p([0.1, 0.2, 0.3, 0.1, 0.7, 0.4]) == 2 / 64
    assert stats.sign_flip_p([0.0] * 6) == 1.0
    with pytest.raises(ValueError, match="at least one pair"):
        stats.sign_flip_p([])


def test_random_flips_agree_with_the_exact_test_and_are_the_same_every_time():
    differences = np.random.default_rng(1).normal(0.5, 1.0, 15)
    signs = np.array(list(product((1.0, -1.0), repeat=15)))
    exact = np.mean(np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12)
    assert stats.sign_flip_p(differences) == pytest.approx(exact, abs=0.02)
    assert stats.sign_flip_p(differences) == stats.sign_flip_p(differences)


def test_holm_is_the_closed_test_of_bonferroni():
    p_values = np.array([0.01, 0.04, 0.03, 0.005, 0.2])
    subsets = [c for size in range(1, 6) for c in combinations(range(5), size)]
    closed = [max(min(1.0, len(c) * min(p_values[list(c)])) for c in subsets if i in c) for i in range(5)]
    assert stats.holm(p_values) == pytest.approx(closed)


def test_step_down_p_is_the_closed_test_of_the_largest_statistic():
    differences = np.random.default_rng(3).normal([0.0, 0.4, 1.0, 3.0], 1.0, (6, 4))
    signs = np.array(list(product((1.0, -1.0), repeat=6)))
    sizes = np.abs(signs @ differences) / np.sqrt((differences**2).sum(0))  # (64, 4)

    def p_of(subset):
        largest = sizes[:, list(subset)].max(1)
        return np.mean(largest >= largest[0] - 1e-9)

    subsets = [c for size in range(1, 5) for c in combinations(range(4), size)]
    closed = [max(p_of(c) for c in subsets if i in c) for i in range(4)]
    assert stats.step_down_p(differences) == pytest.approx(closed)


def test_step_down_p_of_one_column_is_the_sign_flip_test():
    differences = np.random.default_rng(4).normal(0.5, 1.0, (8, 1))
    assert stats.step_down_p(differences)[0] == stats.sign_flip_p(differences[:, 0])


def test_step_down_p_rarely_errs_where_nothing_differs_and_finds_what_does():
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(400, 6, 15))
    wrong = np.mean([stats.step_down_p(draw).min() <= 0.05 for draw in noise])
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    noise[:, :, 0] = 5.0 + 0.1 * noise[:, :, 0]
    assert np.mean([stats.step_down_p(draw)[0] <= 0.05 for draw in noise]) > 0.9


def test_letters_are_shared_by_exactly_the_pairs_that_are_not_apart():
    rng = np.random.default_rng(6)
    for n in (1, 2, 5, 8):
        apart = {pair for pair in combinations(range(n), 2) if rng.random() < 0.5}
        letters = stats.letter_display(n, apart)
        assert all(letters)
        shared = {(a, b): bool(set(letters[a]) & set(letters[b])) for a, b in combinations(range(n), 2)}
        assert shared == {pair: pair not in apart for pair in shared}


def test_too_many_groups_leave_only_those_tied_with_the_first():
    n = 60  # pairs (2i, 2i + 1) apart: 2^30 groups
    apart = {(item, item + 1) for item in range(0, n, 2)}
    letters = stats.letter_display(n, apart)
    assert letters == ["" if item == 1 else "a" for item in range(n)]


def test_tie_letters_name_the_best_a_and_need_six_seeds():
    rng = np.random.default_rng(7)
    level = {"good": 0.1, "also good": 0.1, "bad": 3.0}
    values = {name: dict(enumerate(mean + rng.normal(0, 0.02, 6))) for name, mean in level.items()}
    values["new"] = {0: 0.0, 1: 0.0}
    letters = stats.tie_letters(values, higher_is_better=False)
    assert letters == {"good": "a", "also good": "a", "bad": "b"}
    assert stats.tie_letters(values, higher_is_better=True)["bad"] == "a"
    assert stats.tie_letters({"new": values["new"]}, higher_is_better=True) == {}


def test_minimum_detectable_difference_is_found_with_the_power_that_it_promises():
    size = stats.minimum_detectable(2.0, 6)
    samples = np.random.default_rng(8).normal(size, 2.0, (4000, 6))
    found = np.mean(oracle.ttest_1samp(samples, 0.0, axis=1).pvalue <= 0.05)
    assert found == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "call",
    [
        lambda bad: stats.half_width([1.0, bad, 2.0]),
        lambda bad: stats.half_width([1.0, bad]),
        lambda bad: stats.sign_flip_p([bad, 1.0]),
        lambda bad: stats.holm([0.1, bad]),
        lambda bad: stats.step_down_p(np.array([[1.0, bad], [1.0, 2.0]])),
        lambda bad: stats.tie_letters({"a": dict.fromkeys(range(6), bad), "b": {}}, higher_is_better=False),
        lambda bad: stats.minimum_detectable(bad, 6),
        lambda bad: stats.fieller([1.0, bad, 2.0], [1.0, 1.0, 1.0]),
        lambda bad: stats.fieller([1.0, 1.0, 2.0], [1.0, bad, 1.0]),
    ],
)
def test_what_is_not_finite_is_refused_everywhere(call, bad):
    with pytest.raises(ValueError, match="must be finite"):
        call(bad)


def test_clopper_pearson_is_scipys_exact_interval():
    for n in (1, 2, 6, 37):
        for successes in range(n + 1):
            expected = oracle.binomtest(successes, n).proportion_ci(0.95, method="exact")
            assert stats.clopper_pearson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
    narrow = oracle.binomtest(2, 9).proportion_ci(0.8, method="exact")
    assert stats.clopper_pearson(2, 9, level=0.8) == pytest.approx((narrow.low, narrow.high))
    assert stats.clopper_pearson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3), (0, -1)])
def test_clopper_pearson_refuses_impossible_counts(successes, n):
    with pytest.raises(ValueError, match="must be from 0 to n"):
        stats.clopper_pearson(successes, n)


def test_fieller_holds_exactly_the_ratios_that_a_t_test_does_not_reject():
    rng = np.random.default_rng(9)
    a, b = rng.normal(1.0, 0.5, 6), rng.normal(2.0, 0.5, 6)
    low, high = stats.fieller(a, b)
    for end in (low, high):
        assert oracle.ttest_1samp(a - end * b, 0.0).pvalue == pytest.approx(0.05)
    assert oracle.ttest_1samp(a - (low + high) / 2 * b, 0.0).pvalue > 0.05


def test_fieller_needs_a_denominator_that_is_told_from_zero_and_three_pairs():
    assert stats.fieller([1.0, 2.0, 3.0], [1.0, -1.0, 0.5]) is None
    assert stats.fieller([1.0, 2.0], [1.0, 1.0]) is None
    assert stats.fieller([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]) == pytest.approx(
        (1 - stats.half_width([1.0, 2.0, 3.0]) / 2, 1 + stats.half_width([1.0, 2.0, 3.0]) / 2)
    )
    with pytest.raises(ValueError, match="needs pairs"):
        stats.fieller([1.0, 2.0, 3.0], [1.0, 2.0])


def test_fieller_covers_the_true_ratio_nineteen_times_in_twenty():
    rng = np.random.default_rng(10)
    a, b = rng.normal(1.0, 0.5, (2000, 6)), rng.normal(2.0, 0.3, (2000, 6))
    intervals = [stats.fieller(x, y) for x, y in zip(a, b, strict=True)]
    covered = np.mean([interval is not None and interval[0] <= 0.5 <= interval[1] for interval in intervals])
    assert covered == pytest.approx(0.95, abs=0.02)
