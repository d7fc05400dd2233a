"""Batch normalisation over the valid entries of a padded batch, and the same followed by swish in one pass.

LieConv's own code takes the variance as E[x^2] - E[x]^2, which cancels for data far from the origin; here it is the
mean of the squared deviations.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class Valid(NamedTuple):
    """Which rows of a padded batch count, as weights: no boolean indexing, hence no wait for the GPU."""

    weights: Tensor  # (rows,), 1/count where valid, else 0
    total: Tensor  # (), number of valid rows, at least 1

    @classmethod
    def of(cls, mask: Tensor, dtype: torch.dtype) -> "Valid":
        """Weights of the bool ``mask`` ``(...)``, flattened; share them between layers that share the mask."""
        ones = mask.reshape(-1).to(dtype)  # (rows,)
        count = ones.sum().clamp(min=1.0)
        return cls(ones / count, count)


class MaskedBatchNorm(nn.Module):
    r"""Normalise each channel by the mean and variance of its valid entries.

    .. math:: y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta

    In training :math:`\mu, \sigma^2` are the batch's (:math:`\sigma^2` with 1/count); in evaluation the running ones.
    As in ``torch.nn.BatchNorm1d`` the running variance collects the *unbiased* estimate, 1/(count - 1), with momentum.
    Entries outside the mask are transformed like the others but influence nothing.

    Args:
        features: number of channels ``c``, the last dimension.
        eps: added to the variance.
        momentum: weight of the newest batch in the running statistics.

    Source: Ioffe and Szegedy 2015.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalise ``x`` ``(..., c)`` under the bool ``mask`` ``(...)``; the result is ``(..., c)``."""
        rows = x.reshape(-1, x.shape[-1])  # (rows, c)
        if self.training:
            valid = Valid.of(mask, x.dtype)
            mean, centred = _centre(rows, valid.weights)
            var = valid.weights @ centred.square()  # (c,)
            self.update(mean, var, valid.total)
        else:
            centred, var = rows - self.running_mean, self.running_var
        return torch.addcmul(self.bias, centred, self.scale(var)).view_as(x)  # (..., c)

    def swish(self, rows: Tensor, valid: Valid, offset: Tensor | None = None) -> Tensor:
        """``silu(norm(rows + offset))`` for ``rows`` ``(rows, c)``: fused in training, differentiable once.

        ``offset`` ``(c,)`` is the bias of the linear map before: the batch mean removes it, so it is not added.
        Statistics are taken in the type of the weights, also under autocast.
        """
        with torch.autocast(rows.device.type, enabled=False):
            return self._swish(rows.to(self.weight.dtype), valid, offset)

    def _swish(self, rows: Tensor, valid: Valid, offset: Tensor | None) -> Tensor:
        if self.training:
            out: Tensor
            out, mean, var = _NormSwish.apply(  # type: ignore[no-untyped-call]
                rows, offset, valid.weights, self.weight, self.bias, self.eps
            )
            self.update(mean, var, valid.total)
            return out  # (rows, c)
        mean = self.running_mean if offset is None else self.running_mean - offset  # (c,)
        scale = self.scale(self.running_var)  # (c,)
        return F.silu(torch.addcmul(self.bias - mean * scale, rows, scale))  # (rows, c)

    def linear_swish(self, linear: nn.Linear, x: Tensor, valid: Valid) -> Tensor:
        """``silu(norm(linear(x)))``: ``(rows, c_in)`` to ``(rows, c)``."""
        return self.swish(x @ linear.weight.T, valid, linear.bias)

    def scale(self, var: Tensor) -> Tensor:
        """The factor ``(c,)`` that a channel of variance ``var`` ``(c,)`` is multiplied with."""
        return self.weight * torch.rsqrt(var + self.eps)

    @torch.no_grad()
    def update(self, mean: Tensor, var: Tensor, count: Tensor) -> None:
        """Move the running statistics towards a batch's ``mean`` and biased ``var`` ``(c,)`` over ``count`` entries."""
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var * (count / (count - 1.0).clamp(min=1.0)), self.momentum)


def _centre(rows: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean ``(c,)`` and deviations ``(rows, c)``."""
    mean = weights @ rows  # (c,)
    return mean, rows - mean


class _NormSwish(torch.autograd.Function):
    """Masked batch norm and swish that save one tensor and write two; autograd's own chain touches far more memory."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, offset: Tensor | None, weights: Tensor, gamma: Tensor, beta: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean, centred = _centre(rows, weights)
        # One buffer for the squares and the result: touching new memory costs more than the arithmetic.
        out = centred * centred  # (rows, c)
        var = weights @ out  # (c,)
        inverse = torch.rsqrt(var + eps)  # (c,)
        torch.addcmul(beta, centred, gamma * inverse, out=out)
        ctx.save_for_backward(centred, weights, gamma, beta, inverse)
        ctx.has_offset = offset is not None
        if offset is not None:
            mean = mean + offset
        ctx.mark_non_differentiable(mean, var)
        return F.silu(out, inplace=True), mean, var

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        r"""With :math:`g` the gradient at the norm's output: dx = scale (g - w (sum g + x_hat sum g x_hat))."""
        centred, weights, gamma, beta, inverse = ctx.saved_tensors
        scale = gamma * inverse  # (c,)
        g = torch.addcmul(beta, centred, scale)  # (rows, c)
        torch.ops.aten.silu_backward.grad_input(grad, g, grad_input=g)
        grad_beta = g.sum(0)  # (c,)
        buffer = g * centred  # (rows, c)
        grad_gamma = buffer.sum(0) * inverse  # (c,)
        torch.addcmul(grad_beta, centred, grad_gamma * inverse, out=buffer)
        g.addcmul_(buffer, weights[:, None], value=-1.0).mul_(scale)
        grad_offset = torch.zeros_like(beta) if ctx.has_offset else None
        return g, grad_offset, None, grad_gamma, grad_beta, None
