"""Laws of the vector fields as tasks: dimensions, defects of the controls and of the ladder, noise, and options."""

import pytest
import torch

from bench.api.parameters import from_values
from bench.errors import BenchError
from bench.lie.field import field_gram
from bench.lie.search_space import full
from bench.metrics.defect import TrueMap, defect
from bench.metrics.discovery import discovery_scores
from bench.metrics.evaluate import reference_scores
from bench.metrics.symmetry import compare
from bench.running.registry import load_registry
from bench.tasks.dynamics import TASKS, Dynamics, DynamicsOptions, HopfOptions

REGISTRY = load_registry()
DIMENSIONS = {"hopf": 1, "lin_rot2": 2, "rigid_top": 2, "sphere_flow": 3, "growth": 1}
#: Smallest relative defect over gl(d), computed apart from this code on many random states.
CONTROLS = {
    "van_der_pol": 0.248, "duffing": 0.288, "lotka_volterra": 0.291,
    "selkov": 0.485, "rigid_body": 0.205, "lorenz": 0.270,
}  # fmt: skip
LADDER = {0.01: 0.0064, 0.03: 0.0194, 0.1: 0.0646, 0.3: 0.190, 1.0: 0.542}
SYMMETRIC, EVERY = sorted(DIMENSIONS), sorted(DIMENSIONS | CONTROLS)


@pytest.fixture(scope="module")
def load(tmp_path_factory, load_all):
    folder = tmp_path_factory.mktemp("data")

    def load_task(name, budget="smoke", seed=0, **values):
        task = REGISTRY.task(f"dynamics_{name}")
        return load_all(task, budget, from_values(task.Options, values, owner=name), folder, seed)

    return load_task


def known(data):
    return TrueMap(data.true_map, data.generic, data.field_weights)


def against_truth(data, generators):
    space = data.spaces["full"]
    gram = field_gram(data.action_in, data.generic, space.basis, data.field_weights)
    return compare(generators, data.truth.algebra(space), space.basis, gram)


def test_there_are_eleven_tasks_of_one_family_and_six_are_controls():
    assert {task.card.id for task in TASKS} == {f"dynamics_{name}" for name in EVERY}
    assert {task.card.family for task in TASKS} == {"dynamics"}
    assert {task.card.id for task in TASKS if task.card.control} == {f"dynamics_{name}" for name in CONTROLS}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_the_textbook_is_all_of_the_computed_truth(load, name):
    data = load(name)
    scores = against_truth(data, data.truth.textbook)
    assert (scores.dimension, scores.true_dimension) == (DIMENSIONS[name],) * 2
    assert len(data.truth.textbook) == REGISTRY.task(f"dynamics_{name}").card.cardinality
    assert min(scores.precision, scores.recall) > 0.999
    assert defect(data.truth.textbook, known(data), (data.action_in, data.action_out)).sup < 1e-7


@pytest.mark.parametrize("name", SYMMETRIC)
def test_the_field_commutes_with_elements_of_the_true_group(load, name):
    data = load(name)
    x = data.generic
    algebra = data.truth.sample(len(x), torch.Generator().manual_seed(0))
    moved = data.action_in.apply(algebra, x)
    assert float((moved - x).norm(dim=-1).mean()) > 0.1
    expected = data.action_out.apply(algebra, data.true_map(x))
    torch.testing.assert_close(data.true_map(moved), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "smallest"), CONTROLS.items())
def test_no_generator_is_a_symmetry_of_a_control(load, name, smallest):
    data = load(name)
    space = data.spaces["full"]
    assert data.truth is None
    assert defect(space.basis, known(data), (data.action_in, data.action_out)).inf == pytest.approx(smallest, abs=0.01)


