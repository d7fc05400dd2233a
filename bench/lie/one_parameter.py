r"""Elements of the algebra that one generator spans, and their exponentials by shared powers.

.. math:: \exp(w L) = \Big(\sum_{j=0}^{p} \frac{(w/2^s)^j}{j!} L^j\Big)^{2^s}

The powers of L are computed once; the sum is one product ``(n, p + 1) @ (p + 1, d²)``. No small matrices are
multiplied per sample, except in the s squarings, which a norm below 2.8 (d = 2) or 3 does not need.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

#: Truncation error of the polynomial, relative to ``exp(-θ)``, by dtype.
TRUNCATION = {torch.float32: 1e-8, torch.float64: 1e-16}


@dataclass(frozen=True, eq=False)
class OneParameter:
    """The algebra elements ``w_i L``, kept as factors.

    Attributes:
        coefficients: w, ``(n,)``.
        generator: L, ``(d, d)``.
    """

    coefficients: Tensor
    generator: Tensor

    def __len__(self) -> int:
        return len(self.coefficients)

    def __neg__(self) -> OneParameter:
        return OneParameter(-self.coefficients, self.generator)

    def frobenius_bound(self) -> float:
        """The largest ``||w_i L||_F``; 0 for no elements. Measuring it makes the host wait for the device."""
        return float(self.coefficients.detach().abs().max() * self.generator.detach().norm()) if len(self) else 0.0

    def shortened(self, max_norm: float) -> OneParameter:
        """The elements whose Frobenius norm exceeds ``max_norm`` scaled down to it, the others as they are."""
        lengths = self.coefficients.abs() * torch.linalg.vector_norm(self.generator)  # (n,)
        return OneParameter(self.coefficients * (max_norm / lengths.clamp_min(max_norm)), self.generator)

    def to(self, other: Tensor) -> OneParameter:
        """The elements in the dtype and on the device of ``other``."""
        return OneParameter(self.coefficients.to(other), self.generator.to(other))

    def matrices(self) -> Tensor:
        """``w_i L``, ``(n, d, d)``."""
        return self.coefficients[:, None, None] * self.generator

    def exp(self, norm_bound: float | None = None) -> Tensor:
        """``exp(w_i L)``, ``(n, d, d)``, as accurate as :func:`bench.lie.exponential.expm`.

        ``norm_bound`` bounds every Frobenius norm; without it the norm is measured.

        Raises:
            ValueError: if the generator is neither float32 nor float64.
        """
        w, generator = self.coefficients, self.generator
        if generator.dtype not in TRUNCATION:
            raise ValueError(f"exp takes float32 or float64 matrices; got {generator.dtype}")
        if norm_bound is None:
            norm_bound = self.frobenius_bound()
        squarings, degree = _squarings_and_degree(norm_bound, generator)
        if squarings:
            w = w / 2**squarings
        d = generator.shape[-1]
        identity, factors = _identity_and_factors(degree, d, generator.dtype, generator.device)
        powers = _powers(generator[None], degree).flatten(1)  # (p, d²)
        weights = _powers(w[None], degree) * factors  # (p, n)
        result = torch.addmm(identity, weights.T, powers).view(-1, d, d)
        for _ in range(squarings):
            result = torch.bmm(result, result)
        return result


def _squarings_and_degree(norm_bound: float, generator: Tensor) -> tuple[int, int]:
    """Squarings that bring ``norm_bound`` into the polynomial's range, and its degree there."""
    # Terms of both signs cancel: the rounding error grows by at most exp(2 θ / √d), for A = -θ / √d.
    theta = min(3.0, 2.0 * math.sqrt(generator.shape[-1]))
    squarings = 0
    if math.isfinite(norm_bound) and norm_bound > theta:
        squarings = math.ceil(math.log2(norm_bound / theta))
    scaled = min(norm_bound / 2**squarings, theta) if math.isfinite(norm_bound) else theta
    degree, remainder, allowed = 1, scaled**2 / 2, TRUNCATION[generator.dtype] * math.exp(-scaled) / 2**squarings
    while remainder > allowed:
        degree += 1
        remainder *= scaled / (degree + 1)
    return squarings, degree


def _powers(a: Tensor, count: int) -> Tensor:
    """``a, a², ..., a^count`` by doubling, of a matrix ``(1, d, d)`` or of numbers ``(1, n)``; ``(count, ...)``."""
    product = torch.matmul if a.ndim == 3 else torch.mul
    powers, reached = a, 1
    while reached < count:
        powers = torch.cat([powers, product(powers[: count - reached], powers[-1])])
        reached = min(2 * reached, count)
    return powers


@lru_cache
def _identity_and_factors(degree: int, d: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """The identity ``(d²,)``, and ``1 / j!`` for j = 1 .. degree as ``(degree, 1)``."""
    factors = [[1.0 / math.factorial(j)] for j in range(1, degree + 1)]
    return torch.eye(d, dtype=dtype, device=device).flatten(), torch.tensor(factors, dtype=dtype, device=device)
