"""Affine maps of the plane acting on images, by bilinear resampling with zeros outside.

Coordinates are normalised to [-1, 1] with x to the right and y down, and the corners are pixel centres. So the
positive so(2) generator [[0, -1, 0], [1, 0, 0], [0, 0, 0]] turns from right to down: clockwise on the screen.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.lie.action import Action, expand_matrices
from bench.lie.exponential import Algebra

# One convention for data, methods and tests: with it a turn by 90 degrees maps pixel centres onto pixel centres.
ALIGN_CORNERS = True


class ImageAction(Action):
    """``(rho(g) f)(p) = f(g^-1 p)`` on images ``(n, c, size, size)``; generators are 3 x 3, last row zero."""

    dim = 3
    moved = 2
    resamples = True

    def __init__(self, size: int) -> None:
        self.size = size

    def elements(self, algebra: Algebra, x: Tensor, norm_bound: float | None = None) -> Tensor:
        """``exp(-A)``: :meth:`look_up` takes the inverse; shapes as in :meth:`Action.elements`."""
        return super().elements(-algebra, x, norm_bound)

    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """The moved image; ``elements`` hold the inverses. Shapes as in :meth:`Action.act`."""
        return self.look_up(elements.expand(len(x), 3, 3), x)

    def look_up(self, inverse: Tensor, x: Tensor) -> Tensor:
        """The image whose value at p is that of ``x`` at ``inverse p``; inverse ``(n, 3, 3)``, x ``(n, c, h, w)``."""
        grid = F.affine_grid(inverse[:, :2], list(x.shape), align_corners=ALIGN_CORNERS)  # (n, h, w, 2)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=ALIGN_CORNERS)

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        r"""Minus the image gradient along the field, :math:`-(Ap) \cdot \nabla f(p)`, ``(n, c, size, size)``.

        At a pixel centre the bilinear interpolant has a kink; the central difference used here is the mean of its
        two one-sided derivatives, and so the limit of ``(f(exp(-tA)p) - f(exp(tA)p)) / 2t``.
        """
        # Not a Jacobian-vector product: torch has no forward mode for grid_sample.
        field = expand_matrices(algebra, x)[:, :2] @ self._points(x)  # (n, 2, h*w)
        vx, vy = field.reshape(len(x), 2, 1, self.size, self.size).unbind(1)  # (n, 1, h, w) each
        padded = F.pad(x, (1, 1, 1, 1))
        per_pixel = (self.size - 1) / 4  # a central difference spans two pixels of 2 / (size - 1) each
        dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) * per_pixel
        dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) * per_pixel
        return -(vx * dx + vy * dy)

    def _points(self, x: Tensor) -> Tensor:
        """Homogeneous coordinates of the pixel centres, ``(3, h*w)``."""
        axis = torch.linspace(-1, 1, self.size, dtype=x.dtype, device=x.device)
        y, right = torch.meshgrid(axis, axis, indexing="ij")
        return torch.stack([right, y, torch.ones_like(y)]).flatten(1)


def disc_mask(size: int) -> Tensor:
    """Boolean ``(size, size)``: pixel centres within the disc that touches the border, which no rotation leaves."""
    axis = torch.linspace(-1, 1, size, dtype=torch.float64)
    return axis[:, None] ** 2 + axis[None, :] ** 2 <= 1 + 1e-12
