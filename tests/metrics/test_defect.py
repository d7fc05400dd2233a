"""The relative defect against closed forms, and on tasks: true generators have none, others have."""

import math

import pytest
import torch

from bench.lie.action import IdentityAction
from bench.lie.algebra import affine, se, so
from bench.lie.field import unit_weights
from bench.lie.points import PointAction
from bench.lie.vectors import VectorAction
from bench.metrics.defect import TrueMap, defect
from bench.running.registry import load_registry

ONE = torch.ones(1, dtype=torch.float64)


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def of_distances(x):
    """A function of all distances between points, ``(n, p, 3) -> (n, 1)``."""
    squares = (x[:, :, None] - x[:, None]).square().sum(-1)
    return torch.exp(-squares).sum((1, 2))[:, None]


def flow(x):
    """The rotation-equivariant field x (1 - |x|²)."""
    return x * (1.0 - x.square().sum(-1, keepdim=True))


def test_the_textbook_rotations_are_symmetries_of_a_radial_flow():
    action = VectorAction(3)
    found = defect(so(3), TrueMap(flow, draws(400, 3), ONE), (action, action))
    assert found.sup < 1e-12
    assert float(found.each.max()) < 1e-12


def test_a_linear_map_has_the_defect_of_its_commutator():
    """For F(x) = Bx on white inputs the two terms are BA and AB, and their norms are those of the matrices."""
    b, a = draws(4, 4), draws(1, 4, 4, seed=1)
    x = torch.linalg.qr(draws(4000, 4, seed=2))[0] * math.sqrt(4000)  # exactly white
    action = VectorAction(4)
    found = defect(a, TrueMap(lambda x: x @ b.mT, x, ONE), (action, action))
    first, second = b @ a[0], a[0] @ b
    expected = (first - second).norm() / (first.square().sum() + second.square().sum()).sqrt()
    assert found.sup == pytest.approx(float(expected), rel=1e-9)


def test_an_invariant_is_measured_against_its_gradient():
    """F = x₁ has gradient e₁: moving along e₁ is as wrong as can be, across it is right."""
    action = VectorAction(2)
    known = TrueMap(lambda x: x[:, :1], draws(300, 2), ONE)
    along, across = torch.zeros(2, 2, 2, dtype=torch.float64)
    along[0, 0] = across[1, 1] = 1.0
    assert defect(along[None], known, (action, IdentityAction(2))).sup == pytest.approx(1.0)
    assert defect(across[None], known, (action, IdentityAction(2))).sup == 0.0


def test_the_largest_defect_of_a_span_is_that_of_its_worst_direction_in_any_basis():
    action = VectorAction(3)
    known = TrueMap(lambda x: flow(x) + 0.3 * x[:, [1, 2, 0]], draws(300, 3), ONE)
    span = draws(3, 3, 3, seed=4)
    whole = defect(span, known, (action, action))
    mixed = defect(torch.einsum("ij,jkl->ikl", draws(3, 3, seed=5), span), known, (action, action))
    assert (mixed.sup, mixed.mean) == pytest.approx((whole.sup, whole.mean), rel=1e-9)
    directions = torch.nn.functional.normalize(draws(3000, 3, seed=6), dim=1)
    singles = defect(torch.einsum("ij,jkl->ikl", directions, span), known, (action, action)).each
    assert float(singles.max()) <= whole.sup + 1e-12
    assert float(singles.max()) > 0.97 * whole.sup
    assert float(whole.each.min()) <= whole.mean <= whole.sup


def test_units_do_not_matter():
    scale = torch.tensor([100.0, 100.0, 1.0, 1.0], dtype=torch.float64)
    x, generator = draws(300, 4), draws(1, 4, 4, seed=7)
    fn = lambda x: x + 0.1 * torch.sin(x[:, [2, 3, 0, 1]])  # noqa: E731
    action, blocks = VectorAction(4), ((0, 1), (2, 3))
    as_is = defect(generator, TrueMap(fn, x, unit_weights(x, blocks)), (action, action))
    scaled = generator * scale[:, None] / scale[None, :]
    known = TrueMap(lambda x: scale * fn(x / scale), scale * x, unit_weights(scale * x, blocks))
    assert defect(scaled, known, (action, action)).sup == pytest.approx(as_is.sup, rel=1e-8)


def test_points_in_space_and_a_function_of_distances():
    x = draws(200, 4, 3)
    known = TrueMap(of_distances, x, ONE)
    actions = PointAction(), IdentityAction(4)
    assert defect(se(3), known, actions).sup < 1e-10
    assert defect(affine(3), known, actions).sup > 0.1


@pytest.mark.parametrize("name", ["nbody_1step_id", "nbody_eccentric_1step", "nbody_eccentric_3step"])
def test_turning_both_bodies_is_a_symmetry_of_the_dynamics_and_the_flow_of_time_is_not_a_turn(name, load_all, tmp_path):
    task = load_registry().task(name)
    data = load_all(task, "smoke", None, tmp_path)
    known, actions = TrueMap(data.true_map, data.generic, data.field_weights), (data.action_in, data.action_out)
    assert defect(data.truth.textbook, known, actions).sup < 1e-6
    random = draws(1, 8, 8)
    assert defect(random, known, actions).sup > 0.5


@pytest.mark.parametrize("name", ["discrete_rotation", "partial_permutation", "toy_se3"])
def test_the_true_algebra_of_an_invariant_has_no_defect(name, load_all, tmp_path):
    data = load_all(load_registry().task(name), "smoke", None, tmp_path)
    known, actions = TrueMap(data.true_map, data.generic, data.field_weights), (data.action_in, data.action_out)
    space = next(iter(data.spaces.values()))
    assert defect(data.truth.algebra(space), known, actions).sup < 1e-6


def test_no_affine_map_of_space_is_a_symmetry_of_the_control(load_all, tmp_path):
    data = load_all(load_registry().task("toy_se3_control"), "smoke", None, tmp_path)
    known, actions = TrueMap(data.true_map, data.generic, data.field_weights), (data.action_in, data.action_out)
    assert float(defect(affine(3), known, actions).each.min()) > 0.1
