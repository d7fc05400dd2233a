"""Linear maps that commute with a group: null spaces of linear constraints, with a rank rule for inexact generators.

Sources: Finzi, Welling, Wilson: A practical method for constructing equivariant multilayer perceptrons for arbitrary
matrix groups (ICML 2021), Eq. 7; the rank rule is ours (no threshold is known in advance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

#: A residual at or below this counts as zero. It is for unit maps and generators of root mean square singular value 1.
FLOOR = 1e-2
#: The smallest ratio between the first residual that is kept away from zero and the last one that counts as zero.
MIN_GAP = 10.0
#: Number of singular values that messages show on each side of the gap.
SHOWN = 6


@dataclass(frozen=True, eq=False)
class NullSpace:
    """Solutions of linear constraints, and the evidence for their number."""

    basis: Tensor  # (r, n_out, n_in) float64, orthonormal (Frobenius)
    singular_values: Tensor  # (n,) float64, ascending: the first r belong to the basis
    gap: float  # ratio across the cut, both sides at least FLOOR


def intertwiners(
    pairs: Sequence[tuple[Tensor, Tensor]], what: str = "linear map", symmetric: bool = False
) -> NullSpace:
    r"""All ``W`` with :math:`\rho_{out} W = W \rho_{in}` for each pair :math:`(\rho_{out}, \rho_{in})`.

    A pair holds a Lie algebra element, or a group element (for discrete groups), in both representations; each is
    divided by the root mean square of its singular values, so that its unit does not matter.

    Args:
        pairs: ``(n_out, n_out)`` and ``(n_in, n_in)`` matrices, at least one pair.
        what: what W is, for messages.
        symmetric: only symmetric W (``n_out = n_in``), such as quadratic forms.

    Raises:
        ValueError: if ``pairs`` is empty, one is zero or not finite, or no gap shows how many solutions there are.
    """
    if not pairs:
        raise ValueError(f"no generators, so every {what} is equivariant; give at least one")
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
    nullity, gap = cut_at_gap(values, what)
    basis = torch.einsum("mr,mij->rij", vectors.flip(1)[:, :nullity], candidates)
    return NullSpace(basis, values, gap)


def cut_at_gap(values: Tensor, what: str = "linear map") -> tuple[int, float]:
    """How many of ``values`` (n,), ascending, count as zero, and the ratio across the cut: the largest gap.

    Values below :data:`FLOOR` count as :data:`FLOOR`. A floor before the first value allows a count of 0.

    Raises:
        ValueError: with the spectrum, if the largest ratio is below :data:`MIN_GAP`.
    """
    clamped = torch.cat([values.new_tensor([FLOOR]), values.clamp(min=FLOOR)])  # (n + 1,)
    if bool((values <= FLOOR).all()):
        return len(values), float("inf")
    ratios = clamped[1:] / clamped[:-1]  # (n,): in front of each value
    nullity = int(ratios.argmax())
    gap = float(ratios[nullity])
    if gap < MIN_GAP:
        around = values[max(0, nullity - SHOWN) : nullity + SHOWN].tolist()
        raise ValueError(
            f"the number of equivariant {what}s is ambiguous: the largest gap in the {len(values)} singular values is "
            f"a factor {gap:.1f} after the first {nullity} (at least {MIN_GAP:g} is needed). Around it: "
            + ", ".join(f"{v:.2g}" for v in around)
        )
    return nullity, gap
