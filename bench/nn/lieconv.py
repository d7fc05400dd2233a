"""LieConv for molecules, groups Trivial(3) and T(3): the QM9 backbone.

The published network written from its definition (Finzi et al. 2020); its convolution is ``pair_convolution.py``.
"""

import torch
from torch import Tensor, nn

from bench.nn.masked_batchnorm import MaskedBatchNorm
from bench.nn.pair_convolution import Geometry, Group, LieConv

SPECIES = (1, 6, 7, 8, 9)  # nuclear charges of H, C, N, O, F
LARGEST = 256  # atoms; a batch of b takes about 0.6 KB · b · atoms² a block while training


class LieConvNet(nn.Module):
    r"""Molecule to number: embedding, residual LieConv blocks, mean over the atoms.

    A positive charge other than 1, 6, 7, 8 or 9 gives zero features but still counts as an atom. Checking for one here
    would make the GPU wait, so a task validates its charges. No gradient flows to the charges. In training the network
    can be differentiated once, in reverse; in evaluation any number of times.

    Args:
        width: channels k of the residual stream, a multiple of 4; 1536 in the reference.
        blocks: number of bottleneck blocks; 6 in the reference.
        group: "trivial" (kernel of both absolute positions) or "t3" (kernel of the difference: translation invariant).

    Raises:
        ValueError: if ``width`` is not a positive multiple of 4, ``blocks`` is negative, or ``group`` is unknown;
            in forward, for more than :data:`LARGEST` atoms or another dtype than the weights'.

    Example:
        >>> LieConvNet(64, 2, "t3").eval()(torch.tensor([[[8.0, 0, 0, 0], [1.0, 1, 0, 0]]])).shape
        torch.Size([1])

    Source: Finzi, Stanton, Izmailov, Wilson, ICML 2020.
    """

    smooth = True  # its activations have derivatives everywhere
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
        self.blocks = nn.ModuleList(LieConvBlock(width, group) for _ in range(blocks))
        self.norm = MaskedBatchNorm(width)
        self.head = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Predict ``(n,)`` from ``(n, atoms, 4)``: charge, then x, y, z in angstrom; charge 0 marks padding."""
        n, size = x.shape[:2]
        self._check(x)
        charges = x[..., 0].detach()
        mask = charges > 0  # (n, atoms)
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 positions are too coarse to tell atoms apart
            geometry = Geometry.of(x[..., 1:], mask, centre=self.group == "t3")
        h = self.embedding(atom_features(charges, self.species)).flatten(0, 1)  # (n*atoms, k)
        for block in self.blocks:
            h = block(h, geometry)
        out = self.head(self.norm.swish(h, geometry.atoms)).view(n, size)  # (n, atoms)
        mean: Tensor = (out * geometry.mask).sum(1) / geometry.sizes  # (n,)
        return mean

    def _check(self, x: Tensor) -> None:
        if x.shape[1] > LARGEST:
            raise ValueError(
                f"LieConvNet got molecules of {x.shape[1]} atoms; it convolves over all pairs of at most {LARGEST}."
            )
        if x.dtype != self.head.weight.dtype:
            raise ValueError(f"LieConvNet got {x.dtype} molecules, its weights are {self.head.weight.dtype}.")


def atom_features(charges: Tensor, species: Tensor) -> Tensor:
    """One-hot species times (1, z/9, (z/9)^2): ``(..., 15)`` from ``charges`` ``(...)`` and ``species`` ``(5,)``."""
    z = charges / 9.0
    powers = torch.stack([torch.ones_like(z), z, z * z], -1)  # (..., 3)
    one_hot = charges[..., None] == species  # (..., 5)
    return (one_hot[..., None] * powers[..., None, :]).flatten(-2)  # (..., 15)


class LieConvBlock(nn.Module):
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
