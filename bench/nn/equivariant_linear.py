"""The affine equivariant layer on copies of one vector representation and invariants.

Source: Finzi, Welling, Wilson (ICML 2021). Between copies of V = R^d such a map is a sum of Kronecker products
Σ_k Θ_k ⊗ B_k over a basis B_k of the commutant, so the weights are the Θ_k alone and no projector of the size of the
whole layer is needed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.nn.equivariant_spaces import EquivariantSpaces


class EquivariantLinear(nn.Module):
    """Every affine equivariant map from m copies of V and s invariants to m_out copies and s_out invariants."""

    def __init__(self, spaces: EquivariantSpaces, inner: tuple[int, int], out: tuple[int, int]) -> None:
        super().__init__()
        self.spaces, self.inner, self.out = spaces, inner, out
        (m, s), (m_out, s_out), d = inner, out, spaces.dim
        r, f, u = len(spaces.commutant), len(spaces.functionals), len(spaces.vectors)
        scale = (d / max(1, r * m)) ** 0.5  # keeps the mean square of a coordinate
        self.vector = nn.Parameter(scale * torch.randn(m_out * m, r))
        self.read = nn.Parameter(torch.randn(s_out, m, f) / max(1, m * f) ** 0.5)
        self.write = nn.Parameter(torch.randn(m_out, s, u) / max(1, s) ** 0.5)
        self.scalar = nn.Parameter(torch.randn(s_out, s) / max(1, s) ** 0.5)
        self.vector_bias = nn.Parameter(torch.zeros(m_out, u))
        self.scalar_bias = nn.Parameter(torch.zeros(s_out))

    def forward(self, features: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """``(n, m·d), (n, s) -> (n, m_out·d), (n, s_out)``."""
        v, z = features
        spaces, d, (m, s), (m_out, s_out) = self.spaces, self.spaces.dim, self.inner, self.out
        # One dense weight per step, built from the small ones: a single product with the whole batch follows.
        blocks = (self.vector @ spaces.commutant.flatten(1)).view(m_out, m, d, d).transpose(1, 2)  # (m_out, d, m, d)
        v_out = v @ blocks.reshape(m_out * d, m * d).mT  # (n, m_out·d)
        z_out = nn.functional.linear(z, self.scalar, self.scalar_bias)  # (n, s_out)
        if len(spaces.vectors) and m_out:
            bias = (self.vector_bias @ spaces.vectors).flatten()  # (m_out·d,)
            write = torch.einsum("osu,ud->ods", self.write, spaces.vectors).reshape(m_out * d, s)
            v_out = v_out + nn.functional.linear(z, write, bias)
        if len(spaces.functionals) and s_out:
            read = torch.einsum("oif,fd->oid", self.read, spaces.functionals).reshape(s_out, m * d)
            z_out = z_out + v @ read.mT
        return v_out, z_out
