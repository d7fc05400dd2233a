"""Laws of the terms against generators that do nothing."""

import pytest
import torch

from bench.api.regularisers import MOTION_KINDS, motion_penalty
from bench.lie.images import ImageAction
from bench.lie.vectors import VectorAction

PLANE = VectorAction(2)
TURN = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])


@pytest.mark.parametrize("kind", ["cosine", "rel_diff", "norm"])
def test_more_motion_is_penalised_less(kind):
    x = torch.randn(50, 1, 2, generator=torch.Generator().manual_seed(0))
    penalties = [
        float(motion_penalty(PLANE, PLANE.apply(t * TURN, x), x, t * TURN, kind)) for t in (0.0, 0.3, 0.9)
    ]  # fmt: skip
    assert penalties == sorted(penalties, reverse=True)
    assert penalties[0] - penalties[2] > 0.1


@pytest.mark.parametrize(("kind", "floor"), [("rel_diff", -1.0), ("norm", -2.0)])
def test_the_reward_of_motion_is_capped(kind, floor):
    x = torch.ones(4, 1, 2)
    assert float(motion_penalty(PLANE, 100 * x, x, 100 * TURN, kind)) == floor


@pytest.mark.parametrize("kind", MOTION_KINDS)
def test_an_image_with_an_empty_background_gives_finite_gradients(kind):
    action = ImageAction(8)
    x = torch.zeros(2, 1, 8, 8)
    x[:, :, 3:5, 3:5] = 1.0
    generators = torch.zeros(1, 3, 3, requires_grad=True)
    gx = action.apply(generators, x, 0.0)
    (gradient,) = torch.autograd.grad(motion_penalty(action, gx, x, generators, kind), generators)
    assert bool(gradient.isfinite().all())


def test_copies_side_by_side_are_compared_with_their_own_original():
    x = torch.tensor([[[1.0, 0.0]], [[0.0, 2.0]]])
    copies = x.repeat_interleave(3, 0)
    assert float(motion_penalty(PLANE, copies, x, TURN, "rel_diff")) == 0.0
    assert float(motion_penalty(PLANE, copies, x, TURN, "cosine")) == pytest.approx(1.0)
