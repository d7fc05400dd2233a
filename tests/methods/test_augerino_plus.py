"""Laws of Augerino+: its loss is the published one, its gradient passes through both sides, it keeps the mask."""

import math

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split
from bench.api.training import learning_rate_factor
from bench.lie.action import IdentityAction
from bench.lie.images import ImageAction
from bench.lie.points import PointAction
from bench.lie.search_space import affine2d, affine3d, full, mask2
from bench.lie.vectors import VectorAction
from bench.methods.augerino_plus import AugerinoPlus, AugerinoPlusParameters
from bench.nn.lie_generator import LieGenerator
from bench.nn.mlp import MLP

CPU = torch.device("cpu")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def states(n=64, space=None):
    x = torch.randn(n, 1, 8, generator=rng())
    split, action = Split(x, x.sin()), VectorAction(8)
    backbone = lambda: MLP((1, 8), (1, 8), width=16, hidden_layers=1)  # noqa: E731
    return Problem(split, split, action, action, space or full(8), nn.functional.mse_loss, backbone, CPU)


def fit(problem, tmp_path, seed=0, **changes):
    changes = {"passes": len(problem.train) * changes.pop("epochs", 2)} | changes
    ctx = RunContext(AugerinoPlusParameters(**({"batch_size": 64} | changes)), seed, CPU, tmp_path)
    return AugerinoPlus().fit(problem, ctx), ctx


def test_a_step_is_that_of_the_hand_written_loss(tmp_path):
    values = {"weight_regulariser": 0.7, "weight_norm": 0.05, "weight_overlap": 0.3, "n_generators": 2, "lr": 1e-2}
    problem = states()
    fitted, ctx = fit(problem, tmp_path, epochs=1, **values)
    with ctx.seeded("init"):
        network = problem.backbone()
    with ctx.seeded("generators"):
        basis = LieGenerator(ctx.params, problem.search)().detach().requires_grad_()
    order = torch.randperm(64, generator=ctx.rng("batches"))
    x, y = problem.train.x[order], problem.train.y[order]
    z = torch.randn(64, 2, generator=ctx.rng("coefficients"))
    g = torch.matrix_exp(torch.einsum("nk,kij->nij", z, basis))
    gx, gy = x @ g.mT, y @ g.mT
    first, second = basis
    overlap = (first * second).sum().abs() / first.norm() / second.norm()
    cosine = torch.cosine_similarity(gx, x, dim=-1).mean().abs()
    moved = (network(gx) - gy).square().mean()  # gy carries a gradient too
    loss = moved + 0.7 * cosine + 0.05 * basis.abs().sum() + 0.3 * overlap
    loss.backward()
    warm = learning_rate_factor(0.5)
    groups = [{"params": list(network.parameters()), "lr": 1e-2 * warm}, {"params": [basis], "lr": 1e-3 * warm}]
    torch.optim.Adam(groups).step()
    logged = {name: value for name, [(_, value)] in ctx.history.items()}
    assert logged["train/loss"] == pytest.approx(loss.item(), rel=1e-5)
    assert logged["train/equivariance"] == pytest.approx(moved.item(), rel=1e-5)
    torch.testing.assert_close(fitted.symmetry().generators, basis.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(fitted.strategies()["plain"](x), network(x).detach(), rtol=1e-4, atol=1e-5)


def test_equal_seeds_give_equal_results_and_others_do_not(tmp_path):
    runs = [fit(states(), tmp_path, seed)[0] for seed in (0, 0, 1)]
    assert torch.equal(runs[0].symmetry().generators, runs[1].symmetry().generators)
    x = states(5).val.x
    assert torch.equal(runs[0].predict(x), runs[1].predict(x))
    assert not torch.equal(runs[0].predict(x), runs[2].predict(x))


def test_the_reported_generators_keep_the_mask_and_every_epoch_is_traced(tmp_path):
    space = mask2()
    fitted, ctx = fit(states(space=space), tmp_path, epochs=3)
    assert bool((fitted.symmetry().generators[:, ~space.mask] == 0).all())
    assert [passes for passes, _ in ctx.traced] == [64, 128, 192]
    torch.testing.assert_close(ctx.traced[-1][1], fitted.symmetry().generators.double())


def test_generators_with_real_eigenvalues_do_not_overflow(tmp_path):
    fitted, _ = fit(states(), tmp_path, init_std=3.0, coefficient_scale=10.0)
    assert bool(fitted.predict(states(3).val.x).isfinite().all())


def test_both_inference_strategies_are_offered_and_charged(tmp_path):
    plain, average = (fit(states(), tmp_path, inference=kind, inference_copies=5)[0] for kind in ("plain", "average"))
    assert set(plain.strategies()) == {"plain", "average"}
    assert (plain.forward_passes, average.forward_passes) == (1, 5)


def test_averaged_classes_are_probabilities(tmp_path):
    x = torch.rand(32, 1, 8, 8, generator=rng())
    split, action = Split(x, torch.randint(3, (32,), generator=rng(1))), ImageAction(8)
    problem = Problem(split, split, action, IdentityAction(3), affine2d(), nn.functional.cross_entropy,
                      lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), CPU, lambda z: z.softmax(1))  # fmt: skip
    fitted, _ = fit(problem, tmp_path, regulariser="fourier")
    torch.testing.assert_close(fitted.predict(x).sum(1), torch.ones(32))


def test_it_needs_no_discriminator_and_so_treats_point_clouds_too(tmp_path):
    x = torch.randn(32, 4, 3, generator=rng())
    split, action = Split(x, torch.cdist(x, x).mean((1, 2))), PointAction()
    problem = Problem(split, split, action, IdentityAction(4), affine3d(), nn.functional.l1_loss,
                      lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 1), nn.Flatten(0)), CPU)  # fmt: skip
    assert AugerinoPlus().supports(problem) is None
    fitted, _ = fit(problem, tmp_path, n_generators=6)
    assert fitted.symmetry().generators.shape == (6, 4, 4)
    assert math.isfinite(float(fitted.predict(x).sum()))
