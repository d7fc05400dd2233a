r"""The matrix exponential of many small matrices, built for training loops.

Taylor polynomial of degree 9 in four products (Paterson and Stockmeyer 1973), then repeated squaring. Plain
differentiable operations: reverse and forward mode work, and the backward pass costs two products per product,
where ``torch.matrix_exp`` exponentiates a matrix of twice the size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bench.lie.one_parameter import OneParameter

#: Elements of a Lie algebra: matrices ``(n, d, d)``, or the multiples of one generator, whose exponential is cheaper.
Algebra = Tensor | OneParameter

# Largest ||A|| that the polynomial takes without scaling. The remainder is theta^10 / 10!, relative to exp(-theta),
# and s squarings multiply it by 2^s: for ||A|| <= 10 at most 5e-7 (float32, s = 4) and 4e-14 (float64, s = 7).
THETA = {torch.float32: 0.75, torch.float64: 0.125}


def expm(algebra: Algebra, norm_bound: float | None = None) -> Tensor:
    """Matrix exponential of a batch.

    Args:
        algebra: ``(n, d, d)``, float32 or float64.
        norm_bound: an upper bound on every ``||A||``: Frobenius, or for matrices any operator norm. Without it the
            norm is measured, which makes the host wait for the device once. A bound that is too small costs accuracy.

    Returns:
        ``(n, d, d)``. For ``||A|| <= 10`` the relative error is below 1e-5 (float32) or 1e-12 (float64).

    Raises:
        ValueError: if ``algebra`` is neither float32 nor float64.
    """
    if isinstance(algebra, OneParameter):
        return algebra.exp(norm_bound)
    if algebra.dtype not in THETA:
        raise ValueError(f"expm takes float32 or float64 matrices; got {algebra.dtype}")
    if norm_bound is None:
        norm_bound = float(algebra.detach().flatten(1).norm(dim=1).max()) if algebra.numel() else 0.0
    squarings = squaring_count(algebra.dtype, norm_bound)
    result = _taylor9(algebra / 2**squarings if squarings else algebra)
    for _ in range(squarings):
        result = torch.bmm(result, result)
    return result


def matrices_of(algebra: Algebra) -> Tensor:
    """The elements as matrices, ``(n, d, d)``."""
    return algebra.matrices() if isinstance(algebra, OneParameter) else algebra


def expm_apply(algebra: Algebra, x: Tensor, norm_bound: float | None = None) -> Tensor:
    """``exp(A) x`` for ``algebra (n, d, d)``, ``x (n, d, c)``; arguments and errors as in :func:`expm`."""
    return torch.bmm(expm(algebra, norm_bound), x)


def squaring_count(dtype: torch.dtype, norm_bound: float) -> int:
    """Number of squarings that bring ``norm_bound`` into the polynomial's range; 0 for a norm that is not finite."""
    if not math.isfinite(norm_bound) or norm_bound <= THETA[dtype]:
        return 0
    return math.ceil(math.log2(norm_bound / THETA[dtype]))


def _taylor9(a: Tensor) -> Tensor:
    """Sum of ``a^j / j!`` for j = 0..9, as ``B0 + a^3 (B1 + a^3 B2)``."""
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    a2 = torch.bmm(a, a)
    a3 = torch.bmm(a2, a)
    b0 = torch.add(identity + a, a2, alpha=1 / 2)
    b1 = torch.add(torch.add(identity / 6, a, alpha=1 / 24), a2, alpha=1 / 120)
    b2 = torch.add(torch.add(identity / 720, a, alpha=1 / 5040), a2, alpha=1 / 40320)
    b2 = torch.add(b2, a3, alpha=1 / 362880)
    return torch.baddbmm(b0, a3, torch.baddbmm(b1, a3, b2))
