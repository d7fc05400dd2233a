"""Laws of LieGAN: it finds a rotation, each player follows its own loss, real and moved images are blurred alike."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bench.api import Problem, RunContext, Split
from bench.errors import Diverged, Unsupported
from bench.lie.action import IdentityAction
from bench.lie.algebra import so
from bench.lie.field import field_gram
from bench.lie.images import ImageAction
from bench.lie.points import PointAction
from bench.lie.search_space import affine2d, affine3d, full, mask2, mask4
from bench.lie.vectors import VectorAction
from bench.methods.liegan import LieGAN, LieGANParameters
from bench.metrics.symmetry import compare
from bench.nn.discriminators import VectorDiscriminator
from bench.nn.lie_basis import shorten
from bench.nn.lie_generator import LieGenerator, LieGeneratorParameters
from bench.nn.moved_pairs import resample_pair, sub_pixel_shifts
from bench.nn.shared_backward import judge_at_once

CPU = torch.device("cpu")
PLANE = VectorAction(2)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def rings(n=1024):
    """Points on two rings; the target is the point a quarter turn on, the outer ring's pulled to the inner one."""
    angle = 2 * math.pi * torch.rand(n, generator=rng())
    radius = 1.0 + torch.randint(2, (n,), generator=rng(1))
    unit = torch.stack([angle.cos(), angle.sin()], -1)[:, None]
    split = Split(radius[:, None, None] * unit, unit @ torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    return Problem(split, split, PLANE, PLANE, full(2), nn.functional.mse_loss, lambda: nn.Linear(2, 2), CPU)


def digits(n=32, size=12):
    x = torch.rand(n, 1, size, size, generator=rng())
    split = Split(x, torch.randint(3, (n,), generator=rng(1)))
    action = ImageAction(size)
    return Problem(split, split, action, IdentityAction(3), affine2d(), nn.functional.cross_entropy, nn.Identity, CPU)


def fit(problem, tmp_path, seed=0, **changes):
    epochs, size = changes.pop("epochs", 2), changes.get("batch_size", 64)
    steps = epochs * math.ceil(len(problem.train) / size)
    values = {"steps": steps, "vector_width": 64, "image_width": 4} | changes
    ctx = RunContext(LieGANParameters(**values), seed, CPU, tmp_path)
    return LieGAN().fit(problem, ctx), ctx


def test_it_finds_the_rotation_of_two_rings(tmp_path):
    fitted, _ = fit(rings(), tmp_path, epochs=30, lr_g=5e-3, lr_d=1e-3, weight_regulariser=0.1)
    learned = fitted.symmetry().generators[0]
    assert abs(float((learned * so(2)[0]).sum() / learned.norm())) / math.sqrt(2) > 0.97


def test_the_generators_learn_to_fool_a_discriminator_that_stands_still(tmp_path):
    runs = [fit(rings(), tmp_path, lr_g=rate, lr_d=1e-12, weight_regulariser=0.0)[1] for rate in (2e-2, 1e-12)]
    moving, standing = (run.history["train/G"][-1][1] for run in runs)  # the same batches and coefficients
    assert moving < standing - 1e-3


def test_the_discriminator_learns_to_tell_what_stands_still(tmp_path):
    _, ctx = fit(rings(), tmp_path, epochs=4, lr_g=1e-12, lr_d=3e-3, init_std=1.0)
    for side in ("D_fake", "D_real"):
        losses = [value for _, value in ctx.history[f"train/{side}"]]
        assert losses[-1] < losses[0] - 0.05


def test_a_step_is_that_of_the_reference(tmp_path):
    """One batch, both players: against the obvious code with a detached copy and sigmoids."""
    problem, rate_g, rate_d = rings(64), 1e-3, 2e-4
    fitted, ctx = fit(problem, tmp_path, epochs=1, weight_regulariser=0.5, average_last=1.0)
    with ctx.seeded("init"):
        basis = LieGenerator(ctx.params, problem.search)().detach().requires_grad_()
        sizes = (4, 64, 64, 1)
        layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    judge = nn.Sequential(layers[0], nn.LeakyReLU(0.2), layers[1], nn.LeakyReLU(0.2), layers[2], nn.Sigmoid())
    order = torch.randperm(64, generator=ctx.rng("batches"))
    x, y = problem.train.x[order], problem.train.y[order]
    z = torch.randn(64, 1, generator=ctx.rng("coefficients"))
    g = torch.matrix_exp(z[:, :, None] * basis)
    gx, gy = x @ g.mT, y @ g.mT
    step_g = torch.optim.Adam([basis], lr=rate_g, betas=(0.5, 0.999))
    step_d = torch.optim.Adam(judge.parameters(), lr=rate_d)
    ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
    bce = nn.functional.binary_cross_entropy
    fooling = bce(judge(torch.cat([gx, gy], 2).flatten(1)), ones)
    (fooling + 0.5 * torch.cosine_similarity(gx, x, dim=-1).mean().abs()).backward()
    step_g.step()
    step_d.zero_grad()
    fake = bce(judge(torch.cat([gx, gy], 2).flatten(1).detach()), zeros)
    true = bce(judge(torch.cat([x, y], 2).flatten(1)), ones)
    (0.5 * (fake + true)).backward()
    step_d.step()
    torch.testing.assert_close(fitted.symmetry().generators, basis.detach())
    logged = {name: value for name, [(_, value)] in ctx.history.items()}
    assert logged["train/D_fake"] == pytest.approx(fake.item(), rel=1e-5)
    assert logged["train/D_real"] == pytest.approx(true.item(), rel=1e-5)


@pytest.mark.parametrize("problem", [rings(128), digits()], ids=["vectors", "images"])
def test_equal_seeds_give_equal_generators_and_others_do_not(tmp_path, problem):
    found = [fit(problem, tmp_path, seed)[0].symmetry().generators for seed in (0, 0, 1)]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_the_mean_of_the_last_steps_is_reported_and_every_epoch_traced(tmp_path):
    fitted, ctx = fit(rings(128), tmp_path, epochs=5, batch_size=128, average_last=0.4)
    traced = torch.stack([generators for _, generators in ctx.traced])
    assert len(traced) == 5
    torch.testing.assert_close(fitted.symmetry().generators.double(), traced[-2:].mean(0), rtol=0, atol=1e-6)
    assert (ctx.steps, ctx.samples) == (5, 640)


@pytest.mark.parametrize("space", [mask2(), mask4(), affine2d(), affine3d()], ids=lambda space: space.name)
@pytest.mark.parametrize("normalise", [False, True])
def test_entries_outside_the_search_space_are_zero_and_do_not_count(space, normalise):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = LieGenerator(LieGeneratorParameters(n_generators=3, normalise=normalise), space)
    generators = generator()
    assert bool((generators[:, ~space.mask] == 0).all())
    assert bool((generators[:, space.mask] != 0).all())
    if normalise:
        torch.testing.assert_close(generators.flatten(1).norm(dim=1), torch.full((3,), math.sqrt(space.dim)))


def test_the_first_entries_have_the_published_spread():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        params = LieGeneratorParameters(n_generators=64)
        spread = {s.name: LieGenerator(params, s).entries.std().item() for s in (full(8), mask2(), mask4(), affine2d())}
    kaiming = torch.nn.init.kaiming_normal_(torch.empty(3000, 3, 3)).std()
    expected = {"full8": 0.177, "mask2": 1.0, "mask4": 0.01, "affine2d": float(kaiming)}
    assert spread == pytest.approx(expected, rel=0.15)


def test_integer_coefficients_are_symmetric_and_reach_both_ends():
    generator = LieGenerator(LieGeneratorParameters(coefficients="integer", coefficient_scale=2.0), full(2))
    drawn = generator.sampler(generator()).coefficients(4000, rng())
    counts = [int((drawn == z).sum()) for z in (-2, -1, 0, 1, 2)]
    assert sum(counts) == 4000
    assert min(counts) > 700


def test_only_long_algebra_elements_are_shortened():
    algebra = torch.randn(100, 3, 3, generator=rng()) * torch.linspace(0, 3, 100)[:, None, None]
    short = shorten(algebra, 4.0)
    norms = algebra.flatten(1).norm(dim=1)
    assert float(short.flatten(1).norm(dim=1).max()) <= 4.0 + 1e-5
    assert torch.equal(short[norms < 4.0], algebra[norms < 4.0])
    long = norms > 4.0
    torch.testing.assert_close(short[long] * norms[long, None, None] / 4.0, algebra[long])


def test_a_wild_start_does_not_overflow(tmp_path):
    fitted, _ = fit(rings(128), tmp_path, init_std=10.0, coefficient_scale=100.0)
    assert bool(fitted.symmetry().generators.isfinite().all())


def test_data_that_are_not_finite_are_divergence(tmp_path):
    problem = rings(64)
    problem.train.x[0] = math.nan
    with pytest.raises(Diverged, match="is not finite after step 1 of 2"):
        fit(problem, tmp_path)


def test_at_the_identity_real_and_moved_images_are_the_same():
    action, x = ImageAction(12), torch.rand(5, 1, 12, 12, generator=rng())
    shifts = sub_pixel_shifts(5, 12, rng(1))
    real, moved = resample_pair(action, torch.zeros(5, 3, 3), x, torch.cat([shifts, shifts]), None)
    torch.testing.assert_close(moved, real)
    assert not torch.allclose(real, x)


def test_one_look_up_moves_first_and_shifts_then():
    action = ImageAction(128)
    axis = torch.linspace(-1, 1, 128)
    smooth = torch.exp(-8 * ((axis[:, None] - 0.1) ** 2 + (axis[None, :] + 0.1) ** 2))[None, None]
    algebra = torch.tensor([[[0.1, -0.5, 0.1], [0.6, 0.0, 0.0], [0.0, 0.0, 0.0]]])
    shifts = sub_pixel_shifts(2, 128, rng())
    _, moved = resample_pair(action, algebra, smooth, shifts, None)
    twice = action.look_up(shifts[1:], action.apply(algebra, smooth))
    torch.testing.assert_close(moved, twice, rtol=0, atol=2e-3)  # the second interpolation blurs a little


def test_shifts_stay_within_half_a_pixel():
    shifts = sub_pixel_shifts(1000, 12, rng())[:, :2, 2] * 11 / 2  # in pixels
    assert float(shifts.abs().max()) <= 0.5
    assert float(shifts.abs().mean()) == pytest.approx(0.25, abs=0.02)


def test_it_says_which_data_it_has_no_discriminator_for(tmp_path):
    x, classes = torch.zeros(4, 3, 3), torch.zeros(4, dtype=torch.int64)

    def points(y):
        cloud = Split(x, y)
        return Problem(
            cloud, cloud, PointAction(), IdentityAction(4), affine3d(), nn.functional.mse_loss, nn.Identity, CPU
        )

    assert LieGAN().supports(points(classes)) == "has no discriminator for points with class labels"
    assert LieGAN().supports(points(torch.zeros(4))) is None
    assert LieGAN().supports(rings(4)) is None
    assert LieGAN().supports(digits(4)) is None


def test_on_points_it_finds_the_turns_that_leave_the_cloud_alike(tmp_path):
    # Points on a ring in the plane of x and y, at a height of their own: only turns about z leave them alike.
    angle = 2 * math.pi * torch.rand(1024, 2, generator=rng())
    x = torch.stack([angle.cos(), angle.sin(), torch.tensor([0.3, -0.5]).expand(1024, 2)], -1)
    cloud = Split(x, torch.zeros(1024))
    problem = Problem(
        cloud, cloud, PointAction(), IdentityAction(4), affine3d(), nn.functional.mse_loss, nn.Identity, CPU
    )
    found, _ = fit(problem, tmp_path, epochs=40, vector_width=32, lr_g=5e-3, lr_d=1e-3)
    turn = torch.zeros(1, 4, 4, dtype=torch.float64)
    turn[0, 0, 1], turn[0, 1, 0] = -1.0, 1.0
    space = affine3d()
    gram = field_gram(problem.action_in, x[:256].double(), space.basis, torch.ones(1, dtype=torch.float64))
    assert compare(found.symmetry().generators.double(), turn, space.basis, gram).precision > 0.9


def test_it_does_not_predict(tmp_path):
    fitted, _ = fit(rings(64), tmp_path, epochs=1)
    assert not fitted.predicts
    with pytest.raises(Unsupported, match="only discovers"):
        fitted.predict(torch.zeros(1, 1, 2))


def test_one_backward_pass_gives_both_players_their_own_gradients():
    """Against two passes: G descends -log D(gx, gy), D its binary cross-entropy."""
    torch.manual_seed(0)
    judge = VectorDiscriminator((1, 8), (1, 8), 16).double()
    basis = torch.randn(8, 8, dtype=torch.float64, requires_grad=True)
    x, y = torch.randn(2, 12, 1, 8, dtype=torch.float64)

    def gradients(both):
        moved, real = (x @ basis.T, y @ basis.T), (x, y)
        on_fake, on_real = judge_at_once(judge, moved, real) if both else (judge(*moved), judge(*real))
        loss_of_judge = 0.5 * (F.softplus(on_fake).mean() + F.softplus(-on_real).mean())
        if both:
            return torch.autograd.grad(loss_of_judge, [basis, *judge.parameters()])
        (of_basis,) = torch.autograd.grad(F.softplus(-on_fake).mean(), [basis], retain_graph=True)
        return of_basis, *torch.autograd.grad(loss_of_judge, list(judge.parameters()))

    for one, two in zip(gradients(both=True), gradients(both=False), strict=True):
        torch.testing.assert_close(one, two)
