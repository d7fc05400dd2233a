"""The nonlinearity between equivariant layers: gates that read learned invariant quadratic forms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.nn.equivariant_spaces import EquivariantSpaces


class InvariantGate(nn.Module):
    r"""Vectors times gates, invariants through SiLU; both read the learned forms and the invariants.

    .. math:: q_c = h_c^\top \Big(\sum_l \gamma_{cl} S_l\Big) h_c,\quad
       h_c \mapsto 2\sigma\big(G [q/(1+|q|), z] + b\big)_c\, h_c

    The forms are those of the given group, orthogonal or not. So a learned generator, which is never exactly
    antisymmetric, still gives a nonlinear network. The emlp package builds gates from V ⊗ V* and becomes linear there.

    With ``products``, invariants are also multiplied, which stands for the bilinear layers of the source: what is added
    is :math:`(P [q, z] + a) \odot (Q [q, z] + b)`, so that polynomials of lengths and angles have no bound.
    """

    def __init__(self, spaces: EquivariantSpaces, m: int, s: int, products: bool = False) -> None:
        super().__init__()
        self.spaces, self.m, self.s = spaces, m, s
        forms = len(spaces.forms)
        self.mix = nn.Parameter(torch.randn(m, forms) / max(1, forms) ** 0.5)
        self.read = nn.Linear(m + s, m + s)  # gates, then invariants
        self.factors = nn.ModuleList(_small(m + s, s) for _ in range(2 if products and s else 0))

    def forward(self, features: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """``(n, m·d), (n, s)``, the same shapes out."""
        v, z = features
        d = self.spaces.dim
        copies = v.view(-1, self.m, d)  # (n, m, d)
        forms = (self.mix @ self.spaces.forms.flatten(1)).view(self.m, d, d)
        q = (torch.einsum("nca,cab->ncb", copies, forms) * copies).sum(-1)  # (n, m)
        gates, invariants = self.read(torch.cat([nn.functional.softsign(q), z], 1)).split([self.m, self.s], 1)
        gated = copies * (2.0 * torch.sigmoid(gates)).unsqueeze(-1)  # 2σ(0) = 1: linear at the start
        invariants = nn.functional.silu(invariants)
        if len(self.factors):
            first, second = (factor(torch.cat([q, z], 1)) for factor in self.factors)
            invariants = invariants + first * second
        return gated.flatten(1), invariants


def _small(inner: int, out: int) -> nn.Linear:
    """A layer whose outputs start at 0.3 of the inputs' size: products of several layers would explode else."""
    layer = nn.Linear(inner, out)
    nn.init.normal_(layer.weight, std=0.3 / inner**0.5)
    return layer
