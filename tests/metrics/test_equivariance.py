"""Laws of the equivariance errors."""

import pytest
import torch

from bench.lie.action import IdentityAction
from bench.lie.algebra import so
from bench.lie.vectors import VectorAction
from bench.metrics.equivariance import equivariance_errors

PLANE = VectorAction(2)


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(30, 2, dtype=torch.float64)


def turns(n, m=64):
    """(n, m, 2, 2): rotations by equally spaced angles, whose mean is exactly zero."""
    angles = torch.arange(m, dtype=torch.float64) * (2 * torch.pi / m)
    return (angles[:, None, None] * so(2)[0]).expand(n, m, 2, 2)


def test_a_constant_predictor_is_invariant(x):
    errors = equivariance_errors(lambda v: torch.ones(len(v), 3), x, turns(30), PLANE, IdentityAction(2), 100)
    assert errors.e == errors.e_prime == errors.e_prime_rel_max == 0


def test_the_identity_is_exactly_equivariant(x):
    errors = equivariance_errors(lambda v: v, x.float(), turns(30), PLANE, PLANE, 7)
    assert errors.e == errors.e_prime == errors.e_prime_rel == 0


def test_the_identity_of_the_group_gives_no_error(x):
    errors = equivariance_errors(torch.sin, x, 0 * turns(30, 3), PLANE, PLANE, 100)
    assert errors.e == errors.e_prime == 0


def test_e_vanishes_for_every_linear_map_but_e_prime_does_not(x):
    w = torch.randn(2, 2, dtype=torch.float64)
    errors = equivariance_errors(lambda v: v @ w.T, x, turns(30), PLANE, PLANE, 1000)
    assert errors.e < 1e-12
    assert errors.e_prime > 0.1


def test_errors_agree_with_their_definition(x):
    def predict(v):
        return torch.sin(v) + v**2

    algebra = turns(30, 5) + 0.1
    g = torch.matrix_exp(algebra)
    f_gx = predict(torch.einsum("nmij,nj->nmi", g, x).reshape(-1, 2)).reshape(30, 5, 2)
    g_fx = torch.einsum("nmij,nj->nmi", g, predict(x))
    errors = equivariance_errors(predict, x, algebra, PLANE, PLANE, 11)
    per_example = (f_gx - g_fx).norm(dim=2).mean(1)
    relative = per_example / predict(x).norm(dim=1).mean()
    torch.testing.assert_close(errors.per_example, per_example)
    assert errors.e == pytest.approx(float((f_gx.mean(1) - g_fx.mean(1)).norm(dim=1).mean()))
    assert errors.e_prime == pytest.approx(float(per_example.mean()))
    assert errors.e_prime_rel == pytest.approx(float(relative.mean()))
    assert errors.e_prime_rel_median == pytest.approx(float(relative.quantile(0.5)))
    assert errors.e_prime_rel_p95 == pytest.approx(float(relative.quantile(0.95)))
    assert errors.e_prime_rel_max == pytest.approx(float(relative.max()))


def test_the_predictor_never_sees_more_than_a_batch(x):
    sizes = []

    def predict(v):
        sizes.append(len(v))
        return v.square()

    whole = equivariance_errors(torch.square, x, turns(30, 5), PLANE, PLANE, 10_000)
    batched = equivariance_errors(predict, x, turns(30, 5), PLANE, PLANE, 7)
    assert max(sizes) == 7
    torch.testing.assert_close(batched.per_example, whole.per_example)


def test_a_predictor_that_is_zero_on_the_inputs_only_has_an_infinite_relative_error():
    x = torch.tensor([[1.0, 0.0]])
    quarter = (torch.pi / 2 * so(2)[0]).expand(1, 1, 2, 2)
    errors = equivariance_errors(lambda v: v[:, 1:], x, quarter, PLANE, IdentityAction(2), 10)
    assert errors.e_prime == pytest.approx(1)
    assert errors.e_prime_rel == torch.inf


def test_non_finite_predictions_are_not_hidden(x):
    errors = equivariance_errors(lambda v: v / 0, x, turns(30, 2), PLANE, PLANE, 100)
    assert errors.e_prime != errors.e_prime


def test_a_wrong_shape_is_refused(x):
    with pytest.raises(ValueError, match=r"algebra has shape \(30, 2, 2\); it must be \(30, M, 2, 2\), n and M >= 1"):
        equivariance_errors(torch.sin, x, turns(30, 1)[:, 0], PLANE, PLANE, 10)


def test_a_scalar_output_may_come_as_one_number_per_sample() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 1, 2, generator=generator, dtype=torch.float64)
    algebra = torch.randn(5, 3, 2, 2, generator=generator, dtype=torch.float64)
    flat = equivariance_errors(lambda v: v[:, 0, 0], x, algebra, VectorAction(2), IdentityAction(2), 4)
    column = equivariance_errors(lambda v: v[:, :, 0], x, algebra, VectorAction(2), IdentityAction(2), 4)
    assert flat.e_prime == pytest.approx(column.e_prime)
