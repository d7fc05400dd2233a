"""What a discriminator compares: real inputs, and inputs and targets that group elements have moved."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bench.api import Problem
from bench.api.augmentation import move
from bench.lie.exponential import Algebra, expm
from bench.lie.images import ImageAction

#: One step's (real x, moved x, moved y) from n algebra elements, x (n, *shape), y (n, *shape_out).
MovedPairs = Callable[[Algebra, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


def moved_pairs(problem: Problem, bound: float, resampling: bool, shifts: torch.Generator) -> MovedPairs:
    """How pairs are moved. No element is longer than ``bound``; ``resampling`` (images) shifts the real ones too."""
    action = problem.action_in

    def plain(algebra: Algebra, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return x, *move(problem, algebra, x, y, bound)

    def resampled(algebra: Algebra, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        assert isinstance(action, ImageAction)
        return *resample_pair(action, algebra, x, sub_pixel_shifts(2 * len(x), action.size, shifts), bound), y

    return resampled if isinstance(action, ImageAction) and resampling else plain


def resample_pair(
    action: ImageAction, algebra: Algebra, x: Tensor, shifts: Tensor, bound: float | None
) -> tuple[Tensor, Tensor]:
    """Images ``(n, c, h, w)`` as they are, and moved by ``exp(algebra)``; both shifted and interpolated exactly once.

    Not in the reference, whose discriminator can tell moved images by their blur. ``shifts (2n, 3, 3)``.
    """
    still, moved = shifts.chunk(2)
    # The moved image at p is x at exp(-A) p; that image shifted is x at exp(-A) S p: still one look-up.
    return action.look_up(still, x), action.look_up(expm(-algebra, bound) @ moved, x)


def sub_pixel_shifts(n: int, size: int, draws: torch.Generator) -> Tensor:
    """Translations uniform on half a pixel both ways, in an image's coordinates; ``(n, 3, 3)``."""
    pixel = 2.0 / (size - 1)
    shifts = torch.eye(3, device=draws.device).repeat(n, 1, 1)
    shifts[:, :2, 2] = pixel * (torch.rand(n, 2, generator=draws, device=draws.device) - 0.5)
    return shifts
