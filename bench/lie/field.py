r"""The field inner product: generators compared by what they do to data.

.. math:: \langle A, B \rangle_D = \operatorname{mean}_x (A \cdot x)^\top W (B \cdot x)

Source: docs/metrics.md, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bench.lie.action import Action

CHUNK = 256  # samples per block of the Gram matrix: bounds memory at m * CHUNK * coordinates


def field_gram(action: Action, x: Tensor, basis: Tensor, weights: Tensor | None = None) -> Tensor:
    """Gram matrix of ``basis`` in the field inner product; compute it once per task, on held-out inputs.

    Args:
        action: how a generator acts on ``x``.
        x: ``(n, *shape)``.
        basis: ``(m, d, d)``, the basis E_1..E_m of the search space.
        weights: broadcastable to ``x``: the diagonal of W, one value per physical unit (:func:`unit_weights`);
            1 by default, for data of a single unit.

    Returns:
        ``(m, m)`` float64, symmetric, positive semidefinite.

    Raises:
        ValueError: if ``x`` is empty, or ``weights`` holds a negative or non-finite value.
    """
    if len(x) == 0:
        raise ValueError("x holds no samples; the field inner product needs at least one")
    if weights is not None and not bool(((weights >= 0) & weights.isfinite()).all()):
        raise ValueError("weights must be finite and >= 0, one value per physical unit")
    x = x.detach().double()
    root = torch.ones_like(x[:1]) if weights is None else weights.to(x).sqrt()
    root = root.expand_as(x)
    gram = x.new_zeros(len(basis), len(basis))
    for start in range(0, len(x), CHUNK):
        part = slice(start, start + CHUNK)
        moved = torch.stack([(action.infinitesimal(e, x[part]) * root[part]).flatten() for e in basis.to(x)])
        gram += moved @ moved.mT  # (m, m)
    return gram / len(x)


def unit_weights(x: Tensor, blocks: Sequence[Sequence[int]]) -> Tensor:
    """One weight per physical unit: 1 / mean square of a block of the last axis of ``x``.

    Args:
        x: ``(n, ..., d)``.
        blocks: disjoint lists of coordinates that share a unit, e.g. positions and momenta. Coordinates in no
            block (invariant features) get weight 0.

    Returns:
        ``(d,)`` float64. Never one weight per coordinate: that would break rotations.

    Raises:
        ValueError: if blocks overlap, or a block is zero on all of ``x``.
    """
    weights = torch.zeros(x.shape[-1], dtype=torch.float64, device=x.device)
    for block in blocks:
        index = list(block)
        mean_square = float(x[..., index].detach().double().square().mean())
        if mean_square == 0:
            raise ValueError(f"block {index} is zero on all samples; it has no scale to weigh it by")
        if bool((weights[index] != 0).any()):
            raise ValueError(f"block {index} overlaps another; a coordinate has one unit")
        weights[index] = 1 / mean_square
    return weights
