"""LieConv for molecules, groups Trivial(3) and T(3): the QM9 backbone.

The published network written from its definition (Finzi et al. 2020; reference_specs.md, section 7.2; packages.md,
section 4), with the pair tensors, which dominate its cost, touched as rarely as possible.
"""

from itertools import pairwise
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bench.nn.masked_batchnorm import MaskedBatchNorm, Valid

SPECIES = (1, 6, 7, 8, 9)  # nuclear charges of H, C, N, O, F
KERNEL_WIDTHS = (32, 32, 16)  # layers of the kernel network

Group = Literal["trivial", "t3"]


class LieConvNet(nn.Module):
    r"""Molecule to number: embedding, residual LieConv blocks, mean over the atoms.

    A positive charge other than 1, 6, 7, 8 or 9 gives zero features but still counts as an atom: to look for one here
    would make the GPU wait, so a task validates its charges. No gradient flows to the charges. In training the network
    can be differentiated once, in reverse; in evaluation without limits.

    Args:
        width: channels k of the residual stream, a multiple of 4; 1536 in the reference.
        blocks: number of bottleneck blocks; 6 in the reference.
        group: "trivial" (kernel of both absolute positions) or "t3" (kernel of the difference: translation invariant).

    Raises:
        ValueError: if ``width`` is not a positive multiple of 4, ``blocks`` is negative, or ``group`` is unknown.

    Example:
        >>> LieConvNet(64, 2, "t3").eval()(torch.tensor([[[8.0, 0, 0, 0], [1.0, 1, 0, 0]]])).shape
        torch.Size([1])

    Source: Finzi, Stanton, Izmailov, Wilson, ICML 2020; reference_specs.md, section 7.2.
    """

    species: Tensor  # (5,)

    def __init__(self, width: int, blocks: int, group: Group) -> None:
        super().__init__()
        if width < 4 or width % 4 or blocks < 0:
            raise ValueError(
                f"LieConvNet got width {width}, blocks {blocks}; width must be a positive multiple of 4, blocks >= 0."
            )
        if group not in ("trivial", "t3"):
            raise ValueError(f"LieConvNet got group {group!r}; it must be 'trivial' or 't3'.")
        self.group = group
        # A buffer, not a constant made in forward: a copy to the GPU would wait for it.
        self.register_buffer("species", torch.tensor(SPECIES, dtype=torch.float32), persistent=False)
        self.embedding = nn.Linear(3 * len(SPECIES), width)
        self.blocks = nn.ModuleList(Block(width, group) for _ in range(blocks))
        self.norm = MaskedBatchNorm(width)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Predict ``(n,)`` from ``(n, atoms, 4)``: charge, then x, y, z in angstrom; charge 0 marks padding."""
        n, size = x.shape[:2]
        charges = x[..., 0].detach()
        mask = charges > 0  # (n, atoms)
        geometry = Geometry.of(x[..., 1:], mask, centre=self.group == "t3")
        h = self.embedding(atom_features(charges, self.species)).flatten(0, 1)  # (n*atoms, k)
        for block in self.blocks:
            h = block(h, geometry)
        out = self.head(self.norm.swish(h, geometry.atoms)).view(n, size)  # (n, atoms)
        mean: Tensor = (out * geometry.mask).sum(1) / geometry.sizes  # (n,)
        return mean


def atom_features(charges: Tensor, species: Tensor) -> Tensor:
    """One-hot species times (1, z/9, (z/9)^2): ``(..., 15)`` from ``charges`` ``(...)`` and ``species`` ``(5,)``."""
    z = charges / 9.0
    powers = torch.stack([torch.ones_like(z), z, z * z], -1)  # (..., 3)
    one_hot = charges[..., None] == species  # (..., 5)
    return (one_hot[..., None] * powers[..., None, :]).flatten(-2)  # (..., 15)


class Geometry(NamedTuple):
    """What all blocks need to know of the positions and the padding; computed once per batch."""

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
        """Collect them from ``positions`` ``(n, atoms, 3)`` and bool ``mask`` ``(n, atoms)``."""
        ones = mask.to(positions.dtype)  # (n, atoms)
        sizes = ones.sum(1).clamp(min=1.0)  # (n,)
        x = torch.where(mask[..., None], positions, 0.0)  # (n, atoms, 3); whatever fills the padding is forgotten
        molecule_mean = x.sum(1) / sizes[:, None]  # (n, 3)
        inside = (x - molecule_mean[:, None]) * ones[..., None]  # (n, atoms, 3)
        if centre:
            # x_i - x_j does not change, but loses no digits when the molecule is far from the origin.
            x, molecule_mean = inside, torch.zeros_like(molecule_mean)
        pairs = Valid.of(ones[:, :, None] * ones[:, None, :], x.dtype)
        # An atom is in as many pairs as its molecule has atoms.
        pair_share = sizes / pairs.total  # (n,)
        mean = (pair_share * sizes) @ molecule_mean  # (3,)
        outside = molecule_mean - mean  # (n, 3)
        within = (inside * pair_share[:, None, None]).flatten(0, 1).T @ inside.flatten(0, 1)  # (3, 3)
        between = (outside * (pair_share * sizes)[:, None]).T @ outside  # (3, 3)
        return cls(x, ones, sizes, Valid.of(mask, x.dtype), pairs, mean, within, between)


class Block(nn.Module):
    """Bottleneck residual block: norm, swish, k -> k/4, norm, swish, convolution, norm, swish, k/4 -> k, plus input."""

    def __init__(self, width: int, group: Group) -> None:
        super().__init__()
        inner = width // 4
        self.norm1, self.norm2, self.norm3 = MaskedBatchNorm(width), MaskedBatchNorm(inner), MaskedBatchNorm(inner)
        self.squeeze, self.expand = nn.Linear(width, inner), nn.Linear(inner, width)
        self.convolution = LieConv(inner, group)

    def forward(self, h: Tensor, geometry: Geometry) -> Tensor:
        """Map atom features ``(n*atoms, k)`` to ``(n*atoms, k)``."""
        v = self.norm2.linear_swish(self.squeeze, self.norm1.swish(h, geometry.atoms), geometry.atoms)  # (n*atoms, k/4)
        v = self.convolution(v, geometry)  # (n*atoms, k/4)
        out: Tensor = h + self.expand(self.norm3.swish(v, geometry.atoms))  # (n*atoms, k)
        return out


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
        out: Tensor = _OuterSumSwish.apply(at_neighbour, at_centre)  # type: ignore[no-untyped-call]  # (n, j, i, 32)
        return out


class KernelLayer(nn.Module):
    """Linear, batch norm over the pairs, swish."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(in_features, out_features), MaskedBatchNorm(out_features)

    def forward(self, x: Tensor, pairs: Valid) -> Tensor:
        """Map ``(pairs, c_in)`` to ``(pairs, c)``."""
        return self.norm.linear_swish(self.linear, x, pairs)


class _OuterSumSwish(torch.autograd.Function):
    """``silu(a_j + b_i)``: ``(n, j, c)`` and ``(n, i, c)`` to ``(n, j, i, c)``; keeps only a and b."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        return F.silu(a[:, :, None] + b[:, None], inplace=True)  # (n, j, i, c)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        a, b = ctx.saved_tensors
        g = a[:, :, None] + b[:, None]  # (n, j, i, c)
        torch.ops.aten.silu_backward.grad_input(grad, g, grad_input=g)
        return g.sum(2), g.sum(1)


def _diagonal(w: Tensor, covariance: Tensor) -> Tensor:
    """Diagonal ``(c,)`` of ``w covariance w^T`` for ``w`` ``(c, 3)``."""
    return ((w @ covariance) * w).sum(1)
