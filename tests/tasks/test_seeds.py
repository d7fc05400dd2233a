"""A seed draws the training and validation data; the test data are one and the same for all seeds."""

import pytest
import torch

from bench.api.parameters import from_values
from bench.datasets.cache import data_dir
from bench.running.registry import load_registry

REGISTRY = load_registry()


@pytest.fixture(params=sorted(REGISTRY.tasks))
def seeds(request, load_all):
    """The data of seeds 0, 0 and 1."""
    task = REGISTRY.task(request.param)
    options = from_values(task.Options, task.card.budgets["smoke"].options, owner=request.param)
    files = {"rotated_mnist": "mnist/train-images-idx3-ubyte.gz", "qm9": "qm9/qm9.npz"}
    if task.card.family in files and not (data_dir() / files[task.card.family]).exists():
        pytest.skip("its data are not on this machine")
    return [load_all(task, "smoke", options, data_dir(), seed) for seed in (0, 0, 1)]


def test_another_seed_draws_other_training_and_validation_data_and_the_same_test(seeds):
    first, again, other = seeds
    for split in ("train", "val"):
        x, same, new = (getattr(data, split).x for data in (first, again, other))
        assert torch.equal(x, same)
        assert x.shape != new.shape or not torch.equal(x, new)
    assert torch.equal(first.test.x, other.test.x)
    assert torch.equal(first.test.y, other.test.y)


def test_no_training_example_is_a_test_or_validation_example(seeds):
    for data in (seeds[0], seeds[2]):
        train, val, test = ({x.numpy().tobytes() for x in split.x} for split in (data.train, data.val, data.test))
        assert not train & test
        assert not train & val
        assert not val & test


def test_generic_states_are_the_same_for_all_seeds(seeds):
    first, _, other = seeds
    assert (first.generic is None) == (first.true_map is None)
    if first.generic is not None:
        assert torch.equal(first.generic, other.generic)
        assert bool(first.true_map(first.generic).isfinite().all())
