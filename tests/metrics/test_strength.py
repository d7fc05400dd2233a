"""Strength of generators: 1 for a symmetry that the predictor has, less for none, 0 without a witness."""

import pytest
import torch

from bench.api.coefficients import CoefficientSampler
from bench.metrics.evaluate import evaluate
from bench.metrics.strength import support
from bench.running.registry import load_registry
from bench.tasks.toy_se3 import of_distances


@pytest.fixture(scope="module")
def data(tmp_path_factory, load_all):
    task = load_registry().task("toy_se3")
    return load_all(task, "smoke", None, tmp_path_factory.mktemp("data"))


def exact(data):
    """The label itself, in training units."""
    return lambda x: data.units.y_to_training(of_distances(data.units.x_to_training(x))[:, None])


def sampler(*entries):
    generators = torch.zeros(len(entries), 4, 4)
    for generator, (i, j, value) in zip(generators, entries, strict=True):
        generator[i, j] = value
    return CoefficientSampler(generators, "uniform", torch.ones(len(entries)))


def test_a_symmetry_has_strength_one_and_a_stretch_has_less(data):
    shift, stretch, far = support(exact(data), data, sampler((0, 3, 1.0), (0, 0, 0.5), (0, 0, 1.5)), False).strength
    assert float(shift) == pytest.approx(1.0, abs=1e-5)
    assert float(far) < float(stretch) < 0.99


def test_what_never_moves_has_strength_one(data):
    still = CoefficientSampler(torch.ones(1, 4, 4) * torch.tensor([1.0, 1, 1, 0])[:, None], "integer", torch.zeros(1))
    assert float(support(exact(data), data, still, False).strength) == pytest.approx(1.0, abs=1e-6)


def test_a_predictor_no_better_than_a_constant_is_no_witness(data):
    found = support(lambda x: torch.full((len(x), 1, 1), 7.0), data, sampler((0, 3, 1.0)), False).strength
    assert torch.equal(found, torch.zeros(1, dtype=torch.float64))


def test_the_order_of_the_generators_and_a_second_call_change_nothing_but_the_order(data):
    one, two = (0, 3, 1.0), (1, 1, 1.0)
    first = support(exact(data), data, sampler(one, two), False).strength
    again = support(exact(data), data, sampler(one, two), False).strength
    assert torch.equal(first, again)


def test_only_generators_that_move_something_are_declared(data):
    from bench.api import Fitted, SymmetryEstimate

    class Known(Fitted):
        def predict(self, x):
            return exact(data)(x)

        def symmetry(self):
            found = sampler((0, 3, 1.0), (0, 0, 2.0), (1, 3, 1e-4))  # a shift, a stretch, next to nothing
            return SymmetryEstimate(found.generators, found)

    card = load_registry().task("toy_se3").card
    scores = evaluate(Known(), data, card, card.budgets["smoke"], "affine3d").scores
    assert scores["symmetry/declared"][0] == 1
    assert scores["symmetry/found_shift_x"][0] == pytest.approx(1.0)
    assert scores["symmetry/found_shift_z"][0] == pytest.approx(0.0, abs=1e-6)
    assert scores["equivariance/e_prime_translations"][0] == pytest.approx(0.0, abs=1e-5)
    assert scores["equivariance/e_prime_rotations"][0] == pytest.approx(0.0, abs=1e-5)


def test_the_reach_is_the_mean_motion_against_the_mean_size(data):
    shift, little = support(exact(data), data, sampler((0, 3, 1.0), (0, 3, 0.01)), False).reach
    # Four points, one coordinate of three, a shift uniform on (-1, 1): sqrt((1/3) / 3), points of variance 1.
    assert float(shift) == pytest.approx(1 / 3, rel=0.1)
    assert float(little) == pytest.approx(float(shift) / 100, rel=0.1)
