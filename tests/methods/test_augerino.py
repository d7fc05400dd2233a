"""Laws of Augerino: widths grow where the loss does not mind and shrink where it does; the reward has an end."""

import math

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split
from bench.lie.action import IdentityAction
from bench.lie.images import ImageAction
from bench.lie.points import PointAction
from bench.lie.search_space import affine2d, affine3d
from bench.lie.vectors import VectorAction
from bench.methods.augerino import (
    LARGEST_WIDTH,
    Augerino,
    AugerinoParameters,
    MotionWidths,
    reward,
)
from bench.nn.affine_motions import Motions, motions_of_space, motions_of_the_plane

CPU = torch.device("cpu")
PLANE = motions_of_the_plane()
NAMES, MOTIONS = PLANE.names, PLANE.matrices


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=256, loss=nn.functional.cross_entropy):
    """Is there more ink on the right than on the left? A turn by more than a quarter spoils it."""
    x = torch.rand(n, 1, 8, 8, generator=rng())
    side = torch.randint(2, (n,), generator=rng(1))
    x[side == 0, :, :, 4:] *= 0.2
    x[side == 1, :, :, :4] *= 0.2
    split, action = Split(x, side), ImageAction(8)
    return Problem(split, split, action, IdentityAction(3), affine2d(), loss,
                   lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), CPU, lambda z: z.softmax(1))  # fmt: skip


def fit(problem, tmp_path, seed=0, **changes):
    changes = {"passes": len(problem.train) * changes.pop("epochs", 3)} | changes
    ctx = RunContext(AugerinoParameters(**({"batch_size": 64} | changes)), seed, CPU, tmp_path)
    return Augerino().fit(problem, ctx), ctx


def last_widths(ctx):
    return torch.tensor([ctx.history[f"width/{name}"][-1][1] for name in NAMES])


def test_a_loss_that_does_not_mind_lets_every_width_grow(tmp_path):
    indifferent = images(loss=lambda logits, labels: 0.0 * logits.sum())
    _, ctx = fit(indifferent, tmp_path, aug_reg=0.1)
    assert bool((last_widths(ctx) > math.log(2.0)).all())


def test_without_reward_a_motion_that_spoils_the_label_shrinks(tmp_path):
    _, ctx = fit(images(), tmp_path, epochs=20, aug_reg=0.0, lr=1e-2, start="published", width_lr=2e-2)
    rotation = [width for _, width in ctx.history["width/rotation"]]
    assert rotation[-1] < rotation[0] - 0.1


def test_the_reward_ends_for_all_when_one_width_is_large():
    widths = torch.tensor([1.0, 2.0, 2.0, 0.0, 0.0, 0.0], requires_grad=True)
    assert reward(widths).item() == pytest.approx(3.0)
    far = torch.tensor([1.0, 2.0, 2.0, 0.0, 0.0, LARGEST_WIDTH], requires_grad=True)
    assert reward(far).item() == 0.0
    reward(far).backward()
    assert torch.equal(far.grad, torch.zeros(6))


def test_coefficients_are_uniform_on_half_the_width():
    widths = MotionWidths(PLANE, "equal", one_sided=False)
    algebra = widths.sample(5000, rng()).detach()
    coefficients = torch.einsum("nij,kij->nk", algebra, MOTIONS) / MOTIONS.square().sum((1, 2))
    half = math.log(2.0) / 2
    assert float(coefficients.abs().max()) <= half
    torch.testing.assert_close(coefficients.std(0), torch.full((6,), half / math.sqrt(3)), rtol=0.05, atol=0)


def test_the_generators_are_the_six_motions_as_long_as_their_half_widths(tmp_path):
    fitted, ctx = fit(images(64), tmp_path)
    found = fitted.symmetry()
    torch.testing.assert_close(found.strength, 0.5 * last_widths(ctx))
    torch.testing.assert_close(found.generators, found.strength[:, None, None] * MOTIONS)
    torch.testing.assert_close(ctx.traced[-1][1], found.generators.double())
    assert len(ctx.traced) == 3


def test_the_history_shows_the_last_fifth_of_every_width(tmp_path):
    _, ctx = fit(images(64), tmp_path, epochs=10)
    for name in NAMES:
        assert sum(passes > 0.8 * ctx.passes for passes, _ in ctx.history[f"width/{name}"]) == 2


def test_the_card_says_that_the_motions_are_given():
    assert "given affine motions" in Augerino.card.summary


@pytest.mark.parametrize(("start", "rotation", "others"), [("equal", 0.6931, 0.6931), ("published", 1.3133, 0.0067)])
def test_the_start_says_what_the_method_is_told(start, rotation, others):
    widths = dict(zip(NAMES, MotionWidths(PLANE, start, one_sided=False)().tolist(), strict=True))
    assert widths.pop("rotation") == pytest.approx(rotation, abs=1e-4)
    assert list(widths.values()) == pytest.approx([others] * 5, abs=1e-4)


def test_predictions_are_probabilities_and_both_ways_are_charged(tmp_path):
    x = images(5).val.x
    average, plain = (fit(images(64), tmp_path, inference=kind)[0] for kind in ("average", "plain"))
    for fitted in (average, plain):
        torch.testing.assert_close(fitted.predict(x).sum(1), torch.ones(5))
    assert (average.forward_passes, plain.forward_passes) == (4, 1)


