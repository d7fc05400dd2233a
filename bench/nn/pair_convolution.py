"""The convolution of LieConv over all pairs of atoms, for the groups Trivial(3) and T(3).

Written from the definition in Finzi et al. 2020. The pair tensors dominate the cost
of the network, so they are touched as rarely as possible.
"""

from itertools import pairwise
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.nn.masked_batchnorm import MaskedBatchNorm, Valid

KERNEL_WIDTHS = (32, 32, 16)  # layers of the kernel network

Group = Literal["trivial", "t3"]


class Geometry(NamedTuple):
    """Positions and padding in the form that all blocks need; computed once per batch."""

    positions: Tensor  # (n, atoms, 3), angstrom, 0 at padding
    mask: Tensor  # (n, atoms), 1 or 0
    sizes: Tensor  # (n,), atoms of each molecule
    atoms: Valid  # rows (n*atoms)
    pairs: Valid  # rows (n*atoms*atoms), neighbour before centre
    mean: Tensor  # (3,), of the positions over all pairs
    within: Tensor  # (3, 3), covariance inside the molecules over all pairs
    between: Tensor  # (3, 3), covariance of the molecules' means over all pairs

    @classmethod
    def of(cls, positions: Tensor, mask: Tensor, centre: bool) -> "Geometry":
        """Computes the geometry from ``positions`` ``(n, atoms, 3)`` and bool ``mask`` ``(n, atoms)``."""
        ones = mask.to(positions.dtype)  # (n, atoms)
        sizes = ones.sum(1).clamp(min=1.0)  # (n,)
        x = torch.where(mask[..., None], positions, 0.0)  # (n, atoms, 3); values at padding are dropped
        molecule_mean = x.sum(1) / sizes[:, None]  # (n, 3)
        inside = (x - molecule_mean[:, None]) * ones[..., None]  # (n, atoms, 3)
        if centre:
            # x_i - x_j does not change, but loses no digits when the molecule is far from the origin.
            x, molecule_mean = inside, torch.zeros_like(molecule_mean)
        pairs = Valid.of(ones[:, :, None] * ones[:, None, :], x.dtype)
        share = pairs.weights.view(len(x), -1).sum(1)  # (n,), of a molecule's pairs in all pairs
        mean = share @ molecule_mean  # (3,)
        outside = molecule_mean - mean  # (n, 3)
        within = (inside * (share / sizes)[:, None, None]).flatten(0, 1).T @ inside.flatten(0, 1)  # (3, 3)
        between = (outside * share[:, None]).T @ outside  # (3, 3)
        return cls(x, ones, sizes, Valid.of(mask, x.dtype), pairs, mean, within, between)


class LieConv(nn.Module):
    r"""Convolution over all pairs of atoms, an atom and itself included.

    .. math:: \mathrm{conv}_i = \frac{1}{N} \Bigl( A\, \mathrm{vec} \sum_{j=1}^{N} w(x_i, x_j) \otimes v_j + b \Bigr)

    The kernel :math:`w` is a network of three layers, each linear, batch norm over the pairs, swish.
    """

    def __init__(self, features: int, group: Group) -> None:
        super().__init__()
        self.group = group
        self.first = KernelLayer(6 if group == "trivial" else 3, KERNEL_WIDTHS[0])
        self.rest = nn.ModuleList(KernelLayer(a, b) for a, b in pairwise(KERNEL_WIDTHS))
        self.mix = nn.Linear(KERNEL_WIDTHS[-1] * features, features)

    def forward(self, v: Tensor, geometry: Geometry) -> Tensor:
        """Map atom features ``(n*atoms, c)`` to ``(n*atoms, c)``."""
        n, size = geometry.mask.shape
        with torch.autocast(v.device.type, enabled=False):
            w = self.first_layer(geometry).flatten(0, 2)  # (n*atoms*atoms, 32)
        for layer in self.rest:
            w = layer(w, geometry.pairs)  # (n*atoms*atoms, 32), then 16
        v = v.view(n, size, -1) * geometry.mask[..., None]  # (n, j, c); no padding atom is a neighbour
        sums = torch.bmm(v.mT, w.view(n, size, -1))  # (n, c, i*m)
        sums = sums.view(n, -1, size, KERNEL_WIDTHS[-1]).permute(0, 2, 3, 1).flatten(2)  # (n, i, m*c)
        out: Tensor = self.mix(sums) / geometry.sizes[:, None, None]  # (n, i, c)
        return out.flatten(0, 1)  # (n*atoms, c)

    def first_layer(self, geometry: Geometry) -> Tensor:
        r"""``silu(norm(linear([x_i, x_j])))`` as ``(n, j, i, 32)``, or of ``x_i - x_j`` for T(3).

        The layer is :math:`W_1 x_i + W_2 x_j + b`, and in a molecule i and j run independently, so its statistics over
        the pairs follow from those of the atoms, as a sum of terms that cannot cancel:

        .. math:: \sigma^2 = W_1 C_w W_1^T + W_2 C_w W_2^T + (W_1 + W_2) C_b (W_1 + W_2)^T \quad \text{(diagonal)}
        """
        linear, norm = self.first.linear, self.first.norm
        w = linear.weight  # (32, 6) or (32, 3)
        centre, neighbour = (w[:, :3], w[:, 3:]) if self.group == "trivial" else (w, -w)  # (32, 3) each
        both = centre + neighbour  # (32, 3); exactly 0 for T(3)
        if norm.training:
            mean = both @ geometry.mean + linear.bias  # (32,)
            var = _diagonal(centre, geometry.within) + _diagonal(neighbour, geometry.within)  # (32,)
            var = var + _diagonal(both, geometry.between)
            norm.update(mean, var, geometry.pairs.total)
        else:
            mean, var = norm.running_mean, norm.running_var
        scale = norm.scale(var)[:, None]  # (32, 1)
        shift = norm.bias + scale[:, 0] * (both @ geometry.mean + linear.bias - mean)  # (32,)
        x = geometry.positions - geometry.mean  # (n, atoms, 3)
        at_centre = F.linear(x, scale * centre, shift)  # (n, i, 32)
        at_neighbour = F.linear(x, scale * neighbour)  # (n, j, 32)
        return F.silu(at_neighbour[:, :, None] + at_centre[:, None])  # (n, j, i, 32)


class KernelLayer(nn.Module):
    """Linear, batch norm over the pairs, swish."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(in_features, out_features), MaskedBatchNorm(out_features)

    def forward(self, x: Tensor, pairs: Valid) -> Tensor:
        """Map ``(pairs, c_in)`` to ``(pairs, c)``."""
        return self.norm.linear_swish(self.linear, x, pairs)


def _diagonal(w: Tensor, covariance: Tensor) -> Tensor:
    """Diagonal ``(c,)`` of ``w covariance w^T`` for ``w`` ``(c, 3)``."""
    return ((w @ covariance) * w).sum(1)
