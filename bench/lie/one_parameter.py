r"""Elements of the algebra that one generator spans, and their exponentials by shared powers.

.. math:: \exp(w L) = \Big(\sum_{j=0}^{p} \frac{(w/2^s)^j}{j!} L^j\Big)^{2^s}

The powers of L are computed once; the sum is one product ``(n, p + 1) @ (p + 1, d²)``. No small matrices are
multiplied per sample, except in the s squarings, which a norm below 2.8 (d = 2) or 3 does not need.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

#: Relative truncation error of the polynomial, by dtype.
TRUNCATION = {torch.float32: 1e-6, torch.float64: 1e-15}


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
        result: Tensor = _Polynomial.apply(w, generator, degree)  # type: ignore[no-untyped-call]
        for _ in range(squarings):
            result = torch.bmm(result, result)
        return result


def _squarings_and_degree(norm_bound: float, generator: Tensor) -> tuple[int, int]:
    """Squarings that bring ``norm_bound`` into the polynomial's range, and its degree there."""
    # Terms of both signs cancel: the rounding error grows by at most exp(2 θ / √d), for A = -θ / √d.
    root = math.sqrt(generator.shape[-1])
    theta = min(3.0, 2.0 * root)
    squarings = 0
    if math.isfinite(norm_bound) and norm_bound > theta:
        squarings = math.ceil(math.log2(norm_bound / theta))
    scaled = min(norm_bound / 2**squarings, theta) if math.isfinite(norm_bound) else theta
    # ||exp(A)||_F is at least √d exp(-||A||_F / √d).
    allowed = TRUNCATION[generator.dtype] * root * math.exp(-scaled / root) / 2**squarings
    degree, remainder = 1, scaled**2 / 2
    while remainder > allowed:
        degree += 1
        remainder *= scaled / (degree + 1)
    return squarings, degree


class _Polynomial(torch.autograd.Function):
    """``Σ_j w^j L^j / j!`` for j = 0 .. degree.

    The powers are products of few: ``L^(ra + b) = (L^r)^a L^b`` with r about √degree, all of them one product of two
    matrices. The gradients are written down: they take the same few products in reverse.
    """

    @staticmethod
    def forward(ctx: Any, w: Tensor, generator: Tensor, degree: int) -> Tensor:
        r = math.isqrt(degree) + 1  # so that r² > degree
        d = generator.shape[-1]
        low, high = _first_powers(generator, r)
        low_row, high_column = torch.cat(low, 1), torch.cat(high)  # (d, r·d), (r·d, d)
        powers = (high_column @ low_row).view(r, d, r, d).transpose(1, 2).reshape(r * r, d * d)
        weights = _inverse_integers(r * r, w.dtype, w.device) * w  # (r², n)
        weights[0] = 1.0
        weights = weights.cumprod(0)  # w^j / j!
        ctx.save_for_backward(*low, *high, powers, weights)
        return (weights.T @ powers).view(-1, d, d)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        *both, powers, weights = ctx.saved_tensors
        r, d = len(both) // 2, gradient.shape[-1]
        rows = gradient.reshape(-1, d * d)
        to_w = to_generator = None
        if ctx.needs_input_grad[0]:
            to_w = ((rows @ powers[1:].T) * weights[:-1].T).sum(1)  # d/dw of w^j / j! is w^(j-1) / (j-1)!
        if ctx.needs_input_grad[1]:
            low, high = both[:r], both[r:]
            grid = (weights @ rows).view(r, r, d, d).transpose(1, 2).reshape(r * d, r * d)
            to_low = (torch.cat(high).T @ grid).split(d, 1)
            to_high = (grid @ torch.cat(low, 1).T).split(d)
            to_step = _gradient_of_base(high[1:], list(to_high[1:]))
            to_generator = _gradient_of_base([*low[1:], high[1]], [*to_low[1:], to_step])
        return to_w, to_generator, None


def _first_powers(generator: Tensor, r: int) -> tuple[list[Tensor], list[Tensor]]:
    """``L^0 .. L^(r-1)`` and ``R^0 .. R^(r-1)`` for R = L^r."""
    identity = torch.eye(generator.shape[-1], dtype=generator.dtype, device=generator.device)
    low, high = [identity, generator], [identity]
    while len(low) <= r:
        low.append(low[-1] @ generator)
    step = low.pop()
    high.append(step)
    while len(high) < r:
        high.append(high[-1] @ step)
    return low, high


def _gradient_of_base(powers: list[Tensor], gradients: list[Tensor]) -> Tensor:
    """The gradient of S from those of S, S², ..., computed as ``S^(i+1) = S^i S``."""
    base, carried = powers[0], gradients[-1]
    total = torch.zeros_like(base)
    for power, gradient in zip(reversed(powers[:-1]), reversed(gradients[:-1]), strict=True):
        total = torch.addmm(total, power.T, carried)
        carried = torch.addmm(gradient, carried, base.T)
    return total + carried


@lru_cache
def _inverse_integers(count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """``1, 1, 1/2, 1/3, ...``, ``(count, 1)``."""
    return torch.tensor([[1.0 / max(1, j)] for j in range(count)], dtype=dtype, device=device)
