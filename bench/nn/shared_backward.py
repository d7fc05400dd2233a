"""One backward pass that gives both players of a GAN their own gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

#: The least logit of a moved example that counts: below it both gradients would underflow in single precision.
SUREST = -60.0


def judge_at_once(
    discriminator: nn.Module, moved: tuple[Tensor, Tensor], real: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Logits of both batches. The gradient of D's loss, ½ mean softplus(D), leaves D as that of -log D: G's own.

    Example by example they differ by the factor σ'(-D) / σ'(D) = -2 exp(-D): a gradient reversal (Ganin, Lempitsky,
    ICML 2015) with a factor of its own for each example, so that one backward pass serves both players.
    """
    factor: list[Tensor] = []
    inputs = [torch.cat([_rescaled(a, factor), b]) for a, b in zip(moved, real, strict=True)]
    on_fake, on_real = discriminator(*inputs).chunk(2)
    factor.append(-2.0 * torch.exp(-on_fake.detach().clamp_min(SUREST)))
    return on_fake, on_real


def _rescaled(x: Tensor, factor: list[Tensor]) -> Tensor:
    rescaled: Tensor = _Rescaled.apply(x, factor)  # type: ignore[no-untyped-call]
    return rescaled


class _Rescaled(torch.autograd.Function):
    """The identity, whose gradient is multiplied by ``factor[0] (n,)``, which is known after the forward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: list[Tensor]) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        factor = ctx.factor[0]
        return gradient * factor.view(-1, *[1] * (gradient.ndim - 1)), None