def test_equal_seeds_give_equal_results_and_others_do_not(tmp_path):
    x = images(5).val.x
    runs = [fit(images(64), tmp_path, seed)[0] for seed in (0, 0, 1)]
    assert torch.equal(runs[0].symmetry().generators, runs[1].symmetry().generators)
    assert torch.equal(runs[0].predict(x), runs[1].predict(x))
    assert not torch.equal(runs[0].predict(x), runs[2].predict(x))


def clouds(n=512):
    """Targets from the distance of two points: turns and shifts do not matter, stretches do."""
    x = torch.randn(n, 2, 3, generator=rng())
    y = (x[:, 0] - x[:, 1]).norm(dim=1)[:, None, None]
    split = Split(x, y)
    return Problem(split, split, PointAction(), IdentityAction(4), affine3d(), nn.functional.mse_loss,
                   lambda: nn.Sequential(nn.Flatten(), nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1),
                                         nn.Unflatten(1, (1, 1))), CPU)  # fmt: skip


def test_the_motions_of_space_are_the_twelve_published_ones():
    motions = motions_of_space()
    matrices = motions.matrices
    diagonals = torch.tensor([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [1.0, 1.0, 1.0]])
    assert torch.equal(matrices[6:9, :3, :3], torch.diag_embed(diagonals))
    assert motions.names[6:9] == ("squeeze_xy", "squeeze_yz", "scale")
    flat = matrices.flatten(1)
    gram = flat @ flat.mT
    overlapping = (gram - gram.diag().diag()).nonzero().tolist()
    assert overlapping == [[6, 7], [7, 6]]
    assert gram[6, 7] == -1.0
    assert len(set(motions.names)) == 12
    assert bool((flat[:, 12:] == 0).all())  # last row: affine
    antisymmetric = matrices[:3, :3, :3]
    torch.testing.assert_close(antisymmetric, -antisymmetric.mT)
    assert torch.linalg.matrix_rank(flat) == 12  # all affine motions


@pytest.mark.parametrize("one_sided", [False, True])
@pytest.mark.parametrize("motions", [PLANE, motions_of_space()], ids=["plane", "space"])
def test_no_element_is_longer_than_the_bound_while_the_widths_are_rewarded(motions, one_sided):
    widths = MotionWidths(motions, "equal", one_sided)
    nn.init.constant_(widths.raw, LARGEST_WIDTH - 1e-3)
    assert widths().max().item() < LARGEST_WIDTH
    drawn = widths.sampler()(10_000, rng()).detach()
    assert float(drawn.flatten(1).norm(dim=1).max()) <= widths.max_norm
    torch.testing.assert_close(widths.sample(10_000, rng()).detach(), drawn)  # so none is shortened
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * len(motions.names))  # all corners
    corners = signs @ motions.matrices.flatten(1) * widths.reach().detach()[0]
    assert float(corners.norm(dim=1).max()) <= widths.max_norm


def test_the_bound_is_reached_by_two_opposed_squeezes():
    squeezes = Motions(("a", "b"), motions_of_space().matrices[6:8], 0.0)
    assert squeezes.longest() == pytest.approx(math.sqrt(6.0))  # diag(1, -2, 1)
    assert PLANE.longest() == pytest.approx(float(PLANE.matrices.norm()))  # orthogonal


def test_on_points_it_keeps_turns_and_shifts_and_gives_up_stretches(tmp_path):
    _, ctx = fit(clouds(), tmp_path, epochs=40, aug_reg=1e-3, rewarded="squares", lr=1e-2, width_lr=2e-2)
    widths = {
        name: points[-1][1] for name, points in ((n, ctx.history[f"width/{n}"]) for n in motions_of_space().names)
    }
    harmless = [width for name, width in widths.items() if name.startswith(("rotation", "shift"))]
    harmful = [width for name, width in widths.items() if name.startswith(("shear", "squeeze", "scale"))]
    assert min(harmless) > max(harmful)


def test_one_sided_coefficients_go_from_zero_to_the_width():
    widths = MotionWidths(motions_of_space(), "equal", one_sided=True)
    algebra = widths.sample(5000, rng()).detach()
    coefficients = torch.linalg.lstsq(widths.motions.flatten(1).mT, algebra.flatten(1).mT).solution.mT  # (n, k)
    width = math.log1p(math.exp(0.54))
    assert float(coefficients.min()) >= -1e-5
    assert float(coefficients.max()) <= width + 1e-5
    torch.testing.assert_close(coefficients.mean(0), torch.full((12,), width / 2), rtol=0.05, atol=0)


def test_squares_are_rewarded_below_the_largest_width_only():
    assert reward(torch.tensor([1.0, 2.0, LARGEST_WIDTH]), "squares").item() == pytest.approx(5.0)


def test_it_treats_images_and_points_alone():
    split = Split(torch.zeros(4, 1, 3), torch.zeros(4))
    space = affine2d()
    problem = Problem(split, split, VectorAction(3), IdentityAction(3), space, nn.functional.mse_loss, nn.Identity, CPU)
    assert Augerino().supports(problem) == "its generators are affine maps of the plane or of space"
    assert Augerino().supports(images(4)) is None
    assert Augerino().supports(clouds(4)) is None
