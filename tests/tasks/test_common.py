"""Laws of the group distributions that tasks share."""

import pytest
import torch
from scipy.spatial.transform import Rotation
from scipy.stats import kstest

from bench.api import Split
from bench.tasks.common import constant_median, haar_rotation_gaussian_shift, hat, least_squares, nearest_neighbour


@pytest.fixture(scope="module")
def elements():
    algebra = haar_rotation_gaussian_shift(0.5)(20_000, torch.Generator().manual_seed(0))
    return torch.linalg.matrix_exp(algebra)


def test_elements_are_rigid_motions(elements):
    rotation = elements[:, :3, :3]
    identity = torch.eye(3, dtype=torch.float64).expand_as(rotation)
    torch.testing.assert_close(rotation @ rotation.mT, identity)
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(len(rotation), dtype=torch.float64))


def test_shifts_are_gaussian_with_the_given_width(elements):
    shift = elements[:, :3, 3]
    for axis in range(3):
        assert kstest(shift[:, axis].numpy() / 0.5, "norm").pvalue > 1e-3


def test_rotations_are_haar_distributed(elements):
    # Under the Haar measure the image of any fixed vector is uniform on the sphere: its height is uniform on [-1, 1].
    image = elements[:, :3, :3] @ torch.tensor([0.6, 0.0, 0.8], dtype=torch.float64)
    for axis in range(3):
        assert kstest(image[:, axis].numpy(), "uniform", args=(-1, 2)).pvalue > 1e-3
    ours = Rotation.from_matrix(elements[:, :3, :3].numpy()).magnitude()
    theirs = Rotation.random(20_000, rng=0).magnitude()
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.02)


def test_hat_is_the_cross_product():
    a, b = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close((hat(a) @ b[:, :, None])[..., 0], torch.linalg.cross(a, b))


def test_the_constant_predictor_of_absolute_errors_is_the_median():
    assert constant_median(torch.tensor([0.0, 1.0, 8.0]), 2).tolist() == [1.0, 1.0]


def test_least_squares_is_exact_on_linear_targets_of_dependent_inputs():
    x = torch.randn(50, 1, 3, generator=torch.Generator().manual_seed(0))
    x[..., 2] = -x[..., 0]
    y = x[..., :2] @ torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    torch.testing.assert_close(least_squares(Split(x, y), x), y.double(), rtol=0, atol=1e-5)


def test_the_nearest_neighbour_is_that_of_a_search_by_hand():
    draws = torch.Generator().manual_seed(0)
    train = Split(torch.randn(60, 1, 2, generator=draws), torch.arange(60.0)[:, None, None])
    x = torch.randn(1_100, 1, 2, generator=draws)
    by_hand = [int((train.x - one).flatten(1).norm(dim=1).argmin()) for one in x]
    assert nearest_neighbour(train, x).flatten().int().tolist() == by_hand
    assert torch.equal(nearest_neighbour(train, train.x), train.y)
