"""Laws of AtlasD: a rotation from a frozen network, both stages within one budget, and a resumed second stage."""

import math

import pytest
import torch
from torch import nn

import bench.api.checkpoint
from bench.api import Problem, RunContext, Split
from bench.contract.effort import Effort
from bench.errors import BenchError, Unsupported
from bench.lie.action import IdentityAction
from bench.lie.algebra import so
from bench.lie.images import ImageAction
from bench.lie.search_space import affine2d, full
from bench.lie.vectors import VectorAction
from bench.methods.atlasd import AtlasD, AtlasDParameters, Frozen, rewarded_length

CPU = torch.device("cpu")
PLANE = VectorAction(2)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def turned_by_radius(n=1024):
    """Each point of a ring is turned by an angle that grows with its radius: equivariant under so(2) alone."""
    radius, angle = 0.5 + torch.rand(n, generator=rng()), 2.0 * math.pi * torch.rand(n, generator=rng(1))
    x, y = (torch.stack([radius * a.cos(), radius * a.sin()], 1)[:, None] for a in (angle, angle + 2.0 * radius))
    split = Split(x, y)

    def backbone():
        return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))

    return Problem(split, split, PLANE, PLANE, full(2), nn.functional.mse_loss, backbone, CPU)


def labelled_images(n=64):
    x, y = torch.rand(n, 1, 8, 8, generator=rng()), torch.randint(3, (n,), generator=rng(1))
    split = Split(x, y)

    def backbone():
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))

    return Problem(split, split, ImageAction(8), IdentityAction(3), affine2d(), nn.functional.cross_entropy, backbone,
                   CPU, lambda z: z.softmax(1))  # fmt: skip


def context(tmp_path, seed=0, **changes):
    values = {"passes": 1280, "batch_size": 64, "lr": 5e-3} | changes
    return RunContext(AtlasDParameters(**values), seed, CPU, tmp_path)


def fit(problem, tmp_path, seed=0, **changes):
    ctx = context(tmp_path, seed, **changes)
    return AtlasD().fit(problem, ctx).symmetry().generators, ctx


def test_it_finds_the_rotation_of_a_toy_map(tmp_path):
    generators, _ = fit(turned_by_radius(), tmp_path, passes=120_000, basis_lr=2e-3)
    turn = so(2)[0]
    assert abs(float((generators[0] * turn).sum() / generators[0].norm())) / math.sqrt(2) > 0.99
    assert float(generators[0].norm()) > 0.5


@pytest.mark.parametrize("share", [0.2, 0.5, 0.71])
def test_both_stages_together_keep_the_budget(tmp_path, share):
    problem = turned_by_radius(256)
    effort = Effort()
    backbone = problem.backbone
    problem = Problem(**(vars(problem) | {"backbone": lambda: effort.follow(backbone())}))
    _, ctx = fit(problem, tmp_path, share_predictor=share)
    assert 1280 - 64 < effort.rows == ctx.passes <= 1280
    second = {passes for passes, _ in ctx.history["train/equivariance"]}
    first = max(passes for passes, _ in ctx.history["train/loss"] if passes not in second)
    assert first <= share * 1280 < first + 64
    assert ctx.params.passes == 1280  # as the record says


def test_a_budget_below_one_step_of_each_stage_is_refused(tmp_path):
    with pytest.raises(BenchError, match="passes is 32, less than the rows of one step in batches of 64"):
        fit(turned_by_radius(64), tmp_path, passes=64)


def test_the_network_stays_as_it_is_in_the_second_stage(tmp_path):
    made = []
    problem = labelled_images()
    backbone = problem.backbone

    def kept():
        made.append(backbone())
        return made[-1]

    problem = Problem(**(vars(problem) | {"backbone": kept}))
    states = []
    for passes, share in ((640, 0.5), (960, 1 / 3)):  # the first stage has 320 passes in both
        fit(problem, tmp_path, passes=passes, share_predictor=share)
        states.append(made[-1].state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_a_frozen_network_keeps_the_mode_of_evaluation_and_gets_no_gradients():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    frozen = Frozen(network).train()
    x = torch.randn(5, 2, generator=rng(), requires_grad=True)
    before = network[1].running_mean.clone()
    frozen(x).square().sum().backward()
    assert torch.equal(network[1].running_mean, before)
    assert all(parameter.grad is None for parameter in network.parameters())
    assert float(x.grad.abs().min()) > 0.0


def test_a_killed_second_stage_continues_with_the_numbers_of_an_undisturbed_run(tmp_path, monkeypatch):
    monkeypatch.setattr(bench.api.checkpoint, "EVERY_S", 0.0)
    problem = turned_by_radius(128)
    expected, undisturbed = fit(problem, tmp_path)
    calls = 0

    def kill(done, total):
        nonlocal calls
        calls += 1
        if calls == 8:
            raise KeyboardInterrupt

    killed = context(tmp_path)
    killed.checkpoint, killed.progress = tmp_path / "kept", kill
    with pytest.raises(KeyboardInterrupt):
        AtlasD().fit(problem, killed)
    assert "train/equivariance" in killed.history  # it was in the second stage
    resumed = context(tmp_path)
    resumed.checkpoint = tmp_path / "kept"
    assert torch.equal(AtlasD().fit(problem, resumed).symmetry().generators, expected)
    assert resumed.history == undisturbed.history
    assert (resumed.steps, resumed.passes) == (undisturbed.steps, undisturbed.passes)


def test_length_is_rewarded_below_the_largest_entry_only():
    generators = torch.tensor([[[3.0, 0.0], [0.5, 0.0]], [[0.0, 0.0], [0.0, 2.0]]], requires_grad=True)
    length = rewarded_length(generators, 1.0)
    assert length.item() == pytest.approx((math.sqrt(1.25) + 1.0) / 2)
    length.backward()
    assert generators.grad[0, 0, 0] == generators.grad[1, 1, 1] == 0.0
    assert generators.grad[0, 1, 0] > 0.0


def test_equal_seeds_give_equal_generators_and_others_do_not(tmp_path):
    found = [fit(labelled_images(), tmp_path, seed, n_generators=2)[0] for seed in (0, 0, 1)]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert bool((found[0][:, ~affine2d().mask] == 0).all())


def test_targets_that_are_all_alike_are_refused(tmp_path):
    problem = labelled_images(8)
    assert AtlasD().supports(problem) is None
    alike = Problem(**(vars(problem) | {"train": Split(problem.train.x, torch.ones(8, dtype=torch.int64))}))
    assert AtlasD().supports(alike) == "has targets that are all alike, of which every motion is a symmetry"


def test_it_does_not_predict(tmp_path):
    fitted = AtlasD().fit(turned_by_radius(64), context(tmp_path))
    assert not fitted.predicts
    with pytest.raises(Unsupported, match="only discovers"):
        fitted.predict(torch.zeros(1, 1, 2))
