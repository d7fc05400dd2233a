"""Laws of SymmetryGAN: one element that keeps a Gaussian's density, the same for every example, and its powers."""

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split
from bench.api.parameters import table_of
from bench.lie.action import IdentityAction
from bench.lie.exponential import matrices_of
from bench.lie.search_space import full, mask2
from bench.lie.vectors import VectorAction
from bench.methods.liegan import LieGAN
from bench.methods.symmetrygan import GroupElement, SymmetryGAN, SymmetryGANParameters

CPU = torch.device("cpu")
#: D about as small as the paper's (25-25), and its rates, Keras' default.
SETTINGS = {"steps": 1000, "vector_width": 32, "lr_g": 2e-3, "lr_d": 1e-3}


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def gaussian(variances, n=2048):
    """Points of the plane without labels; a symmetry of their density satisfies g S gᵀ = S."""
    split = Split(torch.randn(n, 1, 2, generator=rng()) * torch.tensor(variances).sqrt(), torch.zeros(n, 1, 1))
    action, still = VectorAction(2), IdentityAction(2)
    return Problem(split, split, action, still, full(2), nn.functional.mse_loss, nn.Identity, CPU)


def fit(problem, tmp_path, seed=0, **changes):
    ctx = RunContext(SymmetryGANParameters(**(SETTINGS | changes)), seed, CPU, tmp_path)
    return SymmetryGAN().fit(problem, ctx)


def covariance_defect(a, variances):
    """||g S gᵀ - S|| / ||S|| for g = exp(a)."""
    g, s = torch.linalg.matrix_exp(a), torch.diag(torch.tensor(variances))
    return float((g @ s @ g.mT - s).norm() / s.norm())


def elements(variances, tmp_path, starts):
    return [fit(gaussian(variances), tmp_path, seed).symmetry().generators[0] for seed in starts]


def check_stretched(learned, least):
    assert sum(covariance_defect(a, (1.0, 2.0)) < 0.1 for a in learned) >= least
    assert all(float((torch.linalg.matrix_exp(a) - torch.eye(2)).norm()) > 0.2 for a in learned)  # not the identity


def check_round(learned, least):
    assert sum(float((a - a.mT).norm() / (a + a.mT).norm()) >= 10.0 for a in learned) >= least


def test_from_one_start_it_keeps_the_density(tmp_path):
    check_stretched(elements((1.0, 2.0), tmp_path, range(1)), 1)
    check_round(elements((1.0, 1.0), tmp_path, range(1)), 1)


@pytest.mark.slow
def test_from_at_least_eight_of_ten_starts_it_keeps_the_density(tmp_path):
    check_stretched(elements((1.0, 2.0), tmp_path, range(10)), 8)
    check_round(elements((1.0, 1.0), tmp_path, range(10)), 8)


def test_the_estimate_draws_the_element_its_inverse_and_the_identity(tmp_path):
    estimate = fit(gaussian((1.0, 2.0), 64), tmp_path, steps=2).symmetry()
    assert estimate.generators.shape == (1, 2, 2)
    drawn = estimate.sample(300, rng())
    sides = (drawn * estimate.generators[0]).sum((1, 2)) / estimate.generators.square().sum()
    torch.testing.assert_close(sides, sides.round())
    assert [int((sides.round() == z).sum()) > 60 for z in (-1, 0, 1)] == [True] * 3


def test_every_example_is_moved_by_the_same_element_no_longer_than_allowed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        element = GroupElement(SymmetryGANParameters(max_norm=2.0), mask2())
    generators = element()
    assert generators.shape == (1, 8, 8)
    drawn = matrices_of(element.sample(generators, 5, rng()))
    length = generators[0].detach().norm()
    assert float(length) > 2.0
    torch.testing.assert_close(drawn, (2.0 * generators / length).expand(5, 8, 8))


def test_it_is_not_told_how_many_generators_there_are():
    assert "n_generators" not in table_of(SymmetryGANParameters)
    assert SymmetryGAN.card.knowledge == "none"


def test_equal_seeds_give_equal_elements_and_others_do_not(tmp_path):
    found = [fit(gaussian((1.0, 2.0), 128), tmp_path, seed, steps=4).symmetry().generators for seed in (0, 0, 1)]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_it_supports_what_liegan_does():
    problem = gaussian((1.0, 1.0), 4)
    labelled = Problem(**(vars(problem) | {"train": Split(problem.train.x, torch.zeros(4, dtype=torch.int64))}))
    assert SymmetryGAN().supports(problem) is None
    assert SymmetryGAN().supports(labelled) == LieGAN().supports(labelled) is not None
