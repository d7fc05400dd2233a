"""Discriminator of LieGAN for point clouds: does not depend on the order of the points.

The LieGAN paper's numbers on molecules come without a description of its discriminator; this one is ours (deep sets,
Zaheer et al., NeurIPS 2017).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.nn.lieconv import SPECIES, atom_features

LEAK = 0.2  # slope of the leaky ReLU for negative inputs


class PointDiscriminator(nn.Module):
    r"""A network on each point, mean and maximum over the points, and a network on both with the target.

    .. math:: D(x, y) = \rho\big(\mathrm{mean}_i\, \phi(f_i, p_i) \oplus \max_i\, \phi(f_i, p_i) \oplus y\big)

    Args:
        features: leading columns of a point; with one it is the nuclear charge, 0 for padding, read as LieConv does.
        targets: numbers in one target.
        width: units in the hidden layers.

    Example:
        >>> PointDiscriminator(0, 1, 16)(torch.zeros(5, 4, 3), torch.zeros(5, 1)).shape
        torch.Size([5])
    """

    species: Tensor  # (5,)

    def __init__(self, features: int, targets: int, width: int = 512) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("species", torch.tensor(SPECIES, dtype=torch.float32), persistent=False)
        inner = 3 + (3 * len(SPECIES) if features == 1 else features)
        self.points = nn.Sequential(nn.Linear(inner, width), nn.LeakyReLU(LEAK), nn.Linear(width, width))
        self.pair = nn.Linear(2 * width + targets, width)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Logits ``(n,)``, positive for data; clouds ``(n, points, features + 3)``, targets ``(n, *shape_out)``."""
        features, positions = x[..., :-3], x[..., -3:]
        if self.features == 1:
            features = atom_features(x[..., 0], self.species)
        h = F.leaky_relu(self.points(torch.cat([features, positions], -1)), LEAK)  # (n, points, width)
        is_point = x[..., :1] != 0 if self.features else torch.ones_like(x[..., :1], dtype=torch.bool)
        mean = (h * is_point).sum(1) / is_point.sum(1)
        largest = h.masked_fill(~is_point, -torch.inf).amax(1)
        both = torch.cat([mean, largest, y.flatten(1) if y.ndim > 1 else y[:, None]], 1)
        logits: Tensor = self.head(F.leaky_relu(self.pair(both), LEAK))  # (n, 1)
        return logits.squeeze(1)
