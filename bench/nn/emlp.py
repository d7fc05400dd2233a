"""Equivariant multilayer perceptron on copies of one vector representation, for any matrix group.

Source: Finzi, Welling, Wilson (ICML 2021), rebuilt for features that are m copies of V = R^d and s invariants. There
an equivariant layer is a sum of Kronecker products Σ_k Θ_k ⊗ B_k over a basis B_k of the commutant, so the weights are
the Θ_k alone and no projector of the size of the whole layer is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from bench.lie.equivariant_maps import NullSpace, intertwiners


class EquivariantSpaces(nn.Module):
    r"""What a group leaves alone: bases of the maps between V and the trivial representation.

    .. math:: B L = L B,\quad f L = 0,\quad L u = 0,\quad L^\top S + S L = 0 \;(S = S^\top)

    Args:
        generators: ``(k, d, d)``, k >= 1.
        elements: ``(j, d, d)`` group elements not connected to the identity, such as reflections.

    Raises:
        ValueError: if a generator is zero or not finite, or a rank is ambiguous (the message holds the spectrum).
    """

    def __init__(self, generators: Tensor, elements: Tensor | None = None) -> None:
        super().__init__()
        d = generators.shape[-1]
        algebra = [g.detach().cpu().double() for g in generators]
        group = [] if elements is None else [h.detach().cpu().double() for h in elements]
        zero, one = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)

        def solve(what: str, out: str, inner: str, symmetric: bool = False) -> NullSpace:
            # A dual generator is -Aᵀ, a dual element h⁻ᵀ; S maps V to its dual.
            act: dict[str, Callable[[Tensor], Tensor]] = {"V": lambda a: a, "V*": lambda a: -a.mT, "1": lambda a: zero}
            move: dict[str, Callable[[Tensor], Tensor]] = {
                "V": lambda h: h,
                "V*": lambda h: torch.linalg.inv(h).mT,
                "1": lambda h: one,
            }
            pairs = [(act[out](a), act[inner](a)) for a in algebra] + [(move[out](h), move[inner](h)) for h in group]
            return intertwiners(pairs, what, symmetric)

        solved = {
            "commutant": solve("linear map", "V", "V"),  # (r, d, d)
            "functionals": solve("linear functional", "1", "V"),  # (r, 1, d)
            "vectors": solve("vector", "V", "1"),  # (r, d, 1)
            "forms": solve("quadratic form", "V*", "V", symmetric=True),  # (r, d, d)
        }
        self.dim = d
        #: Ascending singular values of each solve, with its dimension: the evidence for the ranks.
        self.spectra = {name: (space.singular_values, len(space.basis)) for name, space in solved.items()}
        self.commutant: Tensor
        self.functionals: Tensor
        self.vectors: Tensor
        self.forms: Tensor
        shapes = {"functionals": (-1, d), "vectors": (-1, d)}
        for name, space in solved.items():
            basis = space.basis.float()
            self.register_buffer(name, basis if name not in shapes else basis.reshape(len(basis), d))


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


class InvariantGate(nn.Module):
    r"""Vectors times gates, invariants through SiLU; both read the learned forms and the invariants.

    .. math:: q_c = h_c^\top \Big(\sum_l \gamma_{cl} S_l\Big) h_c,\quad
       h_c \mapsto 2\sigma\big(G [q/(1+|q|), z] + b\big)_c\, h_c

    The forms are those of the group at hand, orthogonal or not, so that a learned generator, never exactly
    antisymmetric, still gives a nonlinear network. The package builds its gates from V ⊗ V* instead and turns linear.
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


class EMLP(nn.Module):
    """``(n, t, d)`` to ``(n, t_out, d)``, equivariant, or to ``(n, *out_shape)``, invariant under the given group.

    Args:
        spaces: of the group.
        in_steps: t, copies of V in the input.
        out_shape: ``(t_out, d)``, or the shape of an invariant output.
        invariant: which of the two.
        channels: copies of V, and invariants, in every hidden layer.
        blocks: hidden layers; 0 is the general equivariant affine map.
    """

    def __init__(
        self,
        spaces: EquivariantSpaces,
        in_steps: int,
        out_shape: tuple[int, ...],
        invariant: bool,
        channels: int = 5,
        blocks: int = 3,
    ) -> None:
        super().__init__()
        self.out_shape, self.invariant = out_shape, invariant
        out = (0, torch.Size(out_shape).numel()) if invariant else (out_shape[0], 0)
        kinds = [(in_steps, 0), *[(channels, channels)] * blocks, out]
        layers: list[nn.Module] = []
        for inner, outer in pairwise(kinds):
            layers += [EquivariantLinear(spaces, inner, outer), InvariantGate(spaces, *outer)]
        self.layers = nn.Sequential(*layers[:-1])  # no gate on the output

    def forward(self, x: Tensor) -> Tensor:
        """``(n, t, d) -> (n, *out_shape)``."""
        v, z = self.layers((x.flatten(1), x.new_zeros(len(x), 0)))
        out: Tensor = z if self.invariant else v
        return out.view(len(x), *self.out_shape)
