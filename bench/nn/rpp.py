"""EMLP with residual pathways: beside every equivariant layer a free one, whose output is added.

Source: Finzi, Benton, Wilson: Residual pathway priors for soft equivariance constraints (NeurIPS 2021), Section 3.
"""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from bench.nn.emlp import EMLP, PUBLISHED_SIZE, EMLPSize, Output
from bench.nn.equivariant_linear import EquivariantLinear
from bench.nn.equivariant_spaces import EquivariantSpaces
from bench.nn.invariant_gate import InvariantGate

#: The free weights' size at the start, against that of a layer which keeps the mean square (the public code's value).
FREE_SCALE = 1e-3


class RPP(EMLP):
    r"""An EMLP whose layers also map freely; with all free weights at zero it is that EMLP.

    .. math:: h \mapsto (W_{eq} + W)\,h + b_{eq} + b, \quad h \mapsto \mathrm{gate}(h) + w \odot \mathrm{SiLU}(h)

    Both pathways of a layer read and write the same features, m copies of V and s invariants, here as one flat vector
    of m·d + s numbers: the free matrix is dense between copies and invariants.
    """

    def __init__(
        self,
        spaces: EquivariantSpaces,
        inputs: tuple[int, int],
        out_shape: tuple[int, ...],
        output: Output,
        size: EMLPSize = PUBLISHED_SIZE,
    ) -> None:
        super().__init__(spaces, inputs, out_shape, output, size)
        d = spaces.dim
        layers: list[nn.Module] = []
        for layer in self.layers:
            if isinstance(layer, EquivariantLinear):
                (m, s), (m_out, s_out) = layer.inner, layer.out
                layers.append(_Residual(layer, _dense(m * d + s, m_out * d + s_out)))
            elif isinstance(layer, InvariantGate):
                layers.append(_Residual(layer, _WeightedSiLU(layer.m * d + layer.s)))
        self.layers = nn.Sequential(*layers)

    def norms(self) -> tuple[Tensor, Tensor]:
        """The sums of squares of the equivariant and of the free parameters; of a matrix, its Frobenius norm."""
        layers = [layer for layer in self.layers if isinstance(layer, _Residual)]
        equivariant = chain.from_iterable(layer.equivariant.parameters() for layer in layers)
        free = chain.from_iterable(layer.free.parameters() for layer in layers)
        return parameters_to_vector(equivariant).square().sum(), parameters_to_vector(free).square().sum()


class _Residual(nn.Module):
    """The sum of an equivariant layer and a free one."""

    def __init__(self, equivariant: nn.Module, free: nn.Module) -> None:
        super().__init__()
        self.equivariant, self.free = equivariant, free

    def forward(self, features: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """``(n, m·d), (n, s) -> (n, m_out·d), (n, s_out)``."""
        v, z = self.equivariant(features)
        dv, dz = self.free(torch.cat(features, 1)).split([v.shape[1], z.shape[1]], 1)
        return v + dv, z + dz


class _WeightedSiLU(nn.Module):
    """``w ⊙ SiLU(h)``, coordinate by coordinate: it depends on the basis of V, as no equivariant layer does."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((width,), FREE_SCALE))

    def forward(self, h: Tensor) -> Tensor:
        return self.weight * nn.functional.silu(h)


def _dense(inner: int, out: int) -> nn.Linear:
    layer = nn.Linear(inner, out)
    nn.init.normal_(layer.weight, std=FREE_SCALE / max(1, inner) ** 0.5)
    nn.init.zeros_(layer.bias)
    return layer
