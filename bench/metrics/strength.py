"""How strongly validation data support each generator, before the judge that was trained on data as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from bench.api import TaskData, seed_for
from bench.api.coefficients import CoefficientSampler
from bench.lie.field import field_gram
from bench.lie.search_space import SearchSpace

#: Strength from which a generator counts as declared: benchmarks/calibration chooses it, on systems of no board, and
#: benchmarks/reports/declaring.md has the rate of false discoveries.
DECLARED_ABOVE = 0.65
#: How far a generator must move an example to be declared, relative to the example: a generator that hardly moves
#: anything keeps every label correct.
USED_ABOVE = 0.1
#: Number of validation examples that are moved, how often each is moved, and by how many random generators.
EXAMPLES, DRAWS, RANDOM = 256, 2, 8
#: Directions of the search space whose action on data is smaller than this, relative to the largest, are rounding.
VISIBLE_RTOL = 1e-8
#: Corrections of a random generator's length until it moves examples as far as the one beside it.
CORRECTIONS = 4


class Witness(Protocol):
    """What :func:`support` asks of a judge."""

    witness: bool  # whether it predicts well enough to tell anything

    def error(self, x: Tensor, y: Tensor) -> float:
        """Its error on physical inputs ``(n, *shape)`` and targets ``(n, *shape_out)``; 0 for none."""
        ...


class Support(NamedTuple):
    """Strength and reach of each generator, applied alone; ``(k,)`` float64."""

    strength: Tensor
    reach: Tensor


def support(judge: Witness, data: TaskData, sampler: CoefficientSampler, space: SearchSpace) -> Support:
    r"""Strength (1: moved examples fit the data as they are, 0: as little as randomly moved ones) and reach.

    .. math::
        s_j = 1 - \frac{\log(\ell(g_j) / \ell_0)}{\log(E_R[\ell(g_R)] / \ell_0)} \in [0, 1]
        \qquad r_j = \sqrt{E\|gx - x\|_W^2 / E\|x\|_W^2}

    :math:`\ell` is the judge's error on validation examples, as they are and moved, labels along; R are random
    generators of the search space that move the examples as far as generator j does. All s are 0 where random
    generators do no harm, and where the judge is not a witness: such data tell nothing about symmetry.

    Args:
        judge: trained on data as they are.
        sampler: generators ``(k, d, d)`` and coefficients in training units.
        space: where the random generators are drawn.
    """
    moved = _Moved(data)
    random = _random_generators(data, space)
    strengths, reaches = [], []
    before = judge.error(moved.x, moved.y)
    for j in range(len(sampler.generators)):
        alone = CoefficientSampler(sampler.generators[j : j + 1].cpu(), sampler.kind, sampler.scale[j : j + 1].cpu())
        weights = alone.coefficients(len(moved.x), torch.Generator().manual_seed(seed_for(0, "strength"))).double()
        generator = data.units.generators_to_physical(alone.generators[0].double())
        reach = moved.reach(weights, generator)
        reaches.append(reach)
        if not judge.witness:
            strengths.append(0.0)
            continue
        after = judge.error(*moved.by(weights, generator))
        harm = [judge.error(*moved.by(weights, moved.as_far(weights, other, reach))) for other in random]
        strengths.append(_strength(before, after, sum(harm) / max(len(harm), 1)))
    return Support(torch.tensor(strengths, dtype=torch.float64), torch.tensor(reaches, dtype=torch.float64))


def _strength(before: float, after: float, harm: float) -> float:
    """Where ``after`` lies between ``before`` and ``harm``, on a logarithmic scale; 1 at ``before``."""
    tiny = 1e-12 * harm  # a judge without any error
    before, after = max(before, tiny), max(after, tiny)
    if not before < harm < math.inf:
        return 0.0
    return min(max(1.0 - math.log(after / before) / math.log(harm / before), 0.0), 1.0)


@dataclass
class _Moved:
    """The same validation examples for every method, each :data:`DRAWS` times, and how they move."""

    data: TaskData

    def __post_init__(self) -> None:
        val, draws = self.data.val, torch.Generator().manual_seed(seed_for(0, "strength"))
        index = torch.randperm(len(val), generator=draws)[:EXAMPLES].repeat_interleave(DRAWS)
        self.x, self.y = val.x[index.to(val.x.device)].cpu(), val.y[index.to(val.y.device)].cpu()
        self.places = self.data.action_in.moving_part(self.x.double())
        self.root = self.data.field_weights.sqrt().cpu()
        self.size = (self.places * self.root).square().mean().sqrt()

    def by(self, weights: Tensor, generator: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and labels moved by exp(w A), one coefficient ``(n, 1)`` each."""
        algebra = weights[:, :, None] * generator
        return self.data.action_in.apply(algebra, self.x), self.data.action_out.apply(algebra, self.y)

    def reach(self, weights: Tensor, generator: Tensor) -> float:
        """How far inputs move, root mean square, relative to their size; in the units of the field product."""
        action = self.data.action_in
        moved = action.moving_part(action.apply(weights[:, :, None] * generator, self.x).double())
        return float(((moved - self.places) * self.root).square().mean().sqrt() / self.size)

    def as_far(self, weights: Tensor, generator: Tensor, reach: float) -> Tensor:
        """``generator`` at the length at which it moves the inputs by ``reach``, or nearly, where it cannot."""
        for _ in range(CORRECTIONS):
            here = self.reach(weights, generator)
            if not 0.0 < here < float("inf"):
                break
            generator = generator * min(max(reach / here, 0.25), 4.0)
        return generator


def _random_generators(data: TaskData, space: SearchSpace) -> Tensor:
    """``(RANDOM, d, d)``, isotropic in the field product, in physical units; empty if nothing moves the data."""
    gram = field_gram(data.action_in, data.val.x[:EXAMPLES].cpu(), space.basis, data.field_weights.cpu())
    lengths, directions = torch.linalg.eigh(gram)
    visible = lengths > VISIBLE_RTOL * lengths[-1].clamp_min(1e-300)
    draws = torch.Generator().manual_seed(seed_for(0, "random generators"))
    normal = torch.randn(RANDOM, int(visible.sum()), dtype=torch.float64, generator=draws)
    weights = torch.nn.functional.normalize(normal, dim=1) @ (directions[:, visible] * lengths[visible].rsqrt()).mT
    return torch.einsum("rm,mij->rij", weights, space.basis.double())
