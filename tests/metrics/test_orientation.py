"""Laws of the orientation curve, on plane vectors whose turns are known."""

import math

import pytest
import torch

from bench.api.problem import Split
from bench.lie.vectors import VectorAction
from bench.metrics.orientation import orientation_curve
from bench.metrics.prediction import squared_error

QUARTER = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
ANGLES = torch.tensor([0.0, math.pi / 2, math.pi], dtype=torch.float64)
PLANE = VectorAction(2)


def curve_of(predict, n=7, batch_size=3):
    x = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
    turns = ANGLES[:, None, None] * QUARTER
    return x, orientation_curve(predict, squared_error, Split(x, 2.0 * x), turns, (PLANE, PLANE), batch_size)


def test_an_equivariant_predictor_scores_alike_at_every_angle():
    _, curve = curve_of(lambda x: 2.0 * x)
    assert curve.shape == (3, 2)
    assert curve == pytest.approx(torch.zeros(3, 2), abs=1e-6)


def test_a_stretch_errs_by_what_a_turn_makes_of_it():
    stretch = torch.diag(torch.tensor([2.0, 4.0]))
    x, curve = curve_of(lambda x: x @ stretch)
    # Stretch and quarter turn do not commute: |S R x - R S x| = 2 |x|; with half a turn they do.
    assert curve[:, 1].tolist() == pytest.approx([0.0, 2 * float(x.norm(dim=1).mean()), 0.0], abs=1e-5)
    # Turned by 90 degrees the second coordinate, which is the old first, is stretched too much.
    expected = [2 * x[:, i].square().mean() for i in (1, 0, 1)]
    assert curve[:, 0].tolist() == pytest.approx([float(e) for e in expected], rel=1e-5)
