"""Strength of generators: 1 for a symmetry of the data, less for none, 0 where the data tell nothing."""

import pytest
import torch

from bench.api.coefficients import CoefficientSampler
from bench.metrics.evaluate import evaluate
from bench.metrics.judge import TRIM, Judge
from bench.metrics.scores import find
from bench.metrics.strength import DECLARED_ABOVE, USED_ABOVE, support
from bench.running.registry import load_registry
from bench.tasks.toy_se3 import of_distances


@pytest.fixture(scope="module")
def card():
    return load_registry().task("toy_se3").card


@pytest.fixture(scope="module")
def data(tmp_path_factory, load_all):
    task = load_registry().task("toy_se3")
    return load_all(task, "smoke", None, tmp_path_factory.mktemp("data"))


def exact(x, y):
    """The error of a judge that knows the map."""
    return float((of_distances(x)[:, None] - y).square().mean())


def sampler(*entries):
    generators = torch.zeros(len(entries), 4, 4)
    for generator, (i, j, value) in zip(generators, entries, strict=True):
        generator[i, j] = value
    return CoefficientSampler(generators, "uniform", torch.ones(len(entries)))


def strength(data, *entries, judge=exact):
    return support(judge, data, sampler(*entries), data.spaces["affine3d"]).strength


def test_a_symmetry_has_strength_one_and_a_stretch_has_less(data):
    shift, stretch = strength(data, (0, 3, 1.0), (0, 0, 0.5))
    assert float(shift) == pytest.approx(1.0, abs=1e-5)
    assert 0.0 <= float(stretch) < 0.9


def test_a_longer_or_shorter_generator_is_judged_beside_random_ones_that_move_as_far(data):
    near, far = strength(data, (0, 0, 0.1), (0, 0, 0.5))
    assert float(near) == pytest.approx(float(far), abs=0.25)
    assert float(near) < DECLARED_ABOVE


def test_where_random_moves_do_no_harm_nothing_has_strength(data):
    same = strength(data, (0, 3, 1.0), judge=lambda x, y: 7.0)
    assert torch.equal(same, torch.zeros(1, dtype=torch.float64))


def test_strengths_stay_between_zero_and_one(data):
    """A judge for which moved data are better than unmoved ones by chance, or far worse than randomly moved ones."""
    calls = []

    def judge(x, y):
        calls.append(1)
        return {1: 1.0, 2: 0.5}.get(len(calls), 2.0)

    assert strength(data, (0, 0, 0.5), judge=judge).tolist() == [1.0]


def test_the_order_of_the_generators_and_a_second_call_change_nothing_but_the_order(data):
    one, two = (0, 3, 1.0), (1, 1, 1.0)
    first = strength(data, one, two)
    assert torch.equal(first, strength(data, two, one).flip(0))
    assert torch.equal(first, strength(data, one, two))


def test_only_generators_that_move_something_are_declared(data, card, monkeypatch):
    from bench.api import Fitted, SymmetryEstimate

    class Known(Fitted):
        def predict(self, x):
            return data.units.y_to_training(of_distances(data.units.x_to_training(x))[:, None])

        def symmetry(self):
            found = sampler((0, 3, 1.0), (0, 0, 2.0), (1, 3, 1e-4))  # a shift, a stretch, next to nothing
            return SymmetryEstimate(found.generators, found)

    monkeypatch.setattr(Judge, "__init__", lambda self, *arguments: None)
    monkeypatch.setattr(Judge, "error", lambda self, x, y: exact(x, y))
    result = evaluate(Known(), data, card, card.budgets["smoke"], "affine3d")
    assert result.arrays["declared_generators"].tolist() == [True, False, False]
    assert result.arrays["strength_on_validation"][2] == 0.0
    assert result.scores["symmetry/declared"][0] == 1
    assert result.scores["symmetry/found_shift_x"][0] == pytest.approx(1.0)
    assert result.scores["symmetry/found_shift_z"][0] == pytest.approx(0.0, abs=1e-6)
    assert result.scores["equivariance/e_prime_translations"][0] == pytest.approx(0.0, abs=1e-5)
    assert result.scores["equivariance/e_prime_rotations"][0] == pytest.approx(0.0, abs=1e-5)


def test_the_reach_is_the_mean_motion_against_the_mean_size(data):
    found = support(exact, data, sampler((0, 3, 1.0), (0, 3, 0.01)), data.spaces["affine3d"]).reach
    shift, little = found
    # Four points, one coordinate of three, a shift uniform on (-1, 1): sqrt((1/3) / 3), points of variance 1.
    assert float(shift) == pytest.approx(1 / 3, rel=0.1)
    assert float(little) == pytest.approx(float(shift) / 100, rel=0.1)
    assert float(little) < USED_ABOVE < float(shift)


def test_the_judge_is_the_same_for_every_method_and_predicts(data, card):
    one, two = (Judge(data, "affine3d", card.budgets["smoke"], higher_is_better=False) for _ in range(2))
    x, y = data.val.x, data.val.y
    assert one.error(x, y) == two.error(x, y) > 0


def test_the_judge_leaves_out_the_largest_errors(data, card):
    judge = Judge(data, "affine3d", card.budgets["smoke"], higher_is_better=False)
    x, y = data.val.x, data.val.y.clone()
    before = judge.error(x, y)
    y[: round(TRIM * len(y) / 2)] += 1e6
    assert judge.error(x, y) < 10 * before
    y[:] += 1e6
    assert judge.error(x, y) > 1e6


def test_the_table_of_scores_states_the_thresholds():
    meaning = find("symmetry/declared").meaning
    assert f"strength {DECLARED_ABOVE} or more" in meaning
    assert USED_ABOVE == 0.1  # "a tenth of their size"
