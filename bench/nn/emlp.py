"""Equivariant multilayer perceptron on copies of one vector representation, for any matrix group.

Source: Finzi, Welling, Wilson (ICML 2021), rebuilt for features that are m copies of V = R^d and s invariants.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from bench.nn.equivariant_linear import EquivariantLinear
from bench.nn.equivariant_spaces import EquivariantSpaces
from bench.nn.invariant_gate import InvariantGate


class EMLP(nn.Module):
    """``(n, t, d)`` to ``(n, t_out, d)``, equivariant, or to ``(n, *out_shape)``, invariant under the given group.

    Args:
        spaces: the equivariant spaces of the group.
        in_steps: t, copies of V in the input.
        out_shape: ``(t_out, d)``, or the shape of an invariant output.
        invariant: whether the output is invariant.
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
