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


def motion_sampler(problem: Problem, generators: Tensor) -> CoefficientSampler:
    r"""Uniform coefficients: a whole period of compact generators, else a motion that does not grow with their number.

    Where each generator A turns the inputs back after its period, :math:`\|e^{2 \pi A / \omega} x - x\| \le \|x\| / 2`
    (root mean square, ω the largest imaginary part of an eigenvalue), half-widths are π/ω. Else they are
    :math:`1 / (\sqrt{k} \, m_j)` with the relative motion :math:`m_j = \sqrt{E\|A_j x\|^2 / E\|x\|^2}`.

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
        widths = [1.0 / (math.sqrt(len(matrices)) * motion(problem, a, x)) for a in matrices]
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
    action = problem.action_in
    returned = action.moving_part(action.apply(2.0 * math.pi / rate * generator, x))
    missed = (returned - action.moving_part(x)).square().mean().sqrt() / _size(problem, x)
    return math.pi / rate if float(missed) <= RETURNS else None


def _size(problem: Problem, x: Tensor) -> Tensor:
    return problem.action_in.moving_part(x).square().mean().sqrt()
