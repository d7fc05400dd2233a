"""Laws of the supervised loop: it learns, repeats itself, sees every example, and says when it diverges."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import bench.api.checkpoint
from bench.api import Problem, RunContext, Split
from bench.api.training import TrainingParameters, learning_rate_factor, train
from bench.errors import BenchError, Diverged
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction


def linear_problem(n=100, sizes=None):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 1, 2, generator=generator)
    split = Split(x, x @ torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), sizes)
    action = VectorAction(2)
    return Problem(split, split, action, action, full(2), nn.functional.mse_loss, lambda: nn.Linear(2, 2), CPU)


CPU = torch.device("cpu")


def plain(problem, network, x, y):
    return {"loss": problem.loss(network(x), y)}


def copies(problem, network, x, y):
    """Five rows an example, in two calls."""
    return {"loss": problem.loss(network(x), y) + problem.loss(network(torch.cat([x] * 4)), torch.cat([y] * 4))}


def fit(problem, tmp_path, seed=0, lr=0.05, loss=None, passes=2000):
    ctx = RunContext(TrainingParameters(passes=passes, batch_size=16, lr=lr), seed, CPU, tmp_path)
    with ctx.seeded("init"):
        network = problem.backbone()
    train(problem, ctx, network, partial(loss or plain, problem, network))
    return network, ctx


def test_it_learns_a_linear_map_and_counts_its_steps(tmp_path):
    _, ctx = fit(linear_problem(), tmp_path)
    assert ctx.history["val/loss"][-1][1] < 1e-4
    assert ctx.steps == 20 * math.ceil(100 / 16)
    assert ctx.samples == 20 * 100
    assert ctx.passes == 2000
    assert [passes for passes, _ in ctx.history["train/loss"]] == list(range(100, 2001, 100))


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path):
    first, again, other = (fit(linear_problem(), tmp_path, seed)[0].weight for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_loss_that_is_not_finite_is_divergence(tmp_path):
    problem = linear_problem()
    with pytest.raises(Diverged, match="loss is not finite after 100 of 2000 passes"):
        fit(problem, tmp_path, loss=lambda problem, network, x, y: {"loss": network(x).sum() * float("nan")})


def test_every_row_counts_whatever_the_objective_does_and_none_is_beyond_the_budget(tmp_path):
    _, ctx = fit(linear_problem(), tmp_path, loss=copies, passes=1003)
    assert (ctx.steps, ctx.samples, ctx.passes) == (14, 200, 1000)  # two epochs; three rows are too few for a step
    _, ctx = fit(linear_problem(), tmp_path, loss=copies, passes=999)
    assert (ctx.steps, ctx.samples, ctx.passes) == (13, 196, 980)
    assert [passes for passes, _ in ctx.history["val/loss"]] == [500, 980]


def test_rows_without_gradients_do_not_count(tmp_path):
    def looks_first(problem, network, x, y):
        with torch.no_grad():
            network(x)
        return plain(problem, network, x, y)

    assert fit(linear_problem(), tmp_path, loss=looks_first)[1].steps == fit(linear_problem(), tmp_path)[1].steps


def test_a_budget_below_one_step_and_an_objective_that_cannot_be_counted_are_refused(tmp_path):
    with pytest.raises(BenchError, match="passes is 15, less than the rows of one step in batches of 16"):
        fit(linear_problem(), tmp_path, passes=15)
    with pytest.raises(BenchError, match="the objective does not call the network"):
        fit(linear_problem(), tmp_path, loss=lambda problem, network, x, y: {"loss": network.weight.sum()})


def test_what_the_context_keeps_is_restored_with_the_network(tmp_path, monkeypatch):
    monkeypatch.setattr(bench.api.checkpoint, "EVERY_S", 0.0)
    problem, epochs = linear_problem(), 4

    def run(path, stop_after=epochs):
        """The count of steps that an objective keeps in a buffer, after a run that may be killed."""

        def progress(done, total):
            if done == 100 * (stop_after + 1):
                raise KeyboardInterrupt

        params = TrainingParameters(passes=100 * epochs, batch_size=16)
        ctx = RunContext(params, 0, CPU, tmp_path, progress, path, "this cell")
        network, steps = problem.backbone(), nn.Module()
        steps.register_buffer("count", torch.zeros(()))

        def objective(x, y):
            steps.count += 1
            return plain(problem, network, x, y)

        assert ctx.keep(steps) is steps
        train(problem, ctx, network, objective)
        return float(steps.count)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "kept", stop_after=2)
    assert run(tmp_path / "kept") == run(None) == epochs * math.ceil(100 / 16) + 1  # and the step that was not taken


def test_evaluation_batches_drop_nothing_and_are_trimmed():
    sizes = np.array([3, 9, 4, 9, 1])
    split = Split(torch.arange(5.0)[:, None, None].expand(5, 9, 1), torch.arange(5.0), sizes)
    index = torch.cat([i for i, _ in split.batches(2)])
    assert sorted(index.tolist()) == [0, 1, 2, 3, 4]
    for chosen, x in split.batches(2):
        assert x.shape[1] == sizes[chosen.numpy()].max()
        assert torch.equal(x[:, 0, 0], split.y[chosen])


def test_the_learning_rate_rises_then_falls_to_almost_zero():
    factors = [learning_rate_factor(step / 100) for step in range(1, 101)]
    assert max(factors) == factors[9] == 1.0
    assert 0 <= factors[-1] < 1e-3
    assert all(a < b for a, b in pairwise(factors[:10]))
    assert all(a > b for a, b in pairwise(factors[9:]))
