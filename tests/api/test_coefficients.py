"""Laws of the coefficient distributions: their support, their moments, and the generators they combine."""

import pytest
import torch

from bench.api.coefficients import KINDS, CoefficientSampler, uniform_sampler
from bench.lie.exponential import expm, matrices_of

GENERATORS = torch.eye(4).view(2, 2, 4)[:, :, :2]  # two independent 2 x 2 matrices
SCALE = torch.tensor([2.0, 3.0])


def draw(kind, n=20_000):
    return CoefficientSampler(GENERATORS, kind, SCALE).coefficients(n, torch.Generator().manual_seed(0))


def test_uniform_coefficients_fill_their_interval():
    w = draw("uniform")
    assert bool((w.abs() <= SCALE).all())
    torch.testing.assert_close(w.std(0), SCALE / 3**0.5, rtol=0.02, atol=0)
    torch.testing.assert_close(w.mean(0), torch.zeros(2), rtol=0, atol=0.05)


def test_normal_coefficients_have_the_scale_as_standard_deviation():
    torch.testing.assert_close(draw("normal").std(0), SCALE, rtol=0.02, atol=0)


def test_integer_coefficients_hold_both_ends_and_all_between_alike():
    w = draw("integer")
    for column, largest in zip(w.T, (2, 3), strict=True):
        values, counts = column.unique(return_counts=True)
        assert values.tolist() == list(range(-largest, largest + 1))
        assert counts / len(w) == pytest.approx([1 / len(values)] * len(values), rel=0.1)


@pytest.mark.parametrize("kind", ["uniform", "normal", "integer"])
def test_a_sample_is_the_combination_of_the_generators(kind):
    sampler = CoefficientSampler(GENERATORS, kind, SCALE)
    w, algebra = (f(5, torch.Generator().manual_seed(1)) for f in (sampler.coefficients, sampler))
    torch.testing.assert_close(algebra, (w[:, :, None, None] * GENERATORS).sum(1))


@pytest.mark.parametrize("k", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_factors_are_the_elements_of_a_call(kind, k):
    sampler = CoefficientSampler(GENERATORS[:k], kind, SCALE[:k])
    factors, algebra = (f(5, torch.Generator().manual_seed(1)) for f in (sampler.factors, sampler))
    torch.testing.assert_close(matrices_of(factors), algebra)


@pytest.mark.parametrize("kind", KINDS)
def test_without_generators_every_element_is_zero_and_its_exponential_the_identity(kind):
    sampler = CoefficientSampler(GENERATORS[:0], kind, SCALE[:0])
    draws = torch.Generator().manual_seed(0)
    assert sampler.coefficients(5, draws).shape == (5, 0)
    assert torch.equal(sampler(5, draws), torch.zeros(5, 2, 2))
    assert torch.equal(expm(sampler.factors(5, draws)), torch.eye(2).expand(5, 2, 2))
    assert uniform_sampler(GENERATORS[:0], 1.0).scale.shape == (0,)


def test_wrong_kinds_and_shapes_are_refused():
    with pytest.raises(ValueError, match="must be one of uniform, normal, integer"):
        CoefficientSampler(GENERATORS, "gaussian", SCALE)
    with pytest.raises(ValueError, match=r"must be \(k, d, d\), \(k,\)"):
        CoefficientSampler(GENERATORS, "normal", SCALE[:1])
