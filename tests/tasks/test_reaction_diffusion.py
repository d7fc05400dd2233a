"""Laws of reaction and diffusion: the scheme solves the equations, so(2) commutes with it, the control has nothing."""

import math

import pytest
import torch

from bench.api.training_problem import make_problem
from bench.lie.algebra import so
from bench.lie.channels import ChannelAction
from bench.lie.nullspace import linear_symmetries
from bench.lie.search_space import full
from bench.metrics.defect import TrueMap, defect
from bench.metrics.evaluate import reference_scores
from bench.metrics.symmetry import span_share
from bench.running.registry import load_registry
from bench.tasks.reaction_diffusion import EQUAL, SIDE, SIZE, SPACING, TASKS, UNEQUAL, laplacian, later, smooth_states

ACTION = ChannelAction(2)
REGISTRY = load_registry()


@pytest.fixture(scope="module")
def load(tmp_path_factory, load_all):
    folder = tmp_path_factory.mktemp("data")
    return lambda name, seed=0: load_all(REGISTRY.task(name), "smoke", None, folder, seed)


def states(n=16, seed=0):
    return smooth_states(n, torch.Generator().manual_seed(seed))


def test_a_wave_is_an_eigenvector_of_the_laplacian():
    place = SPACING * torch.arange(SIZE, dtype=torch.float64)
    k = 2.0 * math.pi * 3 / SIDE
    wave = torch.cos(k * place)[None, None, :, None].expand(1, 1, SIZE, SIZE)
    expected = -(2.0 - 2.0 * math.cos(k * SPACING)) / SPACING**2
    torch.testing.assert_close(laplacian(wave), expected * wave)


def test_a_uniform_state_on_the_limit_cycle_turns_at_unit_speed():
    angle = torch.linspace(0.0, 6.0, 5, dtype=torch.float64)
    x = torch.stack([angle.cos(), angle.sin()], 1)[:, :, None, None].expand(5, 2, SIZE, SIZE)
    turned = ACTION.apply(-0.5 * so(2)[0], x)  # u' = v, v' = -u: clockwise
    torch.testing.assert_close(later(x, EQUAL), turned, rtol=0, atol=1e-7)


def test_half_the_step_hardly_changes_the_target():
    x = states()
    error = (later(x, EQUAL) - later(x, EQUAL, steps=80)).square().mean().sqrt()
    assert float(error) < 1e-3
    assert float(error / (later(x, EQUAL, steps=20) - later(x, EQUAL, steps=80)).square().mean().sqrt()) > 10.0


def test_states_are_smooth_and_of_the_stated_size():
    x = states(500)
    assert float(x.square().sum(1).mean()) == pytest.approx(1.0, abs=0.02)
    spectrum = torch.fft.fft2(x).abs().amax((0, 1))  # (16, 16)
    assert float(spectrum[5:12].max()) < 1e-9
    assert float(spectrum[:, 5:12].max()) < 1e-9
    assert float(spectrum[4, 4]) > 1.0


def test_the_true_group_commutes_with_the_flow_and_not_with_the_controls(load):
    data = load("reaction_diffusion")
    x = data.generic[:64]
    algebra = data.truth.sample(64, torch.Generator().manual_seed(0))
    moved = ACTION.apply(algebra, x)
    assert float((moved - x).norm() / x.norm()) > 0.5
    torch.testing.assert_close(later(moved, EQUAL), ACTION.apply(algebra, later(x, EQUAL)), rtol=0, atol=1e-10)
    wrong = later(moved, UNEQUAL) - ACTION.apply(algebra, later(x, UNEQUAL))
    assert float(wrong.norm() / later(x, UNEQUAL).norm()) > 0.1


def test_the_computed_algebra_is_the_rotation(load):
    data = load("reaction_diffusion")
    computed = data.truth.algebra(full(2))
    assert len(computed) == 1
    assert span_share(so(2), computed) == pytest.approx(1.0, abs=1e-12)
    values = linear_symmetries(data.true_map, data.generic[:64], full(2).basis, (ACTION, ACTION), rtol=1e-9)
    assert float(values.singular_values[2]) > 0.5


def test_no_linear_map_commutes_with_the_control(load):
    data = load("reaction_diffusion_control")
    assert data.truth is None
    assert (
        len(linear_symmetries(data.true_map, data.generic[:64], full(2).basis, (ACTION, ACTION), 1e-2).generators) == 0
    )
    known = TrueMap(data.true_map, data.generic[:128], data.field_weights)
    rotation = float(defect(so(2), known, (ACTION, ACTION)).each)
    assert defect(full(2).basis, known, (ACTION, ACTION)).inf > 0.2
    assert 0.2 < rotation < 0.6
    assert [task.card.control for task in TASKS] == [False, True]


def test_both_tasks_have_the_same_inputs_and_other_targets(load):
    first, second = load("reaction_diffusion"), load("reaction_diffusion_control")
    assert torch.equal(first.train.x, second.train.x)
    assert not torch.equal(first.train.y, second.train.y)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.card.id)
def test_a_seed_gives_the_same_bits_and_the_budgets_sizes(load, task):
    first, again, other = (load(task.card.id, seed) for seed in (0, 0, 1))
    assert first.data_sha256 == again.data_sha256 != other.data_sha256
    assert torch.equal(first.test.x, other.test.x)
    assert [len(split) for split in (first.train, first.val, first.test)] == [64, 32, 32]
    assert first.train.x.shape == first.train.y.shape == (64, 2, 16, 16)
    scores = reference_scores(first, first)
    assert 0.1 < scores["constant"] < 1.0
    assert 0.1 < scores["persistence"] < 2.0


RUNS = ("plain", "augment", "remul", "semola", "augerino_plus", "atlasd", "liegg", "liegg_told")
REFUSED = ("augerino", "emlp", "gcnn", "liegan", "linear", "persistence", "rpp", "symmetrygan")


@pytest.mark.parametrize("name", RUNS + REFUSED)
def test_methods_for_other_data_are_refused_with_a_reason(load, name):
    problem = make_problem(load("reaction_diffusion"), "full", torch.device("cpu"))
    reason = REGISTRY.method(name).supports(problem)
    assert (reason is None) == (name in RUNS)
    assert reason is None or len(reason) > 10
