"""Laws of the field inner product."""

import pytest
import torch

from bench.lie.algebra import se, so
from bench.lie.field import field_gram, unit_weights
from bench.lie.points import PointAction
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction


def test_the_gram_matrix_is_the_mean_of_products_over_samples():
    torch.manual_seed(0)
    x, basis = torch.randn(600, 3, dtype=torch.float64), torch.randn(4, 3, 3, dtype=torch.float64)
    weights = torch.tensor([1.0, 2.0, 0.5])
    expected = torch.zeros(4, 4, dtype=torch.float64)
    for i in range(4):
        for j in range(4):
            expected[i, j] = ((x @ basis[i].T) * weights * (x @ basis[j].T)).sum(1).mean()
    torch.testing.assert_close(field_gram(VectorAction(3), x.float(), basis, weights), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(field_gram(VectorAction(3), x, basis, weights), expected)


def test_half_of_gl8_is_invisible_when_body_2_mirrors_body_1():
    half = torch.randn(100, 4, dtype=torch.float64)
    gram = field_gram(VectorAction(8), torch.cat([half, -half], 1), full(8).basis)
    assert torch.linalg.matrix_rank(gram, hermitian=True, rtol=1e-8) == 32


def test_units_drop_out():
    x = torch.randn(50, 1, 4, dtype=torch.float64)
    metres = x * torch.tensor([100.0, 100.0, 1.0, 1.0])
    blocks = [[0, 1], [2, 3]]
    basis = torch.stack([torch.block_diag(so(2)[0], 0 * so(2)[0]), torch.block_diag(0 * so(2)[0], so(2)[0])])
    gram, scaled = (field_gram(VectorAction(4), data, basis, unit_weights(data, blocks)) for data in (x, metres))
    torch.testing.assert_close(gram, scaled)
    torch.testing.assert_close(gram.diag(), torch.full((2,), 2.0, dtype=torch.float64))


def test_features_outside_every_block_get_no_weight():
    cloud = torch.cat([torch.full((4, 5, 1), 6.0), torch.randn(4, 5, 3)], -1)
    weights = unit_weights(cloud, [[1, 2, 3]])
    assert weights[0] == 0
    assert field_gram(PointAction(), cloud, se(3), weights).shape == (6, 6)


def test_errors_say_what_is_wrong():
    x = torch.ones(3, 2)
    with pytest.raises(ValueError, match="x holds no samples"):
        field_gram(VectorAction(2), x[:0], so(2))
    with pytest.raises(ValueError, match="weights must be finite and >= 0"):
        field_gram(VectorAction(2), x, so(2), torch.tensor([1.0, torch.nan]))
    with pytest.raises(ValueError, match=r"block \[0\] is zero on all samples"):
        unit_weights(0 * x, [[0]])
    with pytest.raises(ValueError, match=r"block \[0, 1\] overlaps another"):
        unit_weights(x, [[1], [0, 1]])
