"""How far a predictor is from f(g x) = g f(x), on given group elements.

Source: docs/metrics.md, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.lie.action import Action


@dataclass(frozen=True, eq=False)
class EquivarianceErrors:
    """Errors in the unit of the output, or relative to the mean output norm ``mean_x ||f(x)||``."""

    e: float  # mean_x || mean_m g_m f(x) - mean_m f(g_m x) ||; 0 for every linear map under full rotations
    e_prime: float  # mean_x mean_m || f(g_m x) - g_m f(x) ||; the primary one
    e_prime_rel: float  # e_prime / mean_x ||f(x)||
    e_prime_rel_median: float  # over x
    e_prime_rel_p95: float  # over x, 95th percentile
    e_prime_rel_max: float  # over x
    per_example: Tensor  # (n,) float64: mean_m || f(g_m x) - g_m f(x) ||


@torch.no_grad()
def equivariance_errors(
    predict: Callable[[Tensor], Tensor],
    x: Tensor,
    algebra: Tensor,
    action_in: Action,
    action_out: Action,
    batch_size: int,
) -> EquivarianceErrors:
    """Errors of ``predict`` under the group elements ``g = exp(algebra)``.

    Args:
        predict: ``(b, *shape) -> (b, *shape_out)``; the softmax output for classifiers.
        x: ``(n, *shape)`` test inputs.
        algebra: ``(n, M, d, d)``, M elements per input: the same, seeded, for every method.
        action_in: how ``g`` acts on inputs.
        action_out: how ``g`` acts on outputs.
        batch_size: the most inputs that ``predict`` sees at once.

    Raises:
        ValueError: if ``algebra`` does not fit ``x``, or there is nothing to evaluate.
    """
    n, d = len(x), action_in.dim
    if algebra.ndim != 4 or algebra.shape[0] != n or algebra.shape[2:] != (d, d) or algebra.shape[1] * n == 0:
        raise ValueError(f"algebra has shape {tuple(algebra.shape)}; it must be ({n}, M, {d}, {d}), n and M >= 1")
    m = algebra.shape[1]
    fx = torch.cat([predict(part) for part in torch.split(x, batch_size)])  # (n, *shape_out)
    mean_difference = fx.new_zeros(n, fx[0].numel(), dtype=torch.float64)
    per_example = fx.new_zeros(n, dtype=torch.float64)
    flat = algebra.flatten(0, 1).to(x.device)  # (n*M, d, d)
    elements_in, elements_out = action_in.elements(flat, x), action_out.elements(flat, fx).expand_as(flat)
    pairs = torch.arange(n * m, device=x.device)
    for pair in torch.split(pairs, batch_size):
        sample = pair // m
        f_gx = predict(action_in.act(elements_in[pair], x[sample]))
        g_fx = action_out.act(elements_out[pair], fx[sample])
        difference = (f_gx.double() - g_fx.double()).reshape(len(sample), -1)  # (b, out)
        mean_difference.index_add_(0, sample, difference / m)
        per_example.index_add_(0, sample, difference.norm(dim=1) / m)
    scale = float(fx.double().reshape(n, -1).norm(dim=1).mean())
    relative = per_example / scale if scale > 0 else torch.where(per_example == 0, 0.0, torch.inf)
    return EquivarianceErrors(
        e=float(mean_difference.norm(dim=1).mean()),
        e_prime=float(per_example.mean()),
        e_prime_rel=float(relative.mean()),
        e_prime_rel_median=float(relative.quantile(0.5)),
        e_prime_rel_p95=float(relative.quantile(0.95)),
        e_prime_rel_max=float(relative.max()),
        per_example=per_example.cpu(),
    )
