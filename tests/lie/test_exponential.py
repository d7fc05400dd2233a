"""The exponential against torch.matrix_exp in float64: values, gradients and forward derivatives."""

import pytest
import torch

from bench.lie.action import directional_derivative
from bench.lie.exponential import expm, expm_apply, squaring_count

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
KINDS = ["random", "antisymmetric", "nilpotent", "symmetric", "negative", "rank_one"]


def matrices(kind: str, norm: float, n: int = 16, d: int = 8) -> torch.Tensor:
    """(n, d, d) float64 of spectral norm ``norm``."""
    torch.manual_seed(0)
    a = torch.randn(n, d, d, dtype=torch.float64)
    v = torch.randn(n, d, 1, dtype=torch.float64)
    a = {
        "random": a,
        "antisymmetric": a - a.mT,
        "nilpotent": a.triu(1),
        "symmetric": a + a.mT,
        "negative": -a @ a.mT,
        "rank_one": -v @ v.mT,
    }[kind]
    return a * (norm / torch.linalg.matrix_norm(a, ord=2)[:, None, None])


def relative_error(value, oracle):
    """Worst over the batch, Frobenius norm per sample."""
    value, oracle = value.double().flatten(1), oracle.flatten(1)
    return float(((value - oracle).norm(dim=1) / oracle.norm(dim=1)).max())


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("norm", [0.01, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("bounded", [True, False], ids=["bound", "measured"])
def test_expm_agrees_with_the_oracle(dtype, kind, norm, bounded):
    a = matrices(kind, norm)
    x = torch.randn(16, 8, 3, dtype=torch.float64)
    a, x = a.to(dtype), x.to(dtype)
    oracle = torch.matrix_exp(a.double())
    assert relative_error(expm(a, norm if bounded else None), oracle) <= TOLERANCE[dtype]
    assert relative_error(expm_apply(a, x, norm if bounded else None), oracle @ x.double()) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_agree_with_the_oracle(dtype, kind):
    a, x = matrices(kind, 3.0).to(dtype).requires_grad_(), torch.randn(16, 8, 2).to(dtype).requires_grad_()
    weights = torch.randn(16, 8, 2, dtype=torch.float64)
    grads = torch.autograd.grad((expm_apply(a, x, 3.0) * weights).sum(), (a, x))
    a64, x64 = a.detach().double().requires_grad_(), x.detach().double().requires_grad_()
    oracles = torch.autograd.grad((torch.matrix_exp(a64) @ x64 * weights).sum(), (a64, x64))
    for grad, oracle in zip(grads, oracles, strict=True):
        assert relative_error(grad, oracle) <= TOLERANCE[dtype]


def test_forward_mode_agrees_with_a_finite_difference():
    a, da = matrices("random", 2.0), matrices("antisymmetric", 1.0)
    tangent = directional_derivative(lambda m: expm(m, 3.0), a, da)
    h = 1e-6
    difference = (torch.matrix_exp(a + h * da) - torch.matrix_exp(a - h * da)) / (2 * h)
    assert relative_error(tangent, difference) < 1e-8


def test_the_derivative_at_zero_is_exact():
    a = matrices("random", 5.0)
    tangent = directional_derivative(lambda t: expm(t * a, 0.0), a.new_zeros(()), a.new_ones(()))
    assert torch.equal(tangent, a)


def test_each_doubling_of_the_norm_costs_one_squaring():
    assert [squaring_count(torch.float32, norm) for norm in (0.0, 0.75, 0.76, 3.0, 10.0)] == [0, 0, 1, 2, 4]


def test_a_diverged_generator_gives_non_finite_numbers_not_an_error():
    assert not expm(torch.full((1, 2, 2), torch.nan)).isfinite().any()
    assert not expm(torch.full((1, 2, 2), torch.inf)).isfinite().all()


def test_an_empty_batch_stays_empty():
    assert expm(torch.zeros(0, 3, 3)).shape == (0, 3, 3)


def test_other_dtypes_are_refused():
    with pytest.raises(ValueError, match=r"expm takes float32 or float64 matrices; got torch\.float16"):
        expm(torch.zeros(1, 2, 2, dtype=torch.float16))
