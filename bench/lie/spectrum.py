r"""The spectrum of the commutator of a map with a search space: how far each direction is from a symmetry.

Source: Moskalev, Sepliarskaia, Sosnovik, Smeulders: LieGG (NeurIPS 2022); Hu, Li, Lin: Symmetry discovery for
different data types (Neural Networks 2025). The share is ours: docs/methods/liegg.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class SymmetrySpectrum:
    """Directions by ascending residual, and the share of the commutator's terms that each leaves uncancelled."""

    directions: Tensor  # (v, d, d) float64
    shares: Tensor  # (v,) float64, >= 0; 0 for a symmetry

    def first(self, largest_share: float) -> int:
        """The number of directions before the first whose share is larger than ``largest_share``."""
        above = (self.shares > largest_share).nonzero()
        return int(above[0]) if len(above) else len(self.shares)


def symmetry_spectrum(
    terms: Iterable[tuple[Tensor, Tensor]], directions: Tensor, output_moves: bool
) -> SymmetrySpectrum:
    r"""Eigenvectors u of the Gram matrix of the residuals, and their shares.

    .. math::
        G_{ab} = \langle P_a - Q_a, P_b - Q_b \rangle \qquad
        T_{ab} = \langle P_a, P_b \rangle + \langle Q_a, Q_b \rangle \qquad s(u) = \frac{u^\top G u}{u^\top T u}

    The share s is the squared relative defect of u under the map whose terms these are. Where the output does not
    move, Q is zero and s would be 1: there the mean of T's diagonal is the denominator.

    Args:
        terms: chunks of P and Q, each ``(v, n, *shape_out)``: :func:`bench.lie.nullspace.commutator_terms`.
        directions: ``(v, d, d)``, orthonormal in the field inner product.
        output_moves: whether the group acts on the output.
    """
    grams = commutator_grams(terms, directions)
    vectors = torch.linalg.eigh(grams.residual).eigenvectors
    shares = grams.shares(vectors.mT, output_moves)
    return SymmetrySpectrum(torch.einsum("vu,vij->uij", vectors, directions.double()), shares)


@dataclass(frozen=True, eq=False)
class CommutatorGrams:
    """The Gram matrices G and T of the terms of v directions, ``(v, v)`` float64."""

    residual: Tensor
    size: Tensor

    def shares(self, rows: Tensor, output_moves: bool) -> Tensor:
        """The share s(u) of each direction u ``rows (k, v)``, of unit length."""
        left = ((rows @ self.residual) * rows).sum(1)
        along = ((rows @ self.size) * rows).sum(1) if output_moves else self.size.diagonal().mean().expand(len(rows))
        return left.clamp_min(0.0) / along.clamp_min(torch.finfo(torch.float64).tiny)


def commutator_grams(terms: Iterable[tuple[Tensor, Tensor]], directions: Tensor) -> CommutatorGrams:
    """G and T of :func:`symmetry_spectrum`, whose arguments these are."""
    v = len(directions)
    residual, size = torch.zeros(2, v, v, dtype=torch.float64, device=directions.device)
    for pushed, moved in terms:
        p, q = pushed.detach().flatten(1).double(), moved.detach().flatten(1).double()
        residual += (p - q) @ (p - q).mT
        size += p @ p.mT + q @ q.mT
    return CommutatorGrams(residual, size)
