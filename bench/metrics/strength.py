"""How strongly a trained predictor's validation data support each generator that came with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from bench.api import Split, TaskData, seed_for
from bench.api.coefficients import CoefficientSampler
from bench.metrics.prediction import constant_class, constant_mean

#: Strength from which a generator counts as declared: chosen on seed 0 of the toy tasks, before any of
#: their other runs and before molecules; the boards show the curve over all thresholds.
DECLARED_ABOVE = 0.9
#: How far a generator must move an example to be declared, relative to the example: a generator that hardly moves
#: anything keeps every label correct.
USED_ABOVE = 0.1
#: Number of validation examples that are moved, and how often each is moved.
EXAMPLES, DRAWS = 256, 4


class Support(NamedTuple):
    """Strength and reach of each generator, applied alone; ``(k,)`` float64."""

    strength: Tensor
    reach: Tensor


@torch.no_grad()
def support(
    predict: Callable[[Tensor], Tensor], data: TaskData, sampler: CoefficientSampler, higher_is_better: bool
) -> Support:
    r"""Strength (1: moved examples are predicted as well as original ones) and reach (how far an input moves).

    .. math::
        s_j = 1 - \frac{\ell_j - \ell_0}{\ell_{const} - \ell_0} \qquad r_j = \sqrt{E\|gx - x\|^2 / E\|x\|^2}

    :math:`\ell` is the task's score on validation examples: as they are, moved by the coefficients of generator j
    (labels along), and of the best constant predictor. All s are 0 unless the predictor beats the constant.

    Args:
        predict: ``(n, *shape) -> (n, *shape_out)`` in training units.
        sampler: generators ``(k, d, d)`` and coefficients in training units.
    """
    x, y = (part.to(data.test.x.device) for part in _examples(data.val))

    def score(inputs: Tensor, targets: Tensor) -> float:
        predicted = data.units.y_to_physical(predict(data.units.x_to_training(inputs)))
        return float(data.score(predicted, targets).double().mean())

    original = score(x, y)
    margin = _constant_score(data, y, predict, higher_is_better) - original
    useless = (margin >= 0) if higher_is_better else (margin <= 0)
    places = data.action_in.moving_part(x.double())
    size = places.square().flatten(1).sum(1).mean()
    copies = places.repeat_interleave(DRAWS, 0)
    strengths, reaches = [], []
    for gx, gy in _moved(data, sampler, x, y):
        strengths.append(0.0 if useless else 1.0 - (score(gx, gy) - original) / margin)
        shift = data.action_in.moving_part(gx.double()) - copies
        reaches.append(float((shift.square().flatten(1).sum(1).mean() / size).sqrt()))
    return Support(torch.tensor(strengths, dtype=torch.float64), torch.tensor(reaches, dtype=torch.float64))


def _moved(data: TaskData, sampler: CoefficientSampler, x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The examples, :data:`DRAWS` times each, moved by each generator alone; labels along."""
    draws = torch.Generator().manual_seed(seed_for(0, "strength"))
    for j in range(len(sampler.generators)):
        alone = CoefficientSampler(sampler.generators[j : j + 1].cpu(), sampler.kind, sampler.scale[j : j + 1].cpu())
        algebra = data.units.generators_to_physical(alone(len(x) * DRAWS, draws).double()).to(x.device)
        gx = data.action_in.apply(algebra, x.repeat_interleave(DRAWS, 0))
        yield gx, data.action_out.apply(algebra, y.repeat_interleave(DRAWS, 0))


def _examples(split: Split) -> tuple[Tensor, Tensor]:
    """The same validation examples for every method and seed."""
    index = torch.randperm(len(split), generator=torch.Generator().manual_seed(seed_for(0, "strength")))[:EXAMPLES]
    return split.x[index], split.y[index]


def _constant_score(data: TaskData, y: Tensor, predict: Callable[[Tensor], Tensor], higher_is_better: bool) -> float:
    """Score of the best constant: the training targets' mean or median, or their class frequencies."""
    train = data.train.y
    if not train.is_floating_point():
        classes = predict(data.units.x_to_training(data.val.x[:1].to(y.device))).shape[-1]
        guesses = [constant_class(train, len(y), classes)]
    else:
        median = train.median(0).values.to(y).expand(y.shape)
        guesses = [constant_mean(train, len(y)).to(y), median]
    scores = [float(data.score(guess.to(y.device), y).double().mean()) for guess in guesses]
    return max(scores) if higher_is_better else min(scores)
