"""The computed symmetries of known maps against their declared algebras."""

import pytest
import torch

from bench.lie.action import IdentityAction
from bench.lie.algebra import so
from bench.lie.field import field_gram
from bench.lie.nullspace import linear_symmetries
from bench.lie.search_space import full, mask2
from bench.lie.vectors import VectorAction
from bench.metrics.symmetry import compare


def gated(x):
    """Rotation-equivariant map of four plane vectors, with gates that mix their lengths and inner products."""
    v = x.reshape(-1, 4, 2)
    inner = v @ v.mT  # (n, 4, 4)
    return (torch.tanh(inner + 0.3 * inner.square().sum((1, 2), keepdim=True)) @ v).reshape(x.shape)


@pytest.mark.parametrize("space", [mask2(), full(8)], ids=["mask2", "full"])
def test_a_gated_map_of_mirrored_bodies_has_so2_only(space):
    torch.manual_seed(0)
    half = torch.randn(60, 4, dtype=torch.float64)
    x, action = torch.cat([half, -half], 1), VectorAction(8)
    found = linear_symmetries(gated, x, space.basis, (action, action), rtol=1e-8)
    truth = torch.block_diag(*[so(2)[0]] * 4)[None]
    scores = compare(found.generators, truth, space.basis, field_gram(action, x, space.basis))
    assert len(found.generators) == 1
    assert found.singular_values[-2] > 1e-3
    assert scores.precision == pytest.approx(1, abs=1e-10)
    assert scores.recall == pytest.approx(1, abs=1e-10)
    assert found.visible == len(found.singular_values) == {16: 16, 64: 32}[space.size]


def test_the_length_in_space_has_so3():
    torch.manual_seed(0)
    x, action = torch.randn(50, 3, dtype=torch.float64), VectorAction(3)
    space = full(3).basis
    found = linear_symmetries(lambda v: v.square().sum(1, keepdim=True), x, space, (action, IdentityAction(3)), 1e-8)
    gram = field_gram(action, x, full(3).basis)
    scores = compare(found.generators, so(3), full(3).basis, gram)
    assert scores.true_dimension == scores.dimension == 3
    assert scores.precision == pytest.approx(1, abs=1e-10)
    assert scores.recall == pytest.approx(1, abs=1e-10)
    coordinates = found.generators.flatten(1)
    torch.testing.assert_close(coordinates @ gram @ coordinates.mT, torch.eye(3, dtype=torch.float64))


def test_a_map_without_symmetry_has_no_generators():
    torch.manual_seed(0)
    x = torch.randn(50, 3, dtype=torch.float64)
    weights = torch.randn(3, dtype=torch.float64)
    found = linear_symmetries(
        lambda v: (torch.sin(v) @ weights)[:, None] + v.prod(1, keepdim=True) ** 2 + v.exp().sum(1, keepdim=True),
        x, full(3).basis, (VectorAction(3), IdentityAction(3)), 1e-6,
    )  # fmt: skip
    assert found.generators.shape == (0, 3, 3)
    assert found.singular_values[-1] > 1e-3


def test_a_constant_map_is_symmetric_under_everything():
    x = torch.randn(20, 2, dtype=torch.float64)
    found = linear_symmetries(lambda v: 0 * v, x, full(2).basis, (VectorAction(2), IdentityAction(2)), 1e-8)
    assert len(found.generators) == 4


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="2 samples give 2 equations for 6 visible directions; use more samples"):
        linear_symmetries(
            lambda v: v[:, :1], torch.randn(2, 3), full(3).basis, (VectorAction(3), IdentityAction(3)), 1e-8
        )
