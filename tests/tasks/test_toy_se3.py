"""Laws of the toy clouds: se(3) is all that leaves the one label alone, and nothing affine the other."""

import pytest
import torch

from bench.lie.action import IdentityAction
from bench.lie.nullspace import linear_symmetries
from bench.lie.points import PointAction
from bench.lie.search_space import affine3d
from bench.metrics.symmetry import span_share
from bench.running.registry import load_registry
from bench.tasks.toy_se3 import of_distances, of_places


@pytest.fixture(scope="module")
def load(tmp_path_factory, load_all):
    registry, folder = load_registry(), tmp_path_factory.mktemp("data")
    return lambda name: load_all(registry.task(name), "smoke", None, folder)


def linear(label, x):
    found = linear_symmetries(label, x.double(), affine3d().basis, (PointAction(), IdentityAction(4)), rtol=1e-9)
    return found.generators


def test_the_declared_algebra_is_the_one_that_the_label_has(load):
    data = load("toy_se3")
    computed = linear(of_distances, data.val.x[:128])
    assert len(computed) == 6
    assert span_share(computed, data.truth.algebra(affine3d())) == pytest.approx(1.0)


def test_the_control_has_none_and_says_so(load):
    data = load("toy_se3_control")
    assert len(linear(of_places, data.val.x[:128])) == 0
    assert data.truth is None
    registry = load_registry()
    assert registry.task("toy_se3_control").card.control
    assert not registry.task("toy_se3").card.control


def test_the_true_group_and_its_parts_leave_the_label_alone(load):
    data = load("toy_se3")
    x = data.test.x[:64].double()
    for sample in (data.truth.sample, *data.truth.parts.values()):
        moved = data.action_in.apply(sample(64, torch.Generator().manual_seed(0)), x)
        assert float((moved - x).norm(dim=-1).mean()) > 0.3
        torch.testing.assert_close(of_distances(moved), of_distances(x))


def test_both_tasks_have_the_same_points_and_other_labels(load):
    first, second = load("toy_se3"), load("toy_se3_control")
    assert torch.equal(first.train.x, second.train.x)
    assert not torch.equal(first.train.y, second.train.y)
    assert not torch.equal(first.train.x[:256], first.val.x[:256])


def test_no_permutation_of_the_points_is_a_symmetry(load):
    x = load("toy_se3").test.x.double()
    for order in ([1, 0, 2, 3], [0, 2, 1, 3], [3, 0, 1, 2]):
        assert float((of_distances(x[:, order]) - of_distances(x)).abs().mean()) > 0.05
