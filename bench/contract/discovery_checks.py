"""Checks of the generators that a discoverer returns: finite, of the right shape, and so(2) for rotated vectors."""

from __future__ import annotations

import torch

from bench.api import SymmetryEstimate
from bench.api.coefficients import CoefficientSampler
from bench.contract.check import Examination, NotApplicable, Violation
from bench.contract.subject import ContractFit, Subject
from bench.lie.field import field_gram
from bench.metrics.symmetry import compare

#: Share of the learned span that must be the rotation.
PRECISION = 0.9
DRAWS = 8


def generators_are_whole(examination: Examination) -> None:
    """Generators are (k, d, d), finite and in the search space, and the sampler depends only on its argument."""
    discovers = examination.method.card.discovers
    looked = False
    for subject in examination.supported:
        fit = subject.fit(0)
        if fit.estimate is None:
            if discovers:
                raise Violation(f"the card says discovers, but symmetry() gave None on {subject.name}")
            continue
        looked = True
        _check_generators(subject, fit, fit.estimate)
        _check_sampler(subject, fit.estimate)
    if not looked:
        raise NotApplicable("discovers nothing")


def _check_generators(subject: Subject, fit: ContractFit, estimate: SymmetryEstimate) -> None:
    generators = estimate.generators
    params = fit.ctx.params
    asked = getattr(params, "n_generators", None)
    if len(generators) < 1 and asked is not None:
        raise Violation(f"there is no generator on {subject.name}, expected at least one")
    if not generators.is_floating_point() or not bool(generators.isfinite().all()):
        raise Violation(f"generators on {subject.name} are not all finite numbers")
    if generators.requires_grad:
        raise Violation(f"generators on {subject.name} still carry a gradient; detach() what is returned")
    if asked is not None and len(generators) != asked:
        raise Violation(f"{len(generators)} generators on {subject.name}, but n_generators is {asked}")
    outside = generators[:, ~fit.problem.search.mask]
    if subject.method.card.searches and bool(outside.any()):
        raise Violation(
            f"generators on {subject.name} leave the search space {fit.problem.search.name}; entries outside its "
            "mask must be zero"
        )


def _check_sampler(subject: Subject, estimate: SymmetryEstimate) -> None:
    first, again = (estimate.sample(DRAWS, torch.Generator().manual_seed(5)) for _ in range(2))
    if not bool(first.isfinite().all()):
        raise Violation(f"sample({DRAWS}, generator) on {subject.name} gives elements that are not finite")
    if not torch.equal(first, again):
        raise Violation(f"sample() on {subject.name} gives other elements for the same generator; draw from it alone")
    if subject.method.card.searches and not isinstance(estimate.sample, CoefficientSampler):
        raise Violation(
            f"the sampler on {subject.name} cannot be stored for a consumer; return a "
            "bench.api.coefficients.CoefficientSampler"
        )


def recovers_a_rotation(examination: Examination) -> None:
    """The method finds the rotation among all linear maps of the plane, from 1,024 points."""
    card = examination.method.card
    if not examination.on_toys:
        raise NotApplicable("asked on the toy vectors alone")
    if not (card.searches and card.discovers):
        raise NotApplicable("looks in no search space")
    subject = examination.rotation
    if subject.reason is not None:
        raise NotApplicable(f"unsupported ({subject.reason})")
    estimate = subject.fit(0).estimate
    assert estimate is not None
    data, (space,) = subject.data, subject.data.spaces.values()
    group = subject.source.group()
    assert group is not None
    gram = field_gram(data.action_in, data.val.x, space.basis, data.field_weights)
    scores = compare(estimate.generators, group.textbook, space.basis, gram)
    if scores.precision < PRECISION:
        raise Violation(
            f"precision {scores.precision:.2f}, expected at least {PRECISION:g} (of a random map "
            f"{scores.precision_chance:.2f}) from {len(data.train)} points and {subject.fit(0).ctx.steps} steps"
        )
