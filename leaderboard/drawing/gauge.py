"""Generators made comparable for a figure: at norm 1, and in the gauge nearest the textbook's."""

from __future__ import annotations

import numpy as np

from bench.api import Array

#: Maximum number of matrices of a computed true algebra that are shown next to the textbook's.
MAX_TRUE = 4


def normalised(matrices: Array) -> Array:
    """Each matrix ``(d, d)`` scaled to Frobenius norm 1; a zero matrix stays zero."""
    norm = np.linalg.norm(matrices, axis=(1, 2), keepdims=True)
    unit: Array = np.divide(matrices, norm, out=np.zeros(matrices.shape), where=norm > 0)
    return unit


def signed(learned: Array, truth: Array) -> Array:
    """Each learned matrix times the sign of its largest overlap with a true one."""
    if not len(truth) or not len(learned):
        return learned
    overlap = np.einsum("kij,rij->kr", learned, truth)
    best = np.take_along_axis(overlap, np.abs(overlap).argmax(1)[:, None], 1)[:, 0]
    turned: Array = learned * np.where(best < 0, -1.0, 1.0)[:, None, None]
    return turned


def aligned(learned: Array, truth: Array) -> Array:
    """``learned (k, d, d)``, at norm 1, in the gauge nearest ``truth (r, d, d)``.

    A single generator only has a sign. For several with k = r only the span has a meaning, so an orthonormal basis of
    it is rotated onto the truth (orthogonal Procrustes).
    """
    if len(learned) < 2 or len(learned) != len(truth):
        return signed(learned, truth)
    flat, target = (matrices.reshape(len(matrices), -1) for matrices in (learned, truth))
    _, size, basis = np.linalg.svd(flat, full_matrices=False)
    if size[-1] < 1e-6 * size[0]:  # linearly dependent: no basis to rotate
        return signed(learned, truth)
    left, _, right = np.linalg.svd(target @ basis.T)
    turned: Array = (left @ right @ basis).reshape(learned.shape)
    return turned


def adds_to(algebra: Array, textbook: Array) -> bool:
    """Whether the computed algebra is small enough to show and not the span of the textbook's matrices."""
    if not square(algebra) or len(algebra) > MAX_TRUE or algebra.shape[1:] != textbook.shape[1:]:
        return False
    flat, target = algebra.reshape(len(algebra), -1), textbook.reshape(len(textbook), -1)
    rest = target - target @ np.linalg.pinv(flat) @ flat
    return len(algebra) != len(textbook) or bool(np.linalg.norm(rest) > 1e-6 * np.linalg.norm(target))


def square(matrices: Array) -> bool:
    """Whether the array is ``(k, d, d)``, k >= 1, and finite."""
    square = matrices.ndim == 3 and len(matrices) > 0 and matrices.shape[1] == matrices.shape[2]
    return square and bool(np.isfinite(matrices).all())
