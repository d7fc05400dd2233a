"""Penalties against learned generators that do nothing or are all alike; several discoverers share them.

Source: LieGAN (Yang, Walters, Dehmamy, Yu, ICML 2023), Section 4.2, which SEMoLA takes over.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.lie.action import Action

#: Kinds of :func:`motion_penalty`.
MOTION_KINDS = ("cosine", "fourier", "rel_diff", "norm")


def similarity(action: Action, gx: Tensor, x: Tensor, kind: str) -> Tensor:
    """|mean cos(gx, x)| over the parts that the action moves: 1 when nothing moves (LieGAN's regulariser).

    Args:
        gx: ``(b·K, *shape)``; x: ``(b, *shape)``.
        kind: "cosine", or "fourier" for images: log(1 + |FFT|), which a translation leaves unchanged.
    """
    moved, original = action.moving_part(gx), action.moving_part(x)  # (., rows, cols)
    if kind == "fourier":
        moved, original = (torch.log1p(torch.fft.fft2(part).abs()).flatten(1) for part in (gx, x))
    original = original.repeat_interleave(len(moved) // len(original), 0)
    return torch.cosine_similarity(moved, original, dim=-1).mean().abs()


def overlap(generators: Tensor) -> Tensor:
    """Σ_{i<j} |<L_i, L_j>_F| / (||L_i|| ||L_j||), 0 for one generator; generators ``(k, d, d)``."""
    if len(generators) == 1:
        return generators.new_zeros(())
    flat = nn.functional.normalize(generators.flatten(1), dim=1)  # (k, d·d)
    return (flat @ flat.T).triu(1).abs().sum()  # over (k, k)


def motion_penalty(action: Action, gx: Tensor, x: Tensor, generators: Tensor, kind: str) -> Tensor:
    """A scalar that is large when nothing moves: :func:`similarity`, or minus a capped measure of the motion.

    Args:
        gx: ``(b·K, *shape)``; x: ``(b, *shape)``; generators: ``(k, d, d)``.
        kind: "cosine" or "fourier"; "rel_diff": -min(mean|gx - x| / mean|x|, 1); "norm": -min(||L||_F, k·d).

    The public code averages |gx - x| / |x| per entry, which is infinite on an image's background.
    """
    if kind == "norm":
        norm: Tensor = torch.linalg.vector_norm(generators)
        return -norm.clamp_max(float(len(generators) * generators.shape[-1]))
    if kind == "rel_diff":
        moved, original = action.moving_part(gx), action.moving_part(x)
        original = original.repeat_interleave(len(moved) // len(original), 0)
        return -((moved - original).abs().mean() / original.abs().mean()).clamp_max(1.0)
    return similarity(action, gx, x, kind)
