"""Laws of the training batches: every example once, in a new order, with little padding, the same for every method."""

import numpy as np
import pytest
import torch

from bench.api import RunContext, Split
from bench.api.batches import Batches


@pytest.fixture
def ctx(tmp_path):
    return RunContext(None, 0, torch.device("cpu"), tmp_path)


def test_an_epoch_shows_every_example_once_in_a_new_order(ctx):
    split = Split(torch.arange(50.0)[:, None], torch.arange(50.0))
    batches = Batches(split, 8, ctx)
    orders = [torch.cat([y for _, y in batches.epoch()]) for _ in range(2)]
    assert all(torch.equal(order.sort().values, split.y) for order in orders)
    assert not torch.equal(*orders)


def test_batches_of_sized_examples_hold_similar_sizes_and_no_more_padding_than_needed(ctx):
    sizes = np.random.default_rng(0).integers(3, 30, 64)
    split = Split(torch.zeros(64, 30, 4), torch.arange(64.0), sizes)
    batches = Batches(split, 8, ctx)
    seen, computed = [], 0
    for x, y in batches.epoch():
        chosen = sizes[y.long().numpy()]
        assert x.shape[1] == chosen.max()
        computed += x.shape[0] * x.shape[1]
        seen += y.tolist()
    assert sorted(seen) == list(range(64))
    assert computed < 1.15 * sizes.sum()


def test_two_methods_at_one_seed_see_the_same_batches(ctx):
    split = Split(torch.arange(50.0)[:, None], torch.arange(50.0))
    first, second = (torch.cat([y for _, y in Batches(split, 8, ctx).epoch()]) for _ in range(2))
    assert torch.equal(first, second)


def test_examples_that_are_redrawn_keep_their_labels_and_change_from_epoch_to_epoch(ctx):
    def redraw(index, generator):
        return index[:, None] + 0.5 * torch.rand(len(index), 1, generator=generator)

    split = Split(torch.arange(50.0)[:, None], torch.arange(50.0), redraw=redraw)
    batches = Batches(split, 8, ctx)
    seen = []
    for _ in range(2):
        x, y = map(torch.cat, zip(*batches.epoch(), strict=True))
        assert torch.equal(x[:, 0].floor(), y)
        assert torch.equal(y.sort().values, split.y)
        seen.append(x[y.argsort()])
    assert not torch.equal(*seen)
