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


def test_win_probability_is_mann_whitneys_u():
    own, other = [1.0, 2.0, 2.0], [2.0, 3.0, 0.5, 4.0]
    u = oracle.mannwhitneyu(own, other).statistic
    assert stats.win_probability(own, other, higher_is_better=True) == pytest.approx(u / 12)
    assert stats.win_probability(own, other, higher_is_better=False) == pytest.approx(1 - u / 12)


def test_ranks_are_scipys_and_leave_out_what_is_missing():
    table = np.array([[3.0, 1.0, 2.0, 1.0], [1.0, 1.0, 1.0, 0.5]])
    assert stats.ranks(table) == pytest.approx(oracle.rankdata(table, axis=1))
    assert stats.ranks(np.array([5.0, np.nan, 4.0]))[[0, 2]].tolist() == [2.0, 1.0]


def test_rank_draws_agree_with_a_bootstrap_in_plain_loops():
    rng = np.random.default_rng(9)
    scores = [rng.normal([[0.0], [0.3], [0.6]], 0.5, (3, 6)), rng.normal([[0.5], [0.0], [0.4]], 0.5, (3, 6))]
    scores[1][2] = np.nan  # no place there
    found, _ = stats.rank_draws(scores, "ab", 4000, np.random.default_rng(0))
    slow = []
    for _ in range(4000):
        places = []
        for task in rng.integers(0, 2, 2):
            table = scores[task][:, rng.integers(0, 6, 6)]
            means = table.mean(1)
            row = np.full(3, np.nan)
            row[~np.isnan(means)] = oracle.rankdata(means[~np.isnan(means)])
            places.append(row)
        slow.append(
            np.nanmean(places, axis=0) if not np.isnan(places).all(0).any() else [*np.mean(places, 0)[:2], np.nan]
        )
    slow = np.array(slow)
    assert np.nanmean(found, 0) == pytest.approx(np.nanmean(slow, 0), abs=0.04)
    assert np.nanquantile(found, [0.025, 0.975], axis=0) == pytest.approx(
        np.nanquantile(slow, [0.025, 0.975], axis=0), abs=0.26
    )
    assert np.isnan(found[:, 2]).mean() == pytest.approx(0.25, abs=0.05)


def test_the_first_draw_is_the_data_themselves():
    rng = np.random.default_rng(4)
    scores = [rng.normal(size=(4, 5)), rng.normal(size=(4, 5))]
    found, wins = stats.rank_draws(scores, "ab", 10, rng)
    places = [oracle.rankdata(table.mean(1)) for table in scores]
    assert found[0] == pytest.approx(np.mean(places, axis=0))
    expected = [
        [
            np.mean([stats.win_probability(own, other, False) for j, other in enumerate(table) if j != i])
            for i, own in enumerate(table)
        ]
        for table in scores
    ]
    assert wins[0] == pytest.approx(np.mean(expected, axis=0))


def test_win_probabilities_of_draws_agree_with_a_bootstrap_in_plain_loops():
    rng = np.random.default_rng(5)
    scores = [rng.normal([[0.0], [0.8]], 1.0, (2, 6)), rng.normal([[0.3], [0.0]], 1.0, (2, 6))]
    _, wins = stats.rank_draws(scores, "ab", 4000, np.random.default_rng(0))
    slow = []
    for _ in range(2000):
        tables = [scores[task][:, rng.integers(0, 6, 6)] for task in rng.integers(0, 2, 2)]
        slow.append(np.mean([stats.win_probability(*table, higher_is_better=False) for table in tables]))
    assert wins.sum(1) == pytest.approx(np.ones(4000))  # two methods: what one loses the other wins
    assert wins[:, 0].mean() == pytest.approx(np.mean(slow), abs=0.02)
    assert wins[:, 0].std() == pytest.approx(np.std(slow), rel=0.06)


def test_a_missing_seed_is_not_a_defeat():
    scores = [np.array([[1.0, np.nan, 1.0], [2.0, 2.0, 2.0]])]
    _, wins = stats.rank_draws(scores, "a", 200, np.random.default_rng(0))
    assert (wins == [[1.0, 0.0]]).all()


def test_a_family_counts_once_however_many_tasks_it_has():
    first, second = np.array([[1.0] * 3, [2.0] * 3]), np.array([[2.0] * 3, [1.0] * 3])
    found, wins = stats.rank_draws([first, first, first, second], ["many"] * 3 + ["one"], 500, np.random.default_rng(0))
    assert found[0] == pytest.approx([1.5, 1.5])
    assert wins[0] == pytest.approx([0.5, 0.5])
    # Two families, drawn twice: both the first, one of each, or both the second.
    assert sorted(set(wins[:, 0])) == [0.0, 0.5, 1.0]
    assert np.mean(wins[:, 0] == 0.5) == pytest.approx(0.5, abs=0.08)
