"""Affine motions of the plane and of space that Augerino is given.

Source: Benton, Finzi, Izmailov, Wilson: Learning invariances in neural networks from training data (NeurIPS 2020),
public code.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Motions:
    """The affine motions T_i of the public code, and how their widths start."""

    names: tuple[str, ...]
    matrices: Tensor  # (k, d, d)
    raw: float  # first raw width of each

    def longest(self) -> float:
        r"""A bound of the norm of :math:`\sum_i c_i T_i` for all :math:`|c_i| \le 1`, reached by orthogonal motions.

        .. math:: \lVert \sum_i c_i T_i \rVert^2 \le \lambda_\max(G) \sum_i c_i^2 \lVert T_i \rVert^2

        for the Gram matrix G of the motions at length 1, which is the unit matrix if they are orthogonal.
        """
        unit = F.normalize(self.matrices.flatten(1), dim=1)  # (k, d·d)
        return float(self.matrices.norm() * torch.linalg.eigvalsh(unit @ unit.mT)[-1].sqrt())


def motions_of_the_plane() -> Motions:
    """Translations (shortened to a tenth), rotation, scale, stretch, shear; ``(6, 3, 3)``."""
    matrices = torch.zeros(6, 3, 3)
    matrices[0, 0, 2] = matrices[1, 1, 2] = 0.1
    matrices[2:, :2, :2] = torch.tensor(
        [[[0.0, -1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [1.0, 0.0]]]
    )
    return Motions(("shift_x", "shift_y", "rotation", "scale", "stretch", "shear"), matrices, 0.0)


def motions_of_space() -> Motions:
    """Three rotations, three shears, two squeezes and the scale, three translations (halved); ``(12, 4, 4)``.

    The squeezes overlap: their inner product is -1.
    """
    matrices, names = torch.zeros(12, 4, 4), []
    for number, (i, j) in enumerate(((0, 1), (0, 2), (1, 2))):
        matrices[number, i, j], matrices[number, j, i] = -1.0, 1.0
        matrices[3 + number, i, j] = matrices[3 + number, j, i] = 1.0
        names.append("xyz"[i] + "xyz"[j])
    diagonals = torch.tensor([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [1.0, 1.0, 1.0]])
    matrices[6:9, :3, :3] = torch.diag_embed(diagonals)
    matrices[9:, :3, 3] = 0.5 * torch.eye(3)
    shifts = [f"shift_{axis}" for axis in "xyz"]
    kinds = [*(f"rotation_{n}" for n in names), *(f"shear_{n}" for n in names), "squeeze_xy", "squeeze_yz", "scale"]
    return Motions((*kinds, *shifts), matrices, 0.54)
