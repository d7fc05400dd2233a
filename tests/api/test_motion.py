"""How far data are moved by what was found: compact generators by a whole period, others by their own size together."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split, SymmetryEstimate
from bench.api.coefficients import CoefficientSampler, uniform_sampler
from bench.api.discovery import Discovery
from bench.api.motion import motion_sampler, with_motions
from bench.api.pipeline import Pipeline
from bench.lie.algebra import se, so
from bench.lie.points import PointAction
from bench.lie.search_space import affine3d, full
from bench.lie.vectors import VectorAction
from bench.methods.augment import Augment
from bench.methods.semola import Semola

CPU = torch.device("cpu")
SQUEEZE = torch.tensor([[1.0, 0.0], [0.0, -1.0]])


def problem(d=2, n=256):
    x = torch.randn(n, 1, d, generator=torch.Generator().manual_seed(0))
    action = VectorAction(d)
    return Problem(
        Split(x, x), Split(x, x), action, action, full(d), nn.functional.mse_loss, lambda: nn.Linear(d, d), CPU
    )


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_a_rotation_moves_by_its_whole_period_whatever_its_scale(scale):
    sampler = motion_sampler(problem(), scale * so(2).float())
    assert float(sampler.scale[0]) * scale == pytest.approx(math.pi, rel=1e-5)


def test_compact_generators_that_are_all_rotations_each_move_by_their_period():
    rates = torch.tensor([1.0, 2.0, 5.0])
    sampler = motion_sampler(problem(3), rates[:, None, None] * so(3).float())
    torch.testing.assert_close(sampler.scale * rates, torch.full((3,), math.pi))


def moved(given, generator, width):
    """How far exp(width A) moves the inputs, relative to their size."""
    x = given.train.x.double()
    difference = given.action_in.apply(width * generator.double(), x) - x
    return float(difference.square().mean().sqrt() / x.square().mean().sqrt())


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_a_squeeze_moves_inputs_by_their_own_size_and_nearly_so(scale):
    width = float(motion_sampler(problem(), scale * SQUEEZE[None]).scale[0])
    furthest = max(moved(problem(), scale * SQUEEZE, sign * width) for sign in (1, -1))
    assert 0.8 < furthest <= 1.0 + 1e-5


def test_a_shift_moves_points_by_their_own_size():
    points = torch.randn(64, 4, 3, generator=torch.Generator().manual_seed(0))
    given = replace(problem(), train=Split(points, points), action_in=PointAction(), search=affine3d())
    width = float(motion_sampler(given, se(3)[3:4].float()).scale[0])
    assert width == pytest.approx(float(points.square().mean().sqrt()) * 3**0.5, rel=1e-4)


@pytest.mark.parametrize("visible", [0.0, 1e-8, 1e-3])
def test_what_hardly_moves_the_data_is_held_by_its_norm(visible):
    """Inputs lie in the first plane, up to ``visible``; the generator stretches the other two coordinates."""
    x = torch.randn(256, 1, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 1.0, visible, visible])
    given = replace(problem(4), train=Split(x, x))
    stretch = torch.diag(torch.tensor([0.0, 0.0, 1.0, -2.0]))
    sampler = motion_sampler(given, stretch[None])
    assert float(sampler.scale[0]) * float(stretch.norm()) <= math.pi * 2.0 + 1e-5
    assert max(moved(given, stretch, sign * float(sampler.scale[0])) for sign in (1, -1)) <= 1.0 + 1e-5


def test_the_joint_motion_does_not_grow_with_the_number_of_generators():
    given = problem(5)
    draws = torch.randn(11, 5, 5, generator=torch.Generator().manual_seed(1))
    sizes = []
    for k in (1, 4, 11):
        sampler = motion_sampler(given, draws[:k] @ draws[:k].mT)  # symmetric: none of them is compact
        algebra = sampler(len(given.train), torch.Generator().manual_seed(2))
        moved = given.action_in.infinitesimal(algebra, given.train.x)
        sizes.append(float(moved.square().mean().sqrt()))
    assert max(sizes) < 2.0 * min(sizes)


def test_a_rotation_beside_a_squeeze_keeps_no_period_of_its_own():
    sampler = motion_sampler(problem(), torch.stack([so(2)[0].float(), SQUEEZE]))
    assert bool((sampler.scale < 0.5**0.5 + 1e-5).all())
    assert bool((sampler.scale > 0.4).all())


def test_a_discrete_group_keeps_its_integers_and_no_generator_gives_no_motion():
    rotation = so(2).float()
    integers = CoefficientSampler(rotation, "integer", torch.ones(1))
    kept = SymmetryEstimate(rotation, integers)
    assert with_motions(problem(), kept) is kept
    none = with_motions(problem(), SymmetryEstimate(rotation[:0], uniform_sampler(rotation[:0], 1.0)))
    drawn = none.sample(3, torch.Generator().manual_seed(0))
    assert drawn.shape == (3, 2, 2)
    assert not drawn.any()


def test_a_zero_generator_stays_finite():
    assert motion_sampler(problem(), torch.zeros(1, 2, 2)).scale.tolist() == [1.0]  # it moves nothing at any width


def test_a_pipeline_applies_the_rule_to_what_was_learned():
    class Spy(Augment):
        def fit(self, given, ctx):
            self.given = given.given
            return Discovery(given.given)

    learned = SymmetryEstimate(so(2).float(), uniform_sampler(so(2).float(), 0.2), torch.ones(1))
    spy = Spy()
    pipeline = Pipeline(Semola(), spy)
    ctx = RunContext({"": None}, 0, CPU, Path())
    pipeline.fit(replace(problem(), given=learned), ctx)
    assert float(spy.given.sample.scale[0]) == pytest.approx(math.pi, rel=1e-5)
    assert torch.equal(spy.given.generators, learned.generators)
    assert torch.equal(spy.given.strength, learned.strength)
