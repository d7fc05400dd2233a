"""Laws of equivariant maps: they commute, their number is right, and noise does not change it."""

import itertools

import pytest
import torch

from bench.lie.algebra import so
from bench.lie.equivariant_maps import intertwiners, tolerance_of

J = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
PLANES = torch.kron(torch.eye(4, dtype=torch.float64), J)  # SO(2) on four copies of R^2
REFLECTION = -torch.eye(3, dtype=torch.float64)
NOISE = torch.randn(8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def kron_power(algebra, power):
    """Of a Lie algebra element on V ⊗ ... ⊗ V."""
    d, total = len(algebra), torch.zeros(len(algebra) ** power, len(algebra) ** power, dtype=torch.float64)
    eye = lambda n: torch.eye(d**n, dtype=torch.float64)  # noqa: E731
    for place in range(power):
        total += torch.kron(torch.kron(eye(place), algebra), eye(power - 1 - place))
    return total


@pytest.mark.parametrize(
    ("pairs", "dimension"),
    [
        ([(PLANES, PLANES)], 32),  # complex 4 x 4 matrices
        ([(g, g) for g in so(3)], 1),
        ([(kron_power(g, 2), g) for g in so(3)], 1),  # the cross product
        ([(kron_power(g, 2), g) for g in so(3)] + [(torch.kron(REFLECTION, REFLECTION), REFLECTION)], 0),  # O(3)
        ([(kron_power(g, 2), kron_power(g, 2)) for g in so(3)], 3),
        ([(g, g) for g in so(1, 3)], 1),
        ([(torch.zeros(1, 1, dtype=torch.float64), PLANES)], 0),
    ],
)
def test_the_number_of_maps_is_the_textbooks(pairs, dimension):
    space = intertwiners(pairs)
    assert len(space.basis) == dimension
    for w, (out, inner) in itertools.product(space.basis, pairs):
        assert float((out @ w - w @ inner).norm()) < 1e-9
    flat = space.basis.flatten(1)
    torch.testing.assert_close(flat @ flat.mT, torch.eye(dimension, dtype=torch.float64))


def test_the_unit_of_a_generator_does_not_matter():
    assert len(intertwiners([(1e-4 * PLANES, 1e-4 * PLANES)]).basis) == 32


@pytest.mark.parametrize("noise", [1e-3, 1e-2, 3e-2])
def test_an_inexact_generator_keeps_the_number_of_the_exact_one(noise):
    learned = PLANES + noise * NOISE
    space = intertwiners([(learned, learned)])
    assert len(space.basis) == 32
    exact = intertwiners([(PLANES, PLANES)]).basis.flatten(1)
    share = (space.basis.flatten(1) @ exact.mT).square().sum() / 32
    assert float(share) > 1 - 20 * noise**2


def test_symmetric_solutions_are_the_symmetric_part_of_all():
    every = intertwiners([(-PLANES.mT, PLANES)]).basis
    forms = intertwiners([(-PLANES.mT, PLANES)], symmetric=True).basis
    assert len(forms) == 16
    torch.testing.assert_close(forms, forms.mT)
    rank = torch.linalg.matrix_rank(torch.cat([(every + every.mT).flatten(1), forms.flatten(1)]), rtol=1e-9)
    assert int(rank) == 16


@pytest.mark.parametrize("bad", [torch.zeros(8, 8), torch.full((8, 8), float("nan"))])
def test_a_generator_without_a_size_is_refused(bad):
    with pytest.raises(ValueError, match="generator 2 of 2 has size"):
        intertwiners([(PLANES, PLANES), (bad, bad)])


def test_no_generator_is_refused():
    with pytest.raises(ValueError, match="no generators"):
        intertwiners([])


@pytest.mark.parametrize(
    ("values", "zeros", "tolerance"),
    [
        ([1e-16, 1e-9, 0.02, 1.4, 1.5], 3, (0.02 * 1.4) ** 0.5),
        ([0.5, 1.0], 0, (0.01 * 0.5) ** 0.5),
        ([0.0, 1e-5], 2, 0.01),
        ([0.004, 0.016, 0.06, 0.2, 0.7], 2, (0.016 * 0.06) ** 0.5),  # no clear gap: still the largest
        ([0.5, 0.6, 30.0, 31.0], 0, (0.01 * 0.5) ** 0.5),
        ([0.02, 12.0, 13.0, 1300.0], 1, (0.02 * 12.0) ** 0.5),  # a gap high up is not one between noise and maps
    ],
)
def test_the_tolerance_is_the_middle_of_the_largest_gap(values, zeros, tolerance):
    spectrum = torch.tensor(values, dtype=torch.float64)
    assert tolerance_of(spectrum) == pytest.approx(tolerance)
    assert int((spectrum <= tolerance_of(spectrum)).sum()) == zeros


def test_a_given_tolerance_decides_alone():
    learned = PLANES + 3e-2 * NOISE
    assert len(intertwiners([(learned, learned)], tolerance=1e-6).basis) == 8  # the powers of one generic matrix
    assert len(intertwiners([(learned, learned)], tolerance=10.0).basis) == 64
