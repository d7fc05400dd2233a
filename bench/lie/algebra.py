"""Textbook Lie algebras as bases of matrices, and the linear algebra of spans of generators.

Conventions: a basis is a float64 tensor ``(k, d, d)``; ``exp`` of a generator acts on column vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor


def so(p: int, q: int = 0) -> Tensor:
    r"""Basis of so(p, q): the ``A`` with :math:`A^\top \eta + \eta A = 0`, ``eta = diag(+1 p times, -1 q times)``.

    ``so(3)`` are the rotations of space, ``so(1, 3)`` the Lorentz algebra with time first. The element of the
    pair ``i < j`` is the positive rotation from axis i to axis j (``A[j, i] = 1``), or the boost between them.

    Returns:
        ``(n(n-1)/2, n, n)`` with ``n = p + q``, pairs in the order of ``itertools.combinations``.

    Raises:
        ValueError: if ``p`` or ``q`` is negative or ``p + q`` is 0.
    """
    if p < 0 or q < 0 or p + q == 0:
        raise ValueError(f"so(p, q) has p = {p}, q = {q}; both must be >= 0 and p + q >= 1")
    n = p + q
    pairs = list(combinations(range(n), 2))
    basis = torch.zeros(len(pairs), n, n, dtype=torch.float64)
    for index, (i, j) in enumerate(pairs):
        basis[index, j, i] = 1
        basis[index, i, j] = 1 if i < p <= j else -1
    return basis


def se(n: int) -> Tensor:
    """Basis of se(n) in homogeneous coordinates, ``(n(n-1)/2 + n, n+1, n+1)``: rotations, then translations."""
    rotations = torch.nn.functional.pad(so(n), (0, 1, 0, 1))
    translations = torch.zeros(n, n + 1, n + 1, dtype=torch.float64)
    translations[torch.arange(n), torch.arange(n), n] = 1
    return torch.cat([rotations, translations])


def affine(n: int) -> Tensor:
    """All affine generators of n-space, ``(n(n+1), n+1, n+1)``: elementary matrices whose last row is zero."""
    mask = torch.ones(n + 1, n + 1, dtype=torch.bool)
    mask[n] = False
    return elementary(mask)


def block_diagonal_mask(sizes: Sequence[int]) -> Tensor:
    """Boolean ``(d, d)`` mask, ``d = sum(sizes)``, that is true on square diagonal blocks of these sizes."""
    block = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))  # (d,): block of each coordinate
    return block[:, None] == block[None, :]


def elementary(mask: Tensor) -> Tensor:
    """Elementary matrices of the true entries of a boolean ``(d, d)`` mask: ``(m, d, d)`` float64, row by row.

    Raises:
        ValueError: if ``mask`` is not a square boolean matrix.
    """
    if mask.dtype != torch.bool or mask.ndim != 2 or mask.shape[0] != mask.shape[1]:
        raise ValueError(f"a mask must be boolean of shape (d, d); got {mask.dtype} of shape {tuple(mask.shape)}")
    d = mask.shape[0]
    return torch.eye(d * d, dtype=torch.float64, device=mask.device)[mask.flatten()].reshape(-1, d, d)


def bracket(a: Tensor, b: Tensor) -> Tensor:
    """Lie bracket ``[a, b] = ab - ba`` of ``(..., d, d)`` tensors."""
    return a @ b - b @ a


def orthonormalise(generators: Tensor, gram: Tensor | None = None, rtol: float = 1e-8) -> Tensor:
    r"""An orthonormal basis of the span of ``generators``.

    .. math:: u_i = \lambda_i^{-1/2} \sum_j V_{ji} A_j, \qquad G = V \operatorname{diag}(\lambda) V^\top

    Args:
        generators: ``(k, d, d)``; computed in float64.
        gram: ``(k, k)`` inner products ``<A_i, A_j>``; the Frobenius ones by default.
        rtol: eigenvalues (squared lengths) at or below ``rtol`` times the largest count as zero.

    Returns:
        ``(r, d, d)`` float64, longest direction first; ``r = 0`` where every inner product is zero.

    Raises:
        ValueError: if the shapes do not fit or an entry is not finite.
    """
    generators = check_generators(generators, "generators")
    if gram is None:
        flat = generators.flatten(1)
        gram = flat @ flat.mT
    k = len(generators)
    if gram.shape != (k, k):
        raise ValueError(f"gram has shape {tuple(gram.shape)}; it must be ({k}, {k}), one row per generator")
    if k == 0:
        return generators
    values, vectors = torch.linalg.eigh(gram.to(generators))
    keep = values > rtol * values[-1].clamp(min=0)
    scaled = vectors[:, keep] * values[keep].rsqrt()  # (k, r)
    return torch.einsum("kr,kij->rij", scaled, generators).flip(0)


def check_generators(generators: Tensor, name: str) -> Tensor:
    """Returns ``generators`` in float64 after checking that they are finite and ``(k, d, d)``.

    Raises:
        ValueError: naming the argument ``name`` and, for non-finite entries, the generators that hold them.
    """
    if generators.ndim != 3 or generators.shape[1] != generators.shape[2]:
        raise ValueError(f"{name} has shape {tuple(generators.shape)}; it must be (k, d, d)")
    bad = (~generators.isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
    if bad:
        raise ValueError(f"{name} has non-finite entries in generator {', '.join(map(str, bad))} of {len(generators)}")
    return generators.detach().double()
