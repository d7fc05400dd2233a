"""The evaluation against oracles: a perfect predictor, a constant one, and estimates whose scores are known."""

from functools import partial

import pytest
import torch

from bench.api import Fitted, SymmetryEstimate, to_physical, to_training
from bench.api.coefficients import uniform_sampler
from bench.datasets.two_body import TwoBodyRecipe, flow_step
from bench.errors import Diverged
from bench.metrics.evaluate import evaluate, physical_predictor, reference_scores
from bench.running.registry import load_registry
from bench.tasks.nbody import rotation, torus

ROTATION, TORUS = rotation(), torus()


class Oracle(Fitted):
    """Predicts by a function of physical states, handed over in training units as a method would."""

    def __init__(self, physical, units, generators=None):
        self.physical, self.units, self.generators = physical, units, generators

    def predict(self, x):
        return self.units.y_to_training(self.physical(x * self.units.scale_in.to(x)))

    def symmetry(self):
        if self.generators is None:
            return None
        return SymmetryEstimate(self.generators, uniform_sampler(self.generators, 1.0))


class TwoWays(Oracle):
    inference = "good"

    def strategies(self):
        return {"good": self.predict, "bad": torch.zeros_like}


@pytest.fixture(scope="module")
def task(tmp_path_factory, load_all):
    entry = load_registry().task("nbody_1step_id")
    budget = entry.card.budgets["smoke"]
    return entry.card, budget, load_all(entry, budget, None, tmp_path_factory.mktemp("data"))


def scores_of(task, fitted, search=None):
    card, budget, data = task
    result = evaluate(fitted, data, card, budget, search)
    return {name: value for name, (value, _, _) in result.scores.items()}, result.arrays


true_step = partial(flow_step, dt=TwoBodyRecipe().dt)


def test_the_true_dynamics_make_no_error_and_are_equivariant(task):
    scores, arrays = scores_of(task, Oracle(true_step, task[2].units))
    assert scores["test/mse"] < 1e-12
    assert scores["equivariance/e_prime"] < 1e-5  # float32 states of size 2
    assert scores["equivariance/e_prime_rel_max"] < 1e-5
    assert arrays["test_score"].mean() == pytest.approx(scores["test/mse"], rel=1e-5)
    assert not any(name.startswith("symmetry/") for name in scores)


def test_a_linear_map_that_is_not_equivariant_fools_e_but_not_e_prime(task):
    stretch = torch.diag(torch.tensor([1.0, 2.0] * 4))
    scores, _ = scores_of(task, Oracle(lambda x: x @ stretch, task[2].units))
    assert scores["equivariance/e_prime"] > 1.0
    assert scores["equivariance/e"] < 0.3 * scores["equivariance/e_prime"]


def test_persistence_scores_its_reference(task):
    scores, _ = scores_of(task, Oracle(lambda x: x, task[2].units))
    assert scores["test/mse"] == pytest.approx(reference_scores(task[2], task[2])["persistence"], rel=1e-4)


def test_the_textbook_generator_scores_one_in_every_search_space(task):
    units = task[2].units
    for search in ("full", "mask2", "mask4"):
        scores, arrays = scores_of(task, Oracle(true_step, units, units.generators_to_training(ROTATION)), search)
        for name in ("precision", "recall", "cosine", "precision_on_data"):
            assert scores[f"symmetry/{name}"] == pytest.approx(1.0, abs=1e-6)
        assert scores["symmetry/mae"] == pytest.approx(0.0, abs=1e-9)
        assert scores["symmetry/angle_rate"] == pytest.approx(1.0)
        assert scores["equivariance/learned_e_prime"] < 1e-5
        assert arrays["sample_moved"].shape[:2] == (4, 8)


def test_turning_one_vector_alone_is_a_false_generator_that_the_data_do_not_exclude(task):
    units = task[2].units
    scores, _ = scores_of(task, Oracle(true_step, units, units.generators_to_training(TORUS[:1])), "mask2")
    assert scores["symmetry/precision"] == pytest.approx(0.25, abs=0.05)
    assert scores["symmetry/precision_on_data"] == pytest.approx(1.0, abs=1e-6)
    assert scores["symmetry/cosine"] == pytest.approx(0.5)


def test_every_strategy_is_scored_and_the_chosen_one_leads(task):
    scores, _ = scores_of(task, TwoWays(true_step, task[2].units))
    assert scores["test/mse"] == scores["test/mse_good"] < 1e-12
    assert scores["test/mse_bad"] > 1.0
    assert scores["equivariance/e_prime"] == scores["equivariance/e_prime_good"]
    assert {"equivariance/e_prime_good", "equivariance/e_prime_bad"} <= set(scores)


def test_a_prediction_that_is_not_finite_is_divergence(task):
    with pytest.raises(Diverged, match="test/mse is nan"):
        scores_of(task, Oracle(lambda x: x * float("nan"), task[2].units))


def test_units_are_undone(task):
    units = task[2].units
    x = torch.randn(3, 1, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(physical_predictor(lambda v: v, units)(x), x)
    estimate = SymmetryEstimate(ROTATION, uniform_sampler(ROTATION, 1.0))
    back = to_physical(to_training(estimate, units), units)
    torch.testing.assert_close(back.generators, ROTATION)
    draws = [e.sample(5, torch.Generator().manual_seed(1)) for e in (estimate, back)]
    torch.testing.assert_close(*draws)
