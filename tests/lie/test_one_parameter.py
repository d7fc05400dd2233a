"""The exponential of the multiples of one generator, against scipy, the general exponential and its derivative."""

import math

import pytest
import torch
from scipy.linalg import expm as scipy_expm

from bench.lie.exponential import expm, matrices_of
from bench.lie.one_parameter import OneParameter

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


def elements(d, norm, dtype, seed=0, n=7):
    draws = torch.Generator().manual_seed(seed)
    generator = torch.randn(d, d, generator=draws, dtype=torch.float64)
    w = torch.linspace(-1, 1, n, dtype=torch.float64)
    return OneParameter(w.to(dtype), (norm * generator / generator.norm()).to(dtype))


def relative_error(result, a):
    oracle = torch.from_numpy(scipy_expm(a.double().numpy()))
    return float(((result.double() - oracle).flatten(1).norm(dim=1) / oracle.flatten(1).norm(dim=1)).max())


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("norm", [0.0, 1e-3, 0.5, 2.8, 3.1, 10.0])
@pytest.mark.parametrize("d", [1, 2, 3, 8])
@pytest.mark.parametrize("bounded", [True, False])
def test_it_is_as_accurate_as_the_general_exponential(dtype, norm, d, bounded):
    a = elements(d, norm, dtype)
    if d == 1:
        a = elements(d, min(norm, 5.0), dtype)
    assert relative_error(a.exp(norm if bounded else None), a.matrices()) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("d", [2, 3, 8])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_terms_that_cancel_keep_the_accuracy(dtype, d, sign):
    """A multiple of the identity is the worst case: all terms of exp(-A) cancel."""
    a = OneParameter(torch.tensor([sign], dtype=dtype), 3.0 / math.sqrt(d) * torch.eye(d, dtype=dtype))
    assert relative_error(a.exp(3.0), a.matrices()) <= TOLERANCE[dtype]


@pytest.mark.parametrize("norm_bound", [1.0, 8.0])
@pytest.mark.parametrize("at_zero", [True, False])
def test_its_gradients_are_right_and_finite_also_at_zero(norm_bound, at_zero):
    draws = torch.Generator().manual_seed(1)
    generator = (0.0 if at_zero else 0.3) * torch.randn(3, 3, generator=draws, dtype=torch.float64)
    w = torch.tensor([0.0, 0.7, -1.0], dtype=torch.float64)
    inputs = (w.requires_grad_(), generator.requires_grad_())
    assert torch.autograd.gradcheck(lambda w, m: OneParameter(w, m).exp(norm_bound), inputs)


def test_expm_takes_multiples_and_matrices_alike():
    a = elements(4, 2.0, torch.float64)
    assert torch.allclose(expm(a, 2.0), expm(a.matrices(), 2.0), rtol=0, atol=1e-14)
    assert torch.equal(matrices_of(a), a.matrices())
    assert matrices_of(a.generator[None]) is not None


def test_minus_and_short_elements():
    a = elements(3, 4.0, torch.float64)
    assert torch.allclose(expm(-a) @ expm(a), torch.eye(3, dtype=torch.float64).expand(len(a), 3, 3), atol=1e-12)
    norms = a.shortened(1.0).matrices().flatten(1).norm(dim=1)
    assert torch.allclose(norms, a.matrices().flatten(1).norm(dim=1).clamp_max(1.0))
    assert a.frobenius_bound() == pytest.approx(4.0)


def test_no_element_gives_no_matrix():
    assert OneParameter(torch.zeros(0), torch.zeros(3, 3)).exp().shape == (0, 3, 3)


def test_values_that_are_not_finite_stay_visible():
    for bad in (torch.nan, torch.inf):
        assert not OneParameter(torch.ones(1), torch.full((2, 2), bad)).exp().isfinite().all()


def test_another_dtype_is_refused():
    with pytest.raises(ValueError, match=r"exp takes float32 or float64 matrices; got torch\.float16"):
        OneParameter(torch.ones(1), torch.zeros(2, 2, dtype=torch.float16)).exp()
