"""Laws of LieGG: it finds a rotation without being told, declines where there is none, and explains itself."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split, seed_for
from bench.api.training_problem import make_problem
from bench.contract.toys import SO2_AFFINE, toys
from bench.lie.action import IdentityAction
from bench.lie.algebra import so
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.methods.liegg import LieGG, LieGGParams, LieGGTold, LieGGToldParams
from bench.metrics.symmetry import compare
from bench.nn.mlp import MLP

CPU = torch.device("cpu")


def context(seed=0, **changes):
    told = "n_generators" in changes
    chosen = {"passes": 100_000, "batch_size": 32, "lr": 5e-3} | changes
    return RunContext((LieGGToldParams if told else LieGGParams)(**chosen), seed, CPU, Path())


def toy(number):
    """A toy task of the contract as a Problem: 0 is a map of the plane, 1 images."""
    task = toys()[number]
    data = task.load(task.card.budgets["small"], None, Path(), 0)
    return make_problem(data, task.card.searches[0], CPU)


def labelled(function, d=3, n=2048):
    x = torch.randn(n, 1, d, generator=torch.Generator().manual_seed(seed_for(0, "liegg")))
    split = Split(x, function(x[:, 0])[:, None, None])
    backbone = partial(MLP, (1, d), (1, 1), 32, 3)
    return Problem(split, split, VectorAction(d), IdentityAction(d), full(d), nn.functional.mse_loss, backbone, CPU)


def without_symmetry(x):
    return torch.sin(2.0 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + torch.cos(x[:, 1] + 0.3) + 0.3 * x[:, 2]


@pytest.fixture(scope="module")
def found():
    ctx = context()
    return LieGG().fit(toy(0), ctx), ctx


def test_it_finds_the_rotation_and_nothing_else_untold(found):
    estimate = found[0].symmetry()
    assert len(estimate.generators) == 1
    learned = estimate.generators[0]
    assert abs(float((learned * so(2)[0]).sum() / learned.norm())) / 2**0.5 > 0.99
    assert float(estimate.strength[0]) > 0.9
    assert float(learned.norm()) == pytest.approx(2**0.5, rel=0.05)  # one radian per unit coefficient
    assert float(estimate.sample.scale[0]) == pytest.approx(torch.pi, rel=0.05)


def test_the_record_holds_the_spectrum_the_threshold_and_how_much_the_network_explains(found):
    history = found[1].history
    assert len(history["spectrum/share"]) == 4
    assert history["spectrum/explained"][0][1] > 0.9
    shares = [share for _, share in history["spectrum/share"]]
    assert shares[0] < history["spectrum/largest_share"][0][1] < shares[1]


def test_it_sends_no_more_rows_through_the_network_than_the_budget_has(found):
    assert found[1].passes <= 100_000


def test_the_length_in_space_has_three_generators():
    estimate = LieGG().fit(labelled(lambda x: x.square().sum(1)), context()).symmetry()
    scores = compare(estimate.generators, so(3), full(3).basis, torch.eye(9, dtype=torch.float64))
    assert (scores.dimension, scores.true_dimension) == (3, 3)
    assert scores.precision > 0.99


def test_a_function_without_symmetry_gives_no_generator_and_an_estimate_that_consumers_can_use():
    estimate = LieGG().fit(labelled(without_symmetry), context(passes=150_000)).symmetry()
    assert estimate.generators.shape == (0, 3, 3)
    assert not estimate.sample(5, torch.Generator().manual_seed(0)).any()


def test_a_network_that_explains_nothing_declares_nothing():
    x = torch.randn(512, 1, 3, generator=torch.Generator().manual_seed(1))
    noise = torch.randn(512, 1, 1, generator=torch.Generator().manual_seed(2))
    problem = replace(labelled(without_symmetry), train=Split(x, noise), val=Split(x.flip(0), noise))
    ctx = context(passes=5_000)
    assert len(LieGG().fit(problem, ctx).symmetry().generators) == 0
    assert ctx.history["spectrum/explained"][0][1] < 0.5


def test_constant_labels_declare_nothing():
    constant = labelled(lambda x: torch.ones(len(x)))
    assert len(LieGG().fit(constant, context(passes=2_000)).symmetry().generators) == 0


def test_too_few_equations_are_refused():
    problem = labelled(without_symmetry, n=8)
    assert LieGG().supports(problem) == "has 8 equations from 8 examples for 9 unknown entries"
    assert LieGG().supports(labelled(without_symmetry, n=9)) is None


@pytest.mark.parametrize("k", [1, 3, 20])
def test_the_twin_returns_as_many_as_it_is_told_or_as_there_are(k):
    ctx = context(passes=2_000, n_generators=k)
    assert len(LieGGTold().fit(labelled(without_symmetry), ctx).symmetry().generators) == min(k, 9)


def test_images_are_moved_by_finite_motions_and_only_the_twin_answers():
    problem = toy(1)
    told = LieGGTold().fit(problem, context(passes=40_000, n_generators=1)).symmetry()
    gram = torch.eye(6, dtype=torch.float64)
    assert compare(told.generators, SO2_AFFINE, problem.search.basis, gram).precision > 0.9
    assert len(LieGG().fit(problem, context(passes=2_000)).symmetry().generators) == 0


def test_equal_seeds_give_equal_generators():
    runs = [LieGGTold().fit(toy(0), context(seed, passes=5_000, n_generators=1)) for seed in (0, 0, 1)]
    first, again, other = (run.symmetry().generators for run in runs)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
