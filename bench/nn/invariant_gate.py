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
    """

    def __init__(self, spaces: EquivariantSpaces, m: int, s: int) -> None:
        super().__init__()
        self.spaces, self.m, self.s = spaces, m, s
        forms = len(spaces.forms)
        self.mix = nn.Parameter(torch.randn(m, forms) / max(1, forms) ** 0.5)
        self.read = nn.Linear(m + s, m + s)  # gates, then invariants

    def forward(self, features: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """``(n, m·d), (n, s)``, the same shapes out."""
        v, z = features
        d = self.spaces.dim
        copies = v.view(-1, self.m, d)  # (n, m, d)
        forms = (self.mix @ self.spaces.forms.flatten(1)).view(self.m, d, d)
        q = (torch.einsum("nca,cab->ncb", copies, forms) * copies).sum(-1)  # (n, m)
        gates, invariants = self.read(torch.cat([nn.functional.softsign(q), z], 1)).split([self.m, self.s], 1)
        gated = copies * (2.0 * torch.sigmoid(gates)).unsqueeze(-1)  # 2σ(0) = 1: linear at the start
        return gated.flatten(1), nn.functional.silu(invariants)
