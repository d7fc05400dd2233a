"""Principal angles against scipy, and the chance level against a published number."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch

from bench.metrics.subspaces import grassmann_chance, grassmann_distance, principal_angles


def span(k, n, seed):
    rows = torch.randn(n, k, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.linalg.qr(rows)[0].mT


@pytest.mark.parametrize(("k", "r", "n"), [(1, 1, 3), (2, 3, 6), (5, 2, 9), (7, 7, 16)])
def test_angles_are_those_of_scipy(k, r, n):
    u, v = span(k, n, 0), span(r, n, 1)
    expected = np.sort(scipy.linalg.subspace_angles(u.mT.numpy(), v.mT.numpy()))
    np.testing.assert_allclose(principal_angles(u, v).numpy(), expected, atol=1e-9)


def test_a_small_angle_is_accurate():
    u = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    v = torch.tensor([[math.cos(1e-9), math.sin(1e-9), 0.0]], dtype=torch.float64)
    assert float(principal_angles(u, v)) == pytest.approx(1e-9, rel=1e-6)


def test_seven_random_dimensions_of_sixteen_are_as_far_apart_as_published():
    assert grassmann_chance(7, 7, 16) == pytest.approx(2.57, abs=0.05)


def test_a_dimension_without_partner_is_a_right_angle():
    u = span(3, 8, 0)
    assert grassmann_distance(u, u[:2]) == pytest.approx(math.pi / 2)
    assert grassmann_distance(u, u[:0]) == pytest.approx(math.sqrt(3) * math.pi / 2)
    assert grassmann_distance(u, u) == pytest.approx(0.0, abs=1e-7)
