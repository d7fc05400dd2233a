"""One rule for how far to move data by generators that were found: it asks the training inputs alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bench.api.coefficients import CoefficientSampler
from bench.api.problem import Problem, SymmetryEstimate

#: Training inputs that the rule looks at.
INPUTS = 1024
#: A generator is compact when one period brings the inputs back up to this share of their size, root mean square.
RETURNS = 0.5
#: The factor by which a half-width falls until inputs move no further than they may, and the rounding of that.
SHRINK, ROUNDING = 0.9, 1e-6


def motion_sampler(problem: Problem, generators: Tensor) -> CoefficientSampler:
    r"""Uniform coefficients: a whole period of compact generators, else a motion that does not grow with their number.

    Where each generator A turns the inputs back after its period, :math:`\|e^{2 \pi A / \omega} x - x\| \le \|x\| / 2`
    (root mean square, ω the largest imaginary part of an eigenvalue), half-widths are π/ω. Else a half-width w is as
    large as :math:`\|e^{\pm w A} x - x\| \le \|x\| / \sqrt{k}` and :math:`w \|A\|_F \le \pi \sqrt{d}` allow.

    Args:
        problem: whose training inputs are moved.
        generators: ``(k, d, d)`` in training units.
    """
    x = problem.train.x[:INPUTS].double()
    matrices = generators.detach().to(x)
    periods = [_half_period(problem, a, x) for a in matrices]
    if all(half is not None for half in periods):
        widths = [half for half in periods if half is not None]
    else:
        widths = [_half_width(problem, a, x, len(matrices) ** -0.5) for a in matrices]
    return CoefficientSampler(generators.detach(), "uniform", torch.tensor(widths).to(generators))


def motion(problem: Problem, generator: Tensor, x: Tensor) -> float:
    """How far a generator ``(d, d)`` moves the inputs per unit, relative to their size; 1 where nothing moves."""
    action = problem.action_in
    relative = action.moving_part(action.infinitesimal(generator, x)).square().mean().sqrt() / _size(problem, x)
    return float(relative) if float(relative) > 0.0 else 1.0


def with_motions(problem: Problem, estimate: SymmetryEstimate) -> SymmetryEstimate:
    """``estimate`` with the coefficients of :func:`motion_sampler`; those of a discrete group stay as they are."""
    if isinstance(estimate.sample, CoefficientSampler) and estimate.sample.kind == "integer":
        return estimate
    return SymmetryEstimate(estimate.generators, motion_sampler(problem, estimate.generators), estimate.strength)


def _half_period(problem: Problem, generator: Tensor, x: Tensor) -> float | None:
    """Half of the period of a generator ``(d, d)``, or None where the inputs do not return."""
    rate = float(torch.linalg.eigvals(generator).imag.abs().max())
    if rate <= 1e-6 * float(generator.abs().max()):
        return None
    return math.pi / rate if _moved(problem, 2.0 * math.pi / rate * generator, x) <= RETURNS else None


def _half_width(problem: Problem, generator: Tensor, x: Tensor, reach: float) -> float:
    """The largest coefficient at which inputs move by ``reach`` of their size at the most.

    A generator that hardly moves the data is held by its norm, where exp would overflow. Steps of :data:`SHRINK`.
    """
    norm = float(generator.norm())
    width = math.pi * math.sqrt(len(generator)) / norm if norm > 0.0 else 1.0
    width = min(width, reach / motion(problem, generator, x))
    while max(_moved(problem, sign * width * generator, x) for sign in (1.0, -1.0)) > reach * (1.0 + ROUNDING):
        width *= SHRINK
    return width


def _moved(problem: Problem, algebra: Tensor, x: Tensor) -> float:
    """How far exp(algebra) moves the inputs, root mean square, relative to their size; infinite where it overflows."""
    action = problem.action_in
    difference = action.moving_part(action.apply(algebra, x)) - action.moving_part(x)
    moved = float(difference.square().mean().sqrt() / _size(problem, x))
    return moved if math.isfinite(moved) else math.inf


def _size(problem: Problem, x: Tensor) -> Tensor:
    return problem.action_in.moving_part(x).square().mean().sqrt()
