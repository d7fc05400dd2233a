r"""How far generators are from symmetries of a known map: the relative defect, free of units and of the basis.

.. math:: d(A)^2 = \frac{E\|DF(x)(A \cdot x) - A \cdot F(x)\|^2}{E\|DF(x)(A \cdot x)\|^2 + E\|A \cdot F(x)\|^2}

and for an output that does not move :math:`E\|DF(x)(A \cdot x)\|^2 / E[\|DF(x)\|^2 \|A \cdot x\|^2]`.

Source: docs/metrics.md, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.lie.action import Action, IdentityAction
from bench.lie.nullspace import commutator_terms

#: Squared sizes below this, relative to the largest, are rounding: such a direction does nothing to be wrong about.
SIZE_RTOL = 1e-18


@dataclass(frozen=True)
class TrueMap:
    """A task's true map on its generic states, in physical units and float64.

    Where the output is close to the input, as after a short time, ``fn`` gives the change: a map near the identity
    commutes with everything, almost.
    """

    fn: Callable[[Tensor], Tensor]  # (n, *shape) -> (n, *shape_out), differentiable, example by example
    x: Tensor  # (n, *shape) float64
    weights: Tensor  # of the inputs' units, as in the field inner product; also of outputs that move


@dataclass(frozen=True)
class Defect:
    """Relative defects: 0 for a symmetry; at most √2, or 1 where the output does not move."""

    each: Tensor  # (k,), of each generator alone
    sup: float  # the largest over their span
    inf: float  # the smallest over their span
    mean: float  # root mean square over the span


def defect(generators: Tensor, known: TrueMap, actions: tuple[Action, Action]) -> Defect:
    """The defect of ``generators`` ``(k, d, d)``, linearly independent in their action on the states.

    Args:
        generators: in physical units.
        known: the true map and its generic states.
        actions: on inputs and on outputs.
    """
    if len(generators) == 0:
        return Defect(torch.zeros(0, dtype=torch.float64), 0.0, 0.0, 0.0)
    residual, size = _quadratic_forms(generators.detach().double().cpu(), known, actions)
    each = (residual.diag() / size.diag().clamp_min(torch.finfo(torch.float64).tiny)).clamp_min(0.0).sqrt()
    lengths, directions = torch.linalg.eigh(size)
    keep = lengths > SIZE_RTOL * lengths[-1]
    whiten = directions[:, keep] * lengths[keep].rsqrt()  # (k, r)
    squares = torch.linalg.eigvalsh(whiten.mT @ residual @ whiten).clamp_min(0.0)
    if len(squares) == 0:
        return Defect(each, 0.0, 0.0, 0.0)
    return Defect(each, float(squares[-1].sqrt()), float(squares[0].sqrt()), float(squares.mean().sqrt()))


def _quadratic_forms(generators: Tensor, known: TrueMap, actions: tuple[Action, Action]) -> tuple[Tensor, Tensor]:
    """Gram matrices ``(k, k)`` of the numerator and the denominator."""
    action_in, action_out = actions
    x = known.x
    pushed, moved = commutator_terms(known.fn, x, generators, actions)
    if isinstance(action_out, IdentityAction):
        root = known.weights.to(x).sqrt().expand_as(x[:1])
        steepness = _steepness(known.fn, x, root)  # (n,)
        velocity = torch.stack([action_in.infinitesimal(a, x) for a in generators])  # (k, n, *shape)
        scaled = (velocity * root).flatten(2) * steepness[:, None]
        return _gram(pushed.flatten(2)), _gram(scaled)
    root = known.weights.to(x).sqrt()
    pushed, moved = (pushed * root).flatten(2), (moved * root).flatten(2)
    return _gram(pushed - moved), _gram(pushed) + _gram(moved)


def _gram(fields: Tensor) -> Tensor:
    """Inner products of fields ``(k, n, c)``, mean over n; ``(k, k)``."""
    flat = fields.flatten(1)
    return flat @ flat.mT / fields.shape[1]


def _steepness(fn: Callable[[Tensor], Tensor], x: Tensor, root: Tensor) -> Tensor:
    """Frobenius norm of the derivative with respect to the weighted inputs, ``(n,)``."""
    leaf = x.clone().requires_grad_()
    outputs = fn(leaf).flatten(1)
    squares = torch.zeros(len(x), dtype=x.dtype)
    for column in outputs.unbind(1):
        (gradient,) = torch.autograd.grad(column.sum(), leaf, retain_graph=True)
        squares += (gradient / root).flatten(1).square().sum(1)
    return squares.sqrt()
