"""The commutator of a map with generators, and the algebra on which it vanishes: the symmetries of the map.

Source: docs/metrics.md, section 6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.lie.action import Action, directional_derivative
from bench.lie.algebra import orthonormalise
from bench.lie.field import field_gram


@dataclass(frozen=True, eq=False)
class LinearSymmetries:
    """The symmetries of a map within a search space, and the evidence for them."""

    generators: Tensor  # (r, d, d) float64, orthonormal in the field inner product
    singular_values: Tensor  # (visible,) float64, descending, relative: residual / size of its two terms
    visible: int  # dimension of the search space once directions that do nothing to x are quotiented out


def linear_symmetries(
    fn: Callable[[Tensor], Tensor],
    x: Tensor,
    basis: Tensor,
    actions: tuple[Action, Action],
    rtol: float,
    weights: Tensor | None = None,
) -> LinearSymmetries:
    r"""Null space over ``A`` in span(basis) of :math:`A \mapsto DF(x)(A \cdot x) - A \cdot F(x)` on all ``x``.

    Residuals are divided by the root mean square size of the terms :math:`DF(x)(A \cdot x)` and
    :math:`A \cdot F(x)` over samples and visible directions, one number for all directions, so that the map stays
    linear in ``A``.

    Args:
        fn: the map, ``(n, *shape) -> (n, *shape_out)``, sample by sample; float64, forward differentiable.
        x: ``(n, *shape)`` samples of the data distribution.
        basis: ``(m, d, d)`` basis of the search space.
        actions: on ``x``, and on ``fn(x)``.
        rtol: a direction is a symmetry if its relative singular value is at most this.
        weights: the field weights, see :func:`bench.lie.field.field_gram`.

    Raises:
        ValueError: if there are fewer equations (samples times outputs) than visible directions.
    """
    x = x.detach().double()
    visible = orthonormalise(basis, field_gram(actions[0], x, basis, weights))  # (v, d, d)
    y = fn(x)
    if y.numel() < len(visible):
        raise ValueError(
            f"{len(x)} samples give {y.numel()} equations for {len(visible)} visible directions; use more samples"
        )
    if len(visible) == 0:
        return LinearSymmetries(visible, x.new_zeros(0), 0)
    pushed, moved = commutator_terms(fn, x, visible, actions)
    size = (pushed.square().sum() + moved.square().sum()).div(len(visible)).sqrt()
    residual = (pushed - moved).flatten(1) / size.clamp(min=torch.finfo(torch.float64).tiny)  # (v, n*out)
    _, values, rows = torch.linalg.svd(residual.mT, full_matrices=False)  # (v,), (v, v)
    generators = torch.einsum("rv,vij->rij", rows[values <= rtol], visible)
    return LinearSymmetries(generators, values, len(visible))


def commutator_terms(
    fn: Callable[[Tensor], Tensor], x: Tensor, generators: Tensor, actions: tuple[Action, Action]
) -> tuple[Tensor, Tensor]:
    r"""The terms :math:`DF(x)(A \cdot x)` and :math:`A \cdot F(x)` of each generator; both ``(k, n, *shape_out)``.

    Their difference is zero for a symmetry of ``fn``. All generators go through ``fn``, which may be a long
    simulation, in one pass of ``k n`` examples: split ``x`` where that takes too much memory.

    Args:
        fn: ``(n, *shape) -> (n, *shape_out)``, sample by sample, forward differentiable.
        x: ``(n, *shape)``.
        generators: ``(k, d, d)``, at least one.
        actions: on ``x``, and on ``fn(x)``.
    """
    action_in, action_out = actions
    y = fn(x)
    tangents = torch.cat([action_in.infinitesimal(a, x) for a in generators])  # (k*n, *shape)
    copies = x.repeat(len(generators), *[1] * (x.ndim - 1))
    pushed = directional_derivative(fn, copies, tangents).reshape(len(generators), *y.shape)
    return pushed, torch.stack([action_out.infinitesimal(a, y) for a in generators])
