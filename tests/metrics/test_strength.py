"""Strength of generators: 1 for a symmetry of the data, less for none, 0 where the data tell nothing."""

from dataclasses import replace

import pytest
import torch

from bench.api.coefficients import CoefficientSampler
from bench.metrics.evaluate import evaluate
from bench.metrics.judge import TRIM, Judge
from bench.metrics.scores import find
from bench.metrics.strength import DECLARED_ABOVE, RANDOM, USED_ABOVE, support
from bench.running.registry import load_registry
from bench.tasks.toy_se3 import of_distances


@pytest.fixture(scope="module")
def card():
    return load_registry().task("toy_se3").card


@pytest.fixture(scope="module")
def data(tmp_path_factory, load_all):
    task = load_registry().task("toy_se3")
    return load_all(task, "smoke", None, tmp_path_factory.mktemp("data"))


class Exact:
    """A judge that knows the map, but for a small error."""

    witness = True

    def error(self, x, y):
        return 1e-6 + float((of_distances(x)[:, None] - y).square().mean())


def sampler(*entries):
    generators = torch.zeros(len(entries), 4, 4)
    for generator, (i, j, value) in zip(generators, entries, strict=True):
        generator[i, j] = value
    return CoefficientSampler(generators, "uniform", torch.ones(len(entries)))


class Says:
    """A judge that answers with the next of some errors."""

    def __init__(self, *errors, witness=True):
        self.errors, self.witness = iter(errors), witness

    def error(self, x, y):
        return next(self.errors)


def strength(data, *entries, judge=Exact()):  # noqa: B008
    return support(judge, data, sampler(*entries), data.spaces["affine3d"]).strength


def test_a_symmetry_has_strength_one_and_a_stretch_has_less(data):
    shift, stretch = strength(data, (0, 3, 1.0), (0, 0, 0.5))
    assert float(shift) == pytest.approx(1.0, abs=1e-5)
    assert 0.0 <= float(stretch) < 0.9


def test_a_longer_or_shorter_generator_is_judged_beside_random_ones_that_move_as_far(data):
    near, far = strength(data, (0, 0, 0.1), (0, 0, 0.5))
    assert float(near) == pytest.approx(float(far), abs=0.1)
    assert float(near) < DECLARED_ABOVE


@pytest.mark.parametrize(
    ("before", "after", "harm", "expected"),
    [
        (0.01, 0.01, 1.0, 1.0),
        (0.01, 0.1, 1.0, 0.5),
        (0.01, 1.0, 1.0, 0.0),
        (0.01, 0.005, 1.0, 1.0),  # moved examples fit better by chance
        (0.01, 9.0, 1.0, 0.0),
        (0.0, 0.0, 1.0, 1.0),  # a judge without any error
        (0.5, 0.5, 0.5, 0.0),  # random moves do no harm: such data tell nothing
        (0.5, 0.5, 0.4, 0.0),
    ],
)
def test_strength_is_a_place_on_a_logarithmic_scale(data, before, after, harm, expected):
    judge = Says(before, after, *[harm] * RANDOM)
    assert strength(data, (0, 0, 0.5), judge=judge).tolist() == [pytest.approx(expected)]


def test_a_judge_that_has_learned_nothing_is_not_a_witness(data):
    assert strength(data, (0, 3, 1.0), judge=Says(0.01, witness=False)).tolist() == [0.0]


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

    monkeypatch.setattr("bench.metrics.evaluate.Judge", lambda *arguments: Exact())
    result = evaluate(Known(), data, card, card.budgets["smoke"], "affine3d")
    assert result.arrays["declared_generators"].tolist() == [True, False, False]
    assert result.arrays["strength_on_validation"][2] == 0.0
    assert result.scores["symmetry/declared"][0] == 1
    assert result.scores["symmetry/found_shift_x"][0] == pytest.approx(1.0)
    assert result.scores["symmetry/found_shift_z"][0] == pytest.approx(0.0, abs=1e-6)
    assert result.scores["equivariance/e_prime_translations"][0] == pytest.approx(0.0, abs=1e-5)
    assert result.scores["equivariance/e_prime_rotations"][0] == pytest.approx(0.0, abs=1e-5)


def test_the_reach_is_the_mean_motion_against_the_mean_size(data):
    found = support(Exact(), data, sampler((0, 3, 1.0), (0, 3, 0.01)), data.spaces["affine3d"]).reach
    shift, little = found
    # Four points, one coordinate of three, a shift uniform on (-1, 1): sqrt((1/3) / 3), points of variance 1.
    assert float(shift) == pytest.approx(1 / 3, rel=0.1)
    assert float(little) == pytest.approx(float(shift) / 100, rel=0.1)
    assert float(little) < USED_ABOVE < float(shift)


def test_the_judge_is_the_same_for_every_method_and_predicts(data, card):
    one, two = (Judge(data, "affine3d", card.budgets["smoke"]) for _ in range(2))
    x, y = data.val.x, data.val.y
    assert one.error(x, y) == two.error(x, y) > 0


def test_the_judge_leaves_out_the_largest_errors(data, card):
    judge = Judge(data, "affine3d", card.budgets["smoke"])
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


def test_a_judge_of_data_that_cannot_be_learned_is_not_a_witness(data, card):
    y = torch.randn(data.train.y.shape, generator=torch.Generator().manual_seed(0))
    noise = replace(data, train=replace(data.train, y=y))
    assert not Judge(noise, "affine3d", card.budgets["smoke"]).witness
