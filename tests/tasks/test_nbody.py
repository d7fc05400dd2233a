"""Laws of the two-body tasks: units, splits, the true algebra, and what a method can reach."""

import dataclasses
import math

import pytest
import torch

from bench.api import Problem
from bench.api.training_problem import make_problem
from bench.datasets.two_body import RELEASED, flow_step
from bench.lie.field import field_gram
from bench.metrics.evaluate import reference_scores
from bench.metrics.symmetry import compare
from bench.running.registry import load_registry
from bench.tasks.nbody import MOMENTA, POSITIONS, TRAINED, rotation, torus

ROTATION, TORUS = rotation(), torus()
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def load(tmp_path_factory, load_all):
    registry, folder = load_registry(), tmp_path_factory.mktemp("data")

    def load_task(name="nbody_1step_id", budget="small"):
        return load_all(registry.task(name), budget, None, folder)

    return load_task


def test_sizes_are_the_published_pairs_with_validation_from_training(load):
    data = load()
    assert len(data.train) + len(data.val) == 14_652
    assert len(data.test) == 14_220


def test_three_steps_have_the_published_pairs_and_persistence(load):
    data = load("nbody_3step_id")
    assert data.train.x.shape[1:] == data.train.y.shape[1:] == (3, 8)
    assert (len(data.train) + len(data.val), len(data.test)) == (11_396, 11_060)
    assert reference_scores(data, data)["persistence"] == pytest.approx(2.2e-2, rel=0.1)


@pytest.mark.parametrize("name", ["nbody_1step_id", "nbody_3step_ood", "nbody_1step_iid", "nbody_eccentric_1step"])
def test_upright_states_face_the_middle_of_training_and_still_obey_the_dynamics(load, name):
    data = load(name, "smoke")
    upright, kind = data.orientations.upright, load_registry().task(name).split
    x, y = upright.x.double(), upright.y.double()
    angle = torch.atan2(x[:, 0, 1], x[:, 0, 0])
    centre, half_width, period = TRAINED[kind]
    torch.testing.assert_close(angle, torch.full_like(angle, centre), atol=1e-5, rtol=0)
    assert (data.orientations.trained, data.orientations.period) == (half_width, period)
    following = flow_step(x[:, -1], RELEASED.dt)
    torch.testing.assert_close(y[:, 0], following, atol=2e-5, rtol=0)


def test_training_angles_of_the_quadrants_come_again_after_half_a_turn(load):
    x = load("nbody_1step_ood", "smoke").train.x[:, 0]
    centre, half_width, period = TRAINED["quadrant"]
    away = torch.remainder(torch.atan2(x[:, 1], x[:, 0]) - centre + period / 2, period) - period / 2
    assert float(away.abs().max()) <= half_width + 1e-6


def test_references_are_those_of_the_released_data(load):
    references = reference_scores(load(), load())
    assert references["persistence"] == pytest.approx(4.7e-3, rel=0.1)
    assert references["linear"] < 1e-6
    assert references["constant"] > 1.0


def test_validation_and_training_share_no_trajectory(load):
    data = load()

    def energy(x):  # conserved along an orbit, and different for every orbit
        state = x[:, 0].double()
        return state[:, 2:4].square().sum(1) - 1 / (2 * state[:, :2].norm(dim=1))

    train, val = energy(data.train.x), energy(data.val.x)
    gap_to_training = (val[:, None] - train[None]).abs().amin(1)
    gap_within_an_orbit = (train[1:] - train[:-1]).abs().median()  # windows of one orbit lie side by side
    assert float(gap_within_an_orbit) < 1e-7
    assert float(gap_to_training.median()) > 1e-5


def test_units_are_one_scalar_per_vector_type_and_nothing_is_shifted(load):
    units = load().units
    for columns in (POSITIONS, MOMENTA):
        assert len(set(units.scale_in[list(columns)].tolist())) == 1
    assert units.scale_in[0] / units.scale_in[2] == pytest.approx(1.68 / 0.25, rel=0.1)
    assert torch.all(units.shift_out == 0)


def test_units_are_undone_exactly_and_rotations_do_not_feel_them(load):
    data = load("nbody_1step_id", "smoke")
    units = data.units
    torch.testing.assert_close(units.y_to_physical(units.y_to_training(data.test.y)), data.test.y)
    torch.testing.assert_close(units.generators_to_training(ROTATION), ROTATION)
    g = torch.randn(3, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(units.generators_to_physical(units.generators_to_training(g)), g)
    # exp(L_phys) acts on physical data as exp(L_train) acts on training data.
    x = data.test.x[:3].double()
    physical = data.action_in.apply(units.generators_to_physical(0.1 * g), x)
    training = data.action_in.apply(0.1 * g, units.x_to_training(x))
    torch.testing.assert_close(units.x_to_training(physical), training)


@pytest.mark.parametrize("search", ["full", "mask2", "mask4"])
def test_the_dynamics_leave_the_textbook_rotation_alone(load, search):
    data = load()
    space = data.spaces[search]
    gram = field_gram(data.action_in, data.val.x[:200], space.basis, data.field_weights)
    scores = compare(data.truth.algebra(space), ROTATION, space.basis, gram)
    assert (scores.dimension, scores.true_dimension) == (1, 1)
    assert scores.precision == pytest.approx(1.0, abs=1e-6)


def test_turning_vectors_apart_contradicts_the_dynamics_but_contains_the_rotation(load):
    data = load()
    space = data.spaces["mask2"]
    gram = field_gram(data.action_in, data.val.x[:200], space.basis, data.field_weights)
    assert compare(TORUS, data.truth.algebra(space), space.basis, gram).precision == pytest.approx(0.25, abs=0.01)
    assert compare(ROTATION, TORUS, space.basis, gram).precision == pytest.approx(1.0, abs=1e-9)


def test_the_true_group_turns_by_angles_uniform_on_the_circle(load):
    algebra = load().truth.sample(4000, torch.Generator().manual_seed(0))
    angle = algebra[:, 1, 0]
    assert float(angle.abs().max()) <= math.pi
    assert float(angle.mean()) == pytest.approx(0.0, abs=0.1)
    assert float(angle.square().mean()) == pytest.approx(math.pi**2 / 3, rel=0.05)


def test_quadrants_of_training_and_test_do_not_meet(load):
    data = load("nbody_1step_ood")
    assert float((data.train.x[:, 0, 0] * data.train.x[:, 0, 1]).max()) <= 0
    assert float((data.test.x[:, 0, 0] * data.test.x[:, 0, 1]).min()) >= 0


def test_a_method_is_not_given_the_group_or_the_name(load):
    problem = make_problem(load("nbody_1step_id", "smoke"), "mask2", CPU)
    assert problem.group is None
    assert problem.given is None
    assert {field.name for field in dataclasses.fields(Problem)}.isdisjoint({"test", "truth", "task", "name", "card"})
