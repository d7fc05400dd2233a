"""Laws of the synthetic tasks: the group leaves the function alone, and the true algebra is all that does."""

import math

import pytest
import torch

from bench.lie.algebra import orthonormalise
from bench.lie.field import field_gram
from bench.lie.search_space import full
from bench.metrics.evaluate import reference_scores
from bench.metrics.symmetry import compare, span_share
from bench.running.registry import load_registry
from bench.tasks.synthetic import cycle, discrete_rotation, partial_permutation, rotation

ROTATION, CYCLE = rotation(), cycle()
NAMES = ("discrete_rotation", "partial_permutation")


@pytest.fixture(scope="module")
def load(tmp_path_factory, load_all):
    registry, folder = load_registry(), tmp_path_factory.mktemp("data")

    def load_task(name, budget="smoke"):
        return load_all(registry.task(name), budget, None, folder)

    return load_task


@pytest.mark.parametrize("name", NAMES)
def test_the_true_group_leaves_the_targets_alone(load, name):
    data = load(name)
    x = data.test.x[:256].double()
    algebra = data.truth.sample(256, torch.Generator().manual_seed(0))
    function = discrete_rotation if name == "discrete_rotation" else partial_permutation
    moved = data.action_in.apply(algebra, x)
    assert float((moved - x).norm(dim=-1).mean()) > 0.3
    torch.testing.assert_close(function(moved), function(x), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(data.test.y[:256].double(), function(x), rtol=1e-5, atol=1e-5)


def test_half_a_tooth_is_no_symmetry():
    x = torch.randn(256, 1, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    half = torch.matrix_exp(0.5 * ROTATION[0])
    assert float((discrete_rotation(x @ half.mT) - discrete_rotation(x)).abs().mean()) > 0.05


def test_the_textbook_cycle_is_the_cyclic_permutation():
    cycle = torch.matrix_exp(CYCLE[0])
    expected = torch.eye(5, dtype=torch.float64)[[2, 0, 1, 3, 4]]
    torch.testing.assert_close(cycle, expected)


def test_scaling_the_plane_is_the_only_flow_of_the_discrete_rotation(load):
    algebra = load("discrete_rotation").truth.algebra(full(3))
    assert len(algebra) == 1
    scaling = torch.diag(torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)) / math.sqrt(2.0)
    unit = algebra[0] / algebra[0].norm()
    assert float((unit * scaling).sum().abs()) == pytest.approx(1.0, abs=1e-6)


def test_the_partial_permutation_has_eleven_flows_and_the_textbook_is_one(load):
    algebra = load("partial_permutation").truth.algebra(full(5))
    assert len(algebra) == 11
    # Columns of the first three rows sum to zero (10), and x4² - x5² allows the boost of (x4, x5).
    torch.testing.assert_close(algebra[:, :3].sum(1), torch.zeros(11, 5, dtype=torch.float64), atol=1e-8, rtol=0)
    assert span_share(CYCLE, orthonormalise(algebra)) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize(("name", "precision"), [("discrete_rotation", 0.0), ("partial_permutation", 1.0)])
def test_the_textbook_is_a_symmetry_of_the_permutation_but_the_circle_none_of_the_teeth(load, name, precision):
    data = load(name)
    space = data.spaces["full"]
    gram = field_gram(data.action_in, data.val.x, space.basis, data.field_weights)
    scores = compare(data.truth.textbook, data.truth.algebra(space), space.basis, gram)
    assert scores.precision == pytest.approx(precision, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_those_of_the_budget(load, name):
    data = load(name, "small")
    assert [len(split) for split in (data.train, data.val, data.test)] == [10_000, 1_000, 2_000]
    assert data.train.y.shape == (10_000, 1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_data_are_drawn_alike_every_time_and_apart_between_splits(load, name):
    first, second = load(name), load(name)
    assert first.data_sha256 == second.data_sha256
    assert torch.equal(first.train.x, second.train.x)
    assert not torch.equal(first.train.x[:64], first.test.x[:64])
    assert 0.1 < reference_scores(first, first)["constant"] < 10.0
