"""Laws of the supervised loop: it learns, repeats itself, sees every example, and says when it diverges."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split
from bench.api.training import TrainingParameters, learning_rate_factor, train
from bench.errors import Diverged
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction


def linear_problem(n=100, sizes=None):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 1, 2, generator=generator)
    split = Split(x, x @ torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), sizes)
    action = VectorAction(2)
    return Problem(split, split, action, action, full(2), nn.functional.mse_loss, lambda: nn.Linear(2, 2), CPU)


CPU = torch.device("cpu")


def fit(problem, tmp_path, seed=0, lr=0.05, loss=None):
    ctx = RunContext(TrainingParameters(epochs=20, batch_size=16, lr=lr), seed, CPU, tmp_path)
    with ctx.seeded("init"):
        network = problem.backbone()
    train(problem, ctx, network, loss or (lambda x, y: {"loss": problem.loss(network(x), y)}))
    return network, ctx


def test_it_learns_a_linear_map_and_counts_its_steps(tmp_path):
    _, ctx = fit(linear_problem(), tmp_path)
    assert ctx.history["val/loss"][-1][1] < 1e-4
    assert ctx.steps == 20 * math.ceil(100 / 16)
    assert ctx.samples == 20 * 100
    assert [step for step, _ in ctx.history["train/loss"]] == list(range(1, 21))


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path):
    first, again, other = (fit(linear_problem(), tmp_path, seed)[0].weight for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_loss_that_is_not_finite_is_divergence(tmp_path):
    problem = linear_problem()
    with pytest.raises(Diverged, match="loss is not finite after epoch 1 of 20"):
        fit(problem, tmp_path, loss=lambda x, y: {"loss": (x * float("nan")).sum().requires_grad_()})


def test_evaluation_batches_drop_nothing_and_are_trimmed():
    sizes = np.array([3, 9, 4, 9, 1])
    split = Split(torch.arange(5.0)[:, None, None].expand(5, 9, 1), torch.arange(5.0), sizes)
    index = torch.cat([i for i, _ in split.batches(2)])
    assert sorted(index.tolist()) == [0, 1, 2, 3, 4]
    for chosen, x in split.batches(2):
        assert x.shape[1] == sizes[chosen.numpy()].max()
        assert torch.equal(x[:, 0, 0], split.y[chosen])


def test_the_learning_rate_rises_then_falls_to_almost_zero():
    factors = [learning_rate_factor(step, 100) for step in range(100)]
    assert max(factors) == factors[9] == 1.0
    assert 0 < factors[-1] < 1e-3
    assert all(a < b for a, b in pairwise(factors[:10]))
    assert all(a > b for a, b in pairwise(factors[9:]))
