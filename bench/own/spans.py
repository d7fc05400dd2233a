"""Spans of generators compared by what they do to the data: the field product as a Euclidean one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.lie.field import field_gram
from bench.lie.search_space import SearchSpace
from bench.lie.vectors import VectorAction

#: Directions of the search space that do less than this to the data, relative to the largest, are rounding.
VISIBLE_RTOL = 1e-8
#: A direction is agreed on when the mean of the projections keeps this part of what a majority alone would give.
AGREED = 0.9


@dataclass(frozen=True, eq=False)
class Field:
    """Coordinates of generators in which the field product is the dot product; ``mask`` places the entries."""

    space: SearchSpace
    root: Tensor  # (m, v): coefficients -> coordinates
    back: Tensor  # (v, m): coordinates -> coefficients

    @classmethod
    def on(cls, x: Tensor, space: SearchSpace) -> Field:
        """The field of inputs ``(n, t, d+1)``."""
        weights = torch.ones(x.shape[-1], dtype=torch.float64)
        weights[-1] = 0.0
        gram = field_gram(VectorAction(x.shape[-1]), x, space.basis, weights)
        lengths, directions = torch.linalg.eigh(gram)
        keep = lengths > VISIBLE_RTOL * lengths[-1]
        size = lengths[keep].sqrt()
        return cls(space, directions[:, keep] * size, (directions[:, keep] / size).mT)

    def encode(self, generators: Tensor) -> Tensor:
        """``(k, D, D)`` -> ``(k, v)``; entries outside the search space are left out."""
        coordinates: Tensor = generators.double()[:, self.space.mask] @ self.root
        return coordinates

    def decode(self, coordinates: Tensor) -> Tensor:
        """``(k, v)`` -> ``(k, D, D)``."""
        generators = torch.zeros(len(coordinates), *self.space.mask.shape, dtype=torch.float64)
        generators[:, self.space.mask] = coordinates @ self.back
        return generators


def orthonormal(rows: Tensor, rtol: float = 1e-6) -> Tensor:
    """An orthonormal basis ``(r, v)`` of the span of ``rows (k, v)``."""
    if len(rows) == 0:
        return rows
    _, values, vectors = torch.linalg.svd(rows, full_matrices=False)
    kept: Tensor = vectors[values > rtol * values[0].clamp_min(1e-300)]
    return kept


def agreed(spans: Sequence[Tensor], size: int) -> Tensor:
    """Orthonormal directions ``(k, v)`` that lie in most of the spans, each orthonormal ``(k_i, v)``; ``size`` is v."""
    if not spans:
        return torch.zeros(0, size, dtype=torch.float64)
    mean = torch.zeros(size, size, dtype=torch.float64)
    for span in spans:
        mean += span.mT @ span / len(spans)
    majority = len(spans) // 2 + 1
    values, vectors = torch.linalg.eigh(mean)
    rows: Tensor = vectors[:, values >= AGREED * majority / len(spans)].mT.flip(0)
    return rows


def share_within(rows: Tensor, span: Tensor) -> Tensor:
    """The share of each of ``rows (k, v)`` that lies in the orthonormal ``span (r, v)``, in [0, 1]; squared cosine."""
    if len(span) == 0 or len(rows) == 0:
        return rows.new_zeros(len(rows))
    inside = (rows @ span.mT).square().sum(1)
    return (inside / rows.square().sum(1).clamp_min(1e-300)).clamp(0.0, 1.0)
