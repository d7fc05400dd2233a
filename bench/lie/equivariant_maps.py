"""Linear maps that commute with a group: null spaces of linear constraints, with a rank rule for inexact generators.

Sources: Finzi, Welling, Wilson: A practical method for constructing equivariant multilayer perceptrons for arbitrary
matrix groups (ICML 2021), Eq. 7; the rank rule is ours (the noise of learned generators is not known in advance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

#: A residual at or below this counts as zero. It is for unit maps and generators of root mean square singular value 1.
FLOOR = 1e-2
#: A residual above this share of the largest one never counts as zero: such a map is not nearly equivariant.
CEILING = 0.3


@dataclass(frozen=True, eq=False)
class NullSpace:
    """Solutions of linear constraints, and the evidence for their number."""

    basis: Tensor  # (r, n_out, n_in) float64, orthonormal (Frobenius)
    singular_values: Tensor  # (n,) float64, ascending: the first r belong to the basis
    tolerance: float  # the largest residual that counts as zero


def intertwiners(
    pairs: Sequence[tuple[Tensor, Tensor]], symmetric: bool = False, tolerance: float | None = None
) -> NullSpace:
    r"""All ``W`` with :math:`\rho_{out} W = W \rho_{in}` for each pair :math:`(\rho_{out}, \rho_{in})`.

    A pair holds a Lie algebra element, or a group element (for discrete groups), in both representations; each is
    divided by the root mean square of its singular values, so that its unit does not matter.

    Args:
        pairs: ``(n_out, n_out)`` and ``(n_in, n_in)`` matrices, at least one pair.
        symmetric: only symmetric W (``n_out = n_in``), such as quadratic forms.
        tolerance: the largest residual that counts as zero; None derives it from the spectrum
            (:func:`tolerance_of`).

    Raises:
        ValueError: if ``pairs`` is empty, or one is zero or not finite.
    """
    if not pairs:
        raise ValueError("no generators, so every map is equivariant; give at least one")
    n_out, n_in = len(pairs[0][0]), len(pairs[0][1])
    candidates = torch.eye(n_out * n_in, dtype=torch.float64).reshape(-1, n_out, n_in)
    if symmetric:
        row, column = torch.triu_indices(n_out, n_out)
        candidates = candidates.reshape(n_out, n_out, n_out, n_out)[row, column]  # E_ij with i <= j
        candidates = candidates + candidates.mT
        candidates = candidates / torch.linalg.matrix_norm(candidates)[:, None, None]
    residuals = []
    for number, (out, inner) in enumerate(pairs, start=1):
        out, inner = out.detach().cpu().double(), inner.detach().cpu().double()
        size = max(float(m.norm()) / len(m) ** 0.5 for m in (out, inner))
        if not 1e-12 < size < float("inf"):
            raise ValueError(f"generator {number} of {len(pairs)} has size {size:g}; it must be finite and not zero")
        residuals.append(((out @ candidates - candidates @ inner) / size).flatten(1))  # (m, n_out*n_in)
    vectors, values, _ = torch.linalg.svd(torch.cat(residuals, 1))  # (m, m), (m,) descending
    values = torch.cat([values, values.new_zeros(len(candidates) - len(values))]).flip(0)
    tolerance = tolerance_of(values) if tolerance is None else tolerance
    nullity = int((values <= tolerance).sum())
    basis = torch.einsum("mr,mij->rij", vectors.flip(1)[:, :nullity], candidates)
    return NullSpace(basis, values, tolerance)


def tolerance_of(values: Tensor) -> float:
    """The noise of a spectrum ``(n,)``, ascending: the geometric middle of its largest gap.

    Noise of relative size ε turns exact zeros into values of about ε and leaves a gap above them. Values below
    :data:`FLOOR` count as :data:`FLOOR`; a gap that begins above :data:`CEILING` times the largest value does not
    count.
    """
    clamped = torch.cat([values.new_tensor([FLOOR]), values.clamp(min=FLOOR)])  # (n + 1,)
    low, high = clamped[:-1], clamped[1:]
    allowed = low <= max(CEILING * float(values[-1]), FLOOR)
    place = int((high / low).where(allowed, 0.0).argmax())
    return float((low[place] * high[place]).sqrt())