def test_of_growth_the_weighted_scaling_is_found(load):
    data = load("growth")
    weighted = torch.diag(torch.tensor([2.0, 1.0], dtype=torch.float64))[None]
    scores = discovery_scores(weighted, torch.tensor([True]), data, data.spaces["full"], control=False)
    assert scores["precision"] > 0.999
    assert (scores["finds"], scores["false_discovery"], scores["found_weighted_scaling"]) == (
        1.0,
        0.0,
        pytest.approx(1),
    )
    assert float(data.truth.algebra(full(2))[0].trace().abs()) > 0.1  # not compact


@pytest.mark.parametrize(("eps", "expected"), LADDER.items())
def test_the_ladder_has_the_defects_of_its_source(load, eps, expected):
    data = load("hopf", eps=eps)
    rotation = data.truth.textbook
    found = defect(rotation, known(data), (data.action_in, data.action_out)).sup
    assert found == pytest.approx(expected, rel=0.03)
    assert REGISTRY.task("dynamics_hopf").rotation_defect(HopfOptions(eps=eps)) == pytest.approx(found, abs=1e-12)
    scores = discovery_scores(rotation, torch.tensor([True]), data, data.spaces["full"], control=False)
    assert scores["true_dimension"] == 0
    assert "finds" not in scores
    assert scores["false_discovery"] == float(found > 0.1)


def test_at_eps_0_the_ladder_is_the_hopf_field(load):
    task, data = REGISTRY.task("dynamics_hopf"), load("hopf", eps=0.0)
    whole = Dynamics(task.system)
    plain = whole.load(task.card.budgets["smoke"], DynamicsOptions(), None, 0)
    assert plain.data_sha256 == data.data_sha256
    assert plain.data_note == data.data_note
    assert against_truth(data, data.truth.textbook).precision == pytest.approx(1.0)


def test_steps_of_the_ladder_and_noise_leave_inputs_and_test_targets_alone(load):
    quiet, noisy, broken = load("hopf"), load("hopf", noise=0.1), load("hopf", eps=1.0)
    for split in ("train", "val", "test"):
        for other in (noisy, broken):
            assert torch.equal(getattr(quiet, split).x, getattr(other, split).x)
    assert torch.equal(quiet.test.y, noisy.test.y)
    assert not torch.equal(quiet.test.y, broken.test.y)


@pytest.mark.parametrize("name", ["hopf", "lorenz"])
def test_noise_has_its_size_relative_to_the_field(load, name):
    quiet, noisy = load(name, "small"), load(name, "small", noise=0.1)
    size = float(quiet.true_map(quiet.generic).square().mean().sqrt())
    for split in ("train", "val"):
        noise = (getattr(noisy, split).y - getattr(quiet, split).y).double()
        assert float(noise.square().mean().sqrt()) == pytest.approx(0.1 * size, rel=0.06)


@pytest.mark.parametrize("name", EVERY)
def test_targets_are_the_velocities_and_references_order_themselves(load, name):
    data = load(name, "small")
    assert [len(split) for split in (data.train, data.val, data.test)] == [2_000, 1_000, 2_000]
    size = float(data.test.y.square().mean().sqrt())
    assert float((data.test.y - data.true_map(data.test.x.double())).abs().max()) < 1e-5 * size
    scores = reference_scores(data, data)
    assert scores["nearest"] < 0.1 * scores["constant"]
    assert scores["linear"] < 1.02 * scores["constant"]


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("hopf", {"eps": 1.5}, "parameter 'eps' of dynamics_hopf is 1.5; it must be a number in [0, 1]"),
        ("hopf", {"eps": -0.1}, "is -0.1; it must be a number in [0, 1]"),
        ("lorenz", {"noise": 2.0}, "parameter 'noise' of dynamics_lorenz is 2.0; it must be a number in [0, 1]"),
        ("lorenz", {"eps": 0.1}, "unknown parameter 'eps' of dynamics_lorenz. Allowed: noise."),
    ],
)
def test_an_option_out_of_range_is_refused_in_one_line(name, values, words):
    task = REGISTRY.task(f"dynamics_{name}")
    with pytest.raises(BenchError) as raised:
        from_values(task.Options, values, owner=task.card.id)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
