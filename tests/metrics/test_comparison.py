import numpy as np
import pytest
from scipy import stats as oracle

from bench.metrics.comparison import compare


def test_it_is_scipys_paired_t_interval_and_exact_permutation_test():
    rng = np.random.default_rng(0)
    first, second = dict(enumerate(rng.normal(1.0, 1.0, 7))), dict(enumerate(rng.normal(0.0, 1.0, 7)))
    found = compare(first, second)
    a, b = np.array(list(first.values())), np.array(list(second.values()))
    interval = oracle.ttest_rel(a, b).confidence_interval(0.95)
    assert found.difference == pytest.approx(a.mean() - b.mean())
    assert found.half_width == pytest.approx((interval.high - interval.low) / 2)
    exact = oracle.permutation_test((a, b), lambda x, y: np.sum(x - y), permutation_type="samples", n_resamples=np.inf)
    assert found.p == pytest.approx(exact.pvalue)
    assert found.smallest_p == 2 / 2**7


def test_only_common_seeds_count_and_two_have_no_interval():
    found = compare({0: 1.0, 1: 2.0, 5: 9.0}, {1: 1.0, 0: 1.0, 7: 3.0})
    assert (found.seeds, found.first, found.second, found.difference) == ((0, 1), 1.5, 1.0, 0.5)
    assert found.half_width is None
    assert found.p == 1.0
    assert compare({0: 1.0}, {1: 1.0}) is None
