"""The spectrum of maps whose symmetries are known: shares of true directions are rounding, those of others not."""

import pytest
import torch

from bench.datasets import two_body
from bench.lie.action import IdentityAction
from bench.lie.algebra import orthonormalise, so
from bench.lie.field import field_gram
from bench.lie.nullspace import commutator_terms
from bench.lie.points import PointAction
from bench.lie.search_space import affine3d, full, mask2, mask4
from bench.lie.spectrum import symmetry_spectrum
from bench.lie.vectors import VectorAction
from bench.metrics.symmetry import compare
from bench.tasks.nbody import GENERIC
from bench.tasks.synthetic import partial_permutation
from bench.tasks.toy_se3 import of_distances, of_places

PLANE, SPACE = VectorAction(8), PointAction()


def spectrum_of(fn, x, basis, actions, chunk=200):
    directions = orthonormalise(basis, field_gram(actions[0], x, basis))
    terms = (commutator_terms(fn, part, directions, actions) for part in x.split(chunk))
    return symmetry_spectrum(terms, directions, not isinstance(actions[1], IdentityAction))


def eccentric_states(n=300):
    states = torch.from_numpy(two_body.windows(two_body.simulate(GENERIC).train, 1, 1).x)[:, 0].double()
    return states[torch.randperm(len(states), generator=torch.Generator().manual_seed(0))[:n]]


def change(x):
    return two_body.flow_step(x, GENERIC.dt) - x


@pytest.mark.parametrize("space", [full(8), mask2(), mask4()], ids=["full", "mask2", "mask4"])
def test_two_bodies_have_the_rotation_alone(space):
    x = eccentric_states()
    found = spectrum_of(change, x, space.basis, (PLANE, PLANE))
    assert float(found.shares[0]) < 1e-12
    assert found.first(0.01) == 1
    truth = torch.block_diag(*[so(2)[0]] * 4)[None]
    scores = compare(found.directions[:1], truth, space.basis, field_gram(PLANE, x, space.basis))
    assert scores.precision == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize(("fn", "number"), [(of_distances, 6), (of_places, 0)])
def test_functions_of_distances_have_se3_and_their_control_nothing(fn, number):
    x = torch.randn(300, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = spectrum_of(fn, x, affine3d().basis, (SPACE, IdentityAction(4)))
    assert found.first(0.2) == number
    assert bool((found.shares[:number] < 1e-12).all())
    assert float(found.shares[number]) > 0.4


def test_the_permutation_function_has_eleven_generators():
    x = torch.randn(300, 1, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = spectrum_of(partial_permutation, x, full(5).basis, (VectorAction(5), IdentityAction(5)))
    assert found.first(0.2) == 11
    assert float(found.shares[10]) < 1e-12


def test_chunks_change_nothing():
    x = eccentric_states(100)
    whole, parts = (spectrum_of(change, x, mask2().basis, (PLANE, PLANE), chunk) for chunk in (100, 7))
    torch.testing.assert_close(whole.shares, parts.shares, rtol=1e-6, atol=1e-12)


def test_units_of_inputs_and_outputs_change_no_share():
    x = eccentric_states(200)
    here = spectrum_of(change, x, full(8).basis, (PLANE, PLANE))
    scaled = spectrum_of(lambda z: 7.0 * change(z / 100.0), 100.0 * x, full(8).basis, (PLANE, PLANE))
    torch.testing.assert_close(here.shares, scaled.shares, rtol=1e-6, atol=1e-10)


def test_a_list_ends_at_the_first_share_that_is_too_large():
    found = symmetry_spectrum([(torch.eye(3)[..., None], torch.zeros(3, 3, 1))], torch.zeros(3, 2, 2), False)
    assert found.first(0.9) == 0  # each share is 1
    assert found.first(1.1) == 3
