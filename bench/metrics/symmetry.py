"""How close learned generators are to the truth: as papers compare them, and by what they do to data.

Source: docs/metrics.md, sections 4 and 5. The field Gram matrix comes from :func:`bench.lie.field.field_gram`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.lie.algebra import bracket, check_generators, orthonormalise
from bench.metrics.subspaces import grassmann_chance, grassmann_distance, principal_angles

VISIBLE_RTOL = 1e-8  # eigenvalues of the field Gram below this, relative to the largest, do nothing to the data
SHORT_RTOL = 1e-2  # learned generators shorter than this, relative to the longest, count for nothing
RANK_RTOL = 1e-6  # and directions shorter than this, once all generators have unit length, are rounding
COMMUTING_RTOL = 1e-8  # brackets below this, relative to the entries of their factors, are zero
SPAN_RTOL = 1e-5  # largest part of a generator outside the search space that passes as rounding


@dataclass(frozen=True)
class BasisSimilarity:
    """What papers print. Not a test of correctness: a perfect algebra in another basis scores below 1."""

    cosine: float  # mean over textbook elements of |cos|, best assignment
    mae: float  # mean over textbook elements of the mean absolute entry difference, same assignment


@dataclass(frozen=True)
class SymmetryScores:
    """Learned against true span in the field inner product; unchanged by basis, units and invisible directions."""

    precision: float  # share of the learned span that is true, in [0, 1]; 0 if nothing was learned
    recall: float  # share of the true span that was learned, in [0, 1]; 0 without a truth
    precision_chance: float  # precision expected of a random span
    recall_chance: float  # recall expected of a random span of the learned dimension
    dimension: int  # effective rank of the learned generators
    true_dimension: int
    largest_angle: float  # of the principal angles between the spans, radians in [0, π/2]; π/2 if nothing was learned
    grassmann: float  # root of the sum of their squares; a dimension without partner counts as π/2
    grassmann_chance: float  # that distance expected of a random span of the learned dimension


def cosine_and_mae(learned: Tensor, textbook: Tensor) -> BasisSimilarity:
    r"""Absolute cosine :math:`|\langle L_j, S_i \rangle_F| / (\|L_j\| \|S_i\|)` under the best assignment, and MAE.

    For the MAE, ``L_j`` is scaled to the norm of ``S_i`` and takes the better sign. A textbook element without a
    partner, or with a zero one, has cosine 0 and the mean absolute entry of ``S_i`` as its MAE.

    Args:
        learned: ``(k, d, d)``.
        textbook: ``(s, d, d)``, ``s >= 1``, none of them zero.

    Raises:
        ValueError: if shapes do not fit, an entry is not finite, or a textbook element is zero.
    """
    from scipy.optimize import linear_sum_assignment  # here: importing takes half a second

    learned = check_generators(learned, "learned")
    textbook = check_generators(textbook, "textbook").to(learned)
    if learned.shape[1:] != textbook.shape[1:] or len(textbook) == 0:
        shapes = f"learned {tuple(learned.shape)} and textbook {tuple(textbook.shape)}"
        raise ValueError(f"{shapes} must be (k, d, d) and (s, d, d), s >= 1")
    norms = textbook.flatten(1).norm(dim=1)  # (s,)
    if bool((norms == 0).any()):
        raise ValueError("textbook holds a zero matrix, which has no direction to compare with")
    unit = torch.nn.functional.normalize(learned.flatten(1), dim=1)  # (k, d*d)
    cosines = unit @ (textbook.flatten(1) / norms[:, None]).mT  # (k, s)
    rows, columns = linear_sum_assignment(cosines.abs().numpy(force=True), maximize=True)
    partner = torch.zeros_like(textbook)
    scale = cosines[rows, columns].sign() * norms[columns]
    partner[columns] = (unit[rows] * scale[:, None]).reshape(-1, *textbook.shape[1:])
    best = np.zeros(len(textbook))
    best[columns] = cosines.abs().numpy(force=True)[rows, columns]
    # The sign of the cosine is the better one in the square; try both for the mean absolute difference.
    mae = torch.minimum((partner - textbook).abs().mean((1, 2)), (partner + textbook).abs().mean((1, 2)))
    return BasisSimilarity(cosine=float(best.mean()), mae=float(mae.mean()))


def compare(learned: Tensor, truth: Tensor, space_basis: Tensor, gram: Tensor) -> SymmetryScores:
    r"""Precision, recall, dimension and principal angles of learned generators.

    Precision is the mean of :math:`\|P_T u\|^2` over an orthonormal basis u of span(learned), recall the same with
    the two sides exchanged, both in the field inner product. Truth generators count alike whatever their length;
    learned ones shorter than 1e-2 of the longest count for nothing. The rank is decided once all have unit length, so
    an ill-conditioned basis loses nothing.

    Args:
        learned: ``(k, d, d)``.
        truth: ``(r, d, d)``.
        space_basis: ``(m, d, d)``, basis of the search space; both spans lie in its span.
        gram: ``(m, m)``, field inner products of ``space_basis``.

    Raises:
        ValueError: naming the generator that is not finite or lies outside the search space, or for wrong shapes.
    """
    u, true_directions = _spans(learned, truth, space_basis, gram)
    t = _row_space(true_directions, VISIBLE_RTOL)
    shared = float((u @ t.mT).square().sum())
    k, r, visible = len(u), len(t), u.shape[1]
    return SymmetryScores(
        precision=min(shared / k, 1.0) if k else 0.0,
        recall=min(shared / r, 1.0) if r else 0.0,
        precision_chance=r / visible if visible else 0.0,
        recall_chance=k / visible if visible else 0.0,
        dimension=k,
        true_dimension=r,
        largest_angle=float(principal_angles(u, t)[-1]) if k and r else math.pi / 2.0,
        grassmann=grassmann_distance(u, t),
        grassmann_chance=grassmann_chance(k, r, visible),
    )


def span_basis(learned: Tensor, gram_of: Callable[[Tensor], Tensor]) -> Tensor:
    """Orthonormal generators ``(rank, d, d)`` of the learned span, by the rule of :func:`compare`.

    ``gram_of`` gives the field inner products ``(k, k)`` of generators ``(k, d, d)``.
    """
    learned = check_generators(learned, "learned")
    if len(learned) == 0:
        return learned
    lengths = gram_of(learned).diagonal().clamp_min(0.0).sqrt()
    kept = (lengths > SHORT_RTOL * lengths.max()) & (lengths > 0.0)
    unit = learned[kept] / lengths[kept, None, None]
    return orthonormalise(unit, gram_of(unit), rtol=RANK_RTOL**2) if len(unit) else unit


def found_shares(learned: Tensor, truth: Tensor, space_basis: Tensor, gram: Tensor) -> Tensor:
    r"""Share of each true generator's field in the learned span: :math:`\|P_U t_j\|^2 / \|t_j\|^2`, ``(r,)``.

    Arguments and errors as in :func:`compare`. A generator that does nothing to the inputs counts as not found.
    """
    u, t = _spans(learned, truth, space_basis, gram)
    return (t @ u.mT).square().sum(1).clamp_max(1.0)


def closure_defect(generators: Tensor, gram_of: Callable[[Tensor], Tensor]) -> float:
    r"""How far span(generators) is from being closed under the Lie bracket, in the field product.

    .. math:: \max_{i<j} \lVert [u_i, u_j] - P_L [u_i, u_j] \rVert \,/\, \lVert [u_i, u_j] \rVert

    for the orthonormal generators u of :func:`span_basis`; 0 for an algebra, and 0 by definition for one generator.
    Pairs that commute contribute 0.

    Args:
        generators: ``(k, d, d)``, any dtype; computed in float64.
        gram_of: the field inner products ``(k, k)`` of generators ``(k, d, d)``.

    Returns:
        The defect, dimensionless, in [0, 1].

    Raises:
        ValueError: if ``generators`` is not ``(k, d, d)`` or has a non-finite entry.

    Source: docs/metrics.md, section 5.
    """
    basis = span_basis(generators, gram_of)
    k = len(basis)
    i, j = torch.triu_indices(k, k, offset=1)
    if len(i) == 0:
        return 0.0
    brackets = bracket(basis[i], basis[j])  # (pairs, d, d)
    entries = basis.flatten(1).norm(dim=1)
    real = brackets.flatten(1).norm(dim=1) > COMMUTING_RTOL * entries[i] * entries[j]
    inside = gram_of(torch.cat([basis, brackets]))
    size = inside.diagonal()[k:]  # squared lengths
    outside = (size - inside[k:, :k].square().sum(1)).clamp_min(0.0)
    tiny = torch.finfo(torch.float64).tiny
    defects = torch.where(real & (size > 0.0), (outside / size.clamp_min(tiny)).sqrt(), 0.0)
    return min(float(defects.max()), 1.0)


def span_share(learned: Tensor, matrices: Tensor) -> float:
    r"""Share of the learned generators' squared Frobenius norm that lies in a given span: 0 none of it, 1 all.

    Args:
        learned: ``(k, d, d)``.
        matrices: ``(s, d, d)``, e.g. the translations of the plane.
    """
    flat = check_generators(learned, "learned").flatten(1)
    within = flat @ orthonormalise(matrices.to(flat.dtype)).flatten(1).mT  # (k, s)
    total = float(flat.square().sum())
    return float(within.square().sum()) / total if total > 0 else 0.0


def angle_rate(generator: Tensor) -> float:
    """Radians per unit coefficient of a one-parameter group: largest imaginary part of an eigenvalue of ``(d, d)``."""
    return float(torch.linalg.eigvals(check_generators(generator[None], "generator")[0]).imag.abs().max())


def _spans(learned: Tensor, truth: Tensor, space_basis: Tensor, gram: Tensor) -> tuple[Tensor, Tensor]:
    """Orthonormal basis ``(k', v)`` of the learned span, and the true generators at unit length, ``(r, v)``."""
    learned = check_generators(learned, "learned")
    truth = check_generators(truth, "truth").to(learned)
    to_visible = _visible_map(gram.detach().to(learned))  # (v, m)
    rows = _visible_coordinates(learned, space_basis, to_visible, "learned")
    lengths = rows.norm(dim=1)
    kept = (lengths > SHORT_RTOL * lengths.max()) & (lengths > 0.0) if len(lengths) else lengths > 0.0
    u = _row_space(rows[kept] / lengths[kept, None], RANK_RTOL)
    return u, torch.nn.functional.normalize(_visible_coordinates(truth, space_basis, to_visible, "truth"), dim=1)


def _visible_map(gram: Tensor) -> Tensor:
    """``(v, m)``: coordinates in the search space to coordinates in which the field inner product is Euclidean."""
    values, vectors = torch.linalg.eigh(gram)
    keep = values > VISIBLE_RTOL * values[-1].clamp(min=0)
    to_visible: Tensor = values[keep].sqrt()[:, None] * vectors[:, keep].mT
    return to_visible


def _visible_coordinates(generators: Tensor, space_basis: Tensor, to_visible: Tensor, name: str) -> Tensor:
    """Euclidean coordinates ``(k, v)``; rows that only rounding keeps from zero are zero."""
    basis = space_basis.to(generators).flatten(1)  # (m, d*d)
    flat = generators.flatten(1)
    coordinates = torch.linalg.lstsq(basis.mT, flat.mT).solution.mT  # (k, m)
    outside = (flat - coordinates @ basis).norm(dim=1) > SPAN_RTOL * flat.norm(dim=1)
    if bool(outside.any()):
        numbers = ", ".join(map(str, outside.nonzero().flatten().tolist()))
        raise ValueError(f"{name} generator {numbers} of {len(flat)} is not in the span of the search space")
    visible = coordinates @ to_visible.mT  # (k, v)
    longest = to_visible.norm(dim=1).max() if len(to_visible) else 0.0
    is_rounding = visible.norm(dim=1) <= VISIBLE_RTOL * longest * coordinates.norm(dim=1)
    return torch.where(is_rounding[:, None], 0.0, visible)


def _row_space(rows: Tensor, rtol: float) -> Tensor:
    """Orthonormal rows ``(rank, v)`` that span the given rows."""
    if rows.numel() == 0:
        return rows[:0]
    _, values, directions = torch.linalg.svd(rows, full_matrices=False)
    basis: Tensor = directions[values > rtol * values[0]]
    return basis
