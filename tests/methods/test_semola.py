"""Laws of SEMoLA: it finds a rotation, its generators keep mask and norm, its loss terms are what they say."""

import math

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split
from bench.api.regularisers import overlap, similarity
from bench.lie.algebra import so
from bench.lie.points import PointAction
from bench.lie.search_space import affine3d, full
from bench.lie.vectors import VectorAction
from bench.methods.semola import LieAugmenter, Semola, SemolaParams
from bench.records.cell import make_cell
from bench.running.registry import load_registry

CPU = torch.device("cpu")
PLANE = VectorAction(2)


def gated_rotation(x):
    """Turns by 0.7 and scales by the length: equivariant under so(2) alone."""
    turn = torch.tensor([[math.cos(0.7), -math.sin(0.7)], [math.sin(0.7), math.cos(0.7)]])
    return x @ turn.T * (1 + x.norm(dim=-1, keepdim=True)).reciprocal() * torch.sin(3 * x.norm(dim=-1, keepdim=True))


def toy_problem(n=1024):
    x = torch.randn(n, 1, 2, generator=torch.Generator().manual_seed(0))
    split = Split(x, gated_rotation(x))

    def backbone():
        return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))

    return Problem(split, split, PLANE, PLANE, full(2), nn.functional.mse_loss, backbone, CPU)


def context(tmp_path, seed=0, **changes):
    chosen = {"passes": 51_200, "copies": 4, "batch_size": 64, "lr": 5e-3, "basis_lr": 5e-3} | changes
    return RunContext(SemolaParams(**chosen), seed, CPU, tmp_path)


@pytest.mark.parametrize("target", ["label", "prediction"])
def test_it_finds_the_rotation_of_a_toy_map(tmp_path, target):
    fitted = Semola().fit(toy_problem(), context(tmp_path, equivariance_target=target))
    learned = fitted.symmetry().generators[0]
    cosine = (learned * so(2)[0]).sum() / learned.norm() / math.sqrt(2)
    assert abs(float(cosine)) > 0.99


def test_equal_seeds_give_equal_generators_and_predictions(tmp_path):
    problem = toy_problem(128)
    x = problem.val.x[:5]
    runs = [Semola().fit(problem, context(tmp_path, seed, passes=1280)) for seed in (0, 0, 1)]
    assert torch.equal(runs[0].symmetry().generators, runs[1].symmetry().generators)
    assert torch.equal(runs[0].predict(x), runs[1].predict(x))
    assert not torch.equal(runs[0].predict(x), runs[2].predict(x))


def test_a_prediction_does_not_depend_on_its_batch(tmp_path):
    fitted = Semola().fit(toy_problem(128), context(tmp_path, passes=640))
    x = toy_problem(16).val.x
    together = fitted.predict(x)
    alone = torch.cat([fitted.predict(row[None]) for row in x])
    torch.testing.assert_close(together, alone)


def test_both_inference_strategies_are_offered_and_charged(tmp_path):
    plain = Semola().fit(toy_problem(64), context(tmp_path, passes=320, inference="plain"))
    average = Semola().fit(toy_problem(64), context(tmp_path, passes=320, inference="average", inference_copies=5))
    assert set(plain.strategies()) == {"plain", "average"}
    assert (plain.forward_passes, average.forward_passes) == (1, 5)


def test_generators_keep_the_mask_and_the_norm_and_start_equal():
    space = affine3d()
    generators = LieAugmenter(6, space.mask, math.sqrt(2.0))()
    assert torch.all(generators[:, ~space.mask] == 0)
    torch.testing.assert_close(generators.flatten(1).norm(dim=1), torch.full((6,), math.sqrt(2.0)))
    torch.testing.assert_close(generators[0], generators[5])


def test_similarity_is_one_when_nothing_moves_and_ignores_charges():
    cloud = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0))
    cloud[..., 0] = 6.0
    assert float(similarity(PointAction(), cloud, cloud, "cosine")) == pytest.approx(1.0)
    turned = cloud.clone()
    turned[..., 1:] *= -1
    assert float(similarity(PointAction(), turned, cloud, "cosine")) == pytest.approx(1.0)  # |mean cos| of -1
    assert float(similarity(PointAction(), torch.cat([turned, cloud]), torch.cat([cloud, cloud]), "cosine")) < 1e-6


def test_fourier_similarity_does_not_see_a_circular_shift():
    image = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    shifted = image.roll(3, dims=-1)
    assert float(similarity(PLANE, shifted, image, "fourier")) == pytest.approx(1.0, abs=1e-5)
    assert float(similarity(PLANE, shifted, image, "cosine")) < 0.95


def test_overlap_counts_pairs_and_is_zero_for_one_generator():
    one = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    assert float(overlap(one)) == 0.0
    assert float(overlap(torch.cat([one, 3 * one, -one]))) == pytest.approx(3.0)


def test_the_defaults_fit_every_task():
    registry = load_registry()
    for task in registry.tasks.values():
        make_cell(task, Semola(), search=None, budget="small", seed=0, fingerprint="")
