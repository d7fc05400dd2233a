"""Laws of the jets: massless particles, a label that the Lorentz group leaves alone, and a control that it does not."""

import math

import pytest
import torch

from bench.lie.action import IdentityAction
from bench.lie.algebra import so
from bench.lie.nullspace import linear_symmetries
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.metrics.defect import TrueMap, defect
from bench.metrics.evaluate import reference_scores
from bench.metrics.symmetry import span_share
from bench.running.registry import load_registry
from bench.tasks.jets import MASSES, RAPIDITY, TASKS, jets_at_rest, log_mass, of_frame

ACTIONS = VectorAction(4), IdentityAction(4)
METRIC = torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64)


@pytest.fixture(scope="module")
def load(tmp_path_factory, load_all):
    registry, folder = load_registry(), tmp_path_factory.mktemp("data")
    return lambda name, budget="smoke", seed=0: load_all(registry.task(name), budget, None, folder, seed)


def squares(x):
    """Minkowski squares of the last axis."""
    return (x.square() * METRIC).sum(-1)


def test_jets_at_rest_are_massless_particles_with_no_total_momentum():
    x = jets_at_rest(1000, 5, torch.Generator().manual_seed(0))
    assert float(squares(x).abs().max()) < 1e-14
    assert float(x[..., 0].min()) > 0.0
    expected = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64).expand(1000, 4)
    torch.testing.assert_close(x.sum(1), expected, rtol=0, atol=1e-13)


def test_two_particles_at_rest_fly_apart_evenly_in_every_direction():
    x = jets_at_rest(20_000, 2, torch.Generator().manual_seed(0))
    torch.testing.assert_close(x[..., 0], torch.full((20_000, 2), 0.5, dtype=torch.float64))
    # Half of the energy along each axis, squared, has the mean 1/12; the standard error is 5e-4.
    assert x[:, 0, 1:].square().mean(0).tolist() == pytest.approx([1 / 12] * 3, abs=2.5e-3)


def test_three_particles_at_rest_fill_phase_space_uniformly():
    # Of three massless particles, the energies are uniform on the triangle of Dalitz: E² has the mean 1/8 there.
    x = jets_at_rest(50_000, 3, torch.Generator().manual_seed(0))
    assert float(x[..., 0].max()) <= 0.5 + 1e-12
    assert float(x[..., 0].square().mean()) == pytest.approx(1 / 8, abs=1e-3)


def test_data_are_massless_and_their_label_is_the_mass(load):
    data = load("jets_lorentz")
    x = data.generic
    assert float(squares(x).abs().max() / x.square().max()) < 1e-12
    masses, total = log_mass(x).flatten().exp(), x.sum(1)
    assert MASSES[0] <= float(masses.min()) < float(masses.max()) <= MASSES[1]
    torch.testing.assert_close(masses.square(), squares(total), rtol=1e-9, atol=0)
    rapidity = torch.acosh(total[:, 0] / masses)
    assert 0.9 * RAPIDITY < float(rapidity.max()) <= RAPIDITY
    torch.testing.assert_close(data.test.y, log_mass(data.test.x.double()).float(), rtol=1e-4, atol=1e-4)


def test_the_true_group_and_its_parts_leave_the_label_alone(load):
    data = load("jets_lorentz")
    x = data.generic
    for sample in (data.truth.sample, *data.truth.parts.values()):
        moved = data.action_in.apply(sample(len(x), torch.Generator().manual_seed(1)), x)
        assert float((moved - x).norm() / x.norm()) > 0.3
        torch.testing.assert_close(log_mass(moved), log_mass(x), rtol=0, atol=1e-10)
        torch.testing.assert_close(squares(moved), squares(x), rtol=0, atol=1e-6)  # GeV²


def test_elements_of_the_true_group_have_a_bounded_rapidity(load):
    sample = load("jets_lorentz").truth.sample
    elements = torch.matrix_exp(sample(2000, torch.Generator().manual_seed(0)))
    assert math.cosh(0.8) < float(elements[:, 0, 0].max()) <= math.cosh(1.0) + 1e-12
    metric = METRIC.diag().expand(2000, 4, 4)
    torch.testing.assert_close(elements.mT @ metric @ elements, metric, rtol=0, atol=1e-12)


def test_the_computed_algebra_is_the_lorentz_algebra(load):
    data = load("jets_lorentz")
    computed = data.truth.algebra(full(4))
    assert len(computed) == 6
    assert span_share(so(1, 3), computed) == pytest.approx(1.0, abs=1e-12)
    assert defect(so(1, 3), TrueMap(data.true_map, data.generic, data.field_weights), ACTIONS).sup < 1e-10
    values = linear_symmetries(log_mass, data.generic, full(4).basis, ACTIONS, rtol=1e-9).singular_values
    assert float(values[9]) > 0.1  # the smallest of the ten others


def test_scaling_the_mass_does_not_pass_for_a_symmetry(load):
    data = load("jets_lorentz")
    scaling = torch.eye(4, dtype=torch.float64)[None]
    assert defect(scaling, TrueMap(data.true_map, data.generic, data.field_weights), ACTIONS).sup > 0.15


def test_no_linear_map_leaves_the_control_alone(load):
    data = load("jets_lorentz_control")
    assert data.truth is None
    assert len(linear_symmetries(of_frame, data.generic, full(4).basis, ACTIONS, rtol=1e-2).generators) == 0
    known = TrueMap(data.true_map, data.generic, data.field_weights)
    assert defect(full(4).basis, known, ACTIONS).inf > 0.12
    assert defect(so(1, 3), known, ACTIONS).inf > 0.12
    assert [task.card.control for task in TASKS] == [False, True]


def test_both_tasks_have_the_same_jets_and_other_labels(load):
    first, second = load("jets_lorentz"), load("jets_lorentz_control")
    assert torch.equal(first.train.x, second.train.x)
    assert not torch.equal(first.train.y, second.train.y)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.card.id)
def test_a_seed_gives_the_same_bits_and_the_budgets_sizes(load, task):
    first, again, other = (load(task.card.id, seed=seed) for seed in (0, 0, 1))
    assert first.data_sha256 == again.data_sha256 != other.data_sha256
    assert torch.equal(first.test.x, other.test.x)
    assert [len(split) for split in (first.train, first.val, first.test)] == [512, 256, 512]
    assert first.train.x.shape == (512, 6, 4)
    assert first.train.y.shape == (512, 1, 1)
    assert 0.1 < reference_scores(first, first)["constant"] < 10.0
