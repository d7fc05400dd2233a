"""Equivariant multilayer perceptron on copies of one vector representation, for any matrix group.

Source: Finzi, Welling, Wilson (ICML 2021), rebuilt for features that are m copies of V = R^d and s invariants.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import torch
from torch import Tensor, nn

from bench.nn.equivariant_linear import EquivariantLinear
from bench.nn.equivariant_spaces import EquivariantSpaces
from bench.nn.invariant_gate import InvariantGate


class Output(Enum):
    """How the group acts on an output."""

    INVARIANTS = "invariants"
    VECTORS = "vectors"
    MATRICES = "matrices"


@dataclass(frozen=True)
class EMLPSize:
    """The hidden layers of a network."""

    channels: int = 5  # copies of V, and invariants, in every hidden layer
    blocks: int = 3  # hidden layers; 0 is the general equivariant affine map, before the outer products of matrices
    products: bool = False  # whether invariants are multiplied


#: The published network for two bodies.
PUBLISHED_SIZE = EMLPSize()


class EMLP(nn.Module):
    r"""``(n, t, s + d)``, s scalars before each vector, to what is invariant or moves with the vectors.

    Matrices are sums of outer products of vectors, and of the invariant tensors Q of the group:

    .. math:: Y = m^{-1/2} \sum_{c \le m} a_c b_c^\top + \sum_k z_k Q_k

    Args:
        spaces: the equivariant spaces of the group; for matrices, with its tensors.
        inputs: t, copies of V in the input, and s, the scalars before each.
        out_shape: ``(t_out, d)`` of vectors, ``(d, d)`` of a matrix, or the shape of an invariant output.
        output: how the group acts on the output.
        size: its hidden layers.
    """

    def __init__(
        self,
        spaces: EquivariantSpaces,
        inputs: tuple[int, int],
        out_shape: tuple[int, ...],
        output: Output,
        size: EMLPSize = PUBLISHED_SIZE,
    ) -> None:
        super().__init__()
        self.spaces, self.inputs, self.out_shape, self.output = spaces, inputs, out_shape, output
        match output:
            case Output.INVARIANTS:
                out = 0, torch.Size(out_shape).numel()
            case Output.VECTORS:
                out = out_shape[0], 0
            case Output.MATRICES:
                out = 2 * size.channels, len(spaces.tensors)
        t, s = inputs
        kinds = [(t, t * s), *[(size.channels, size.channels)] * size.blocks, out]
        layers: list[nn.Module] = []
        for inner, outer in pairwise(kinds):
            layers += [EquivariantLinear(spaces, inner, outer), InvariantGate(spaces, *outer, size.products)]
        self.layers = nn.Sequential(*layers[:-1])  # no gate on the output

    def forward(self, x: Tensor) -> Tensor:
        """``(n, t, s + d) -> (n, *out_shape)``."""
        s = self.inputs[1]
        v, z = self.layers((x[..., s:].flatten(1), x[..., :s].flatten(1)))
        if self.output is Output.MATRICES:
            return self._matrices(v, z)
        out: Tensor = z if self.output is Output.INVARIANTS else v
        return out.view(len(x), *self.out_shape)

    def _matrices(self, v: Tensor, z: Tensor) -> Tensor:
        """``(n, 2m·d), (n, r) -> (n, d, d)``."""
        d = self.spaces.dim
        a, b = v.view(len(v), 2, -1, d).unbind(1)  # (n, m, d) each
        invariant = (z @ self.spaces.tensors.flatten(1)).view(-1, d, d)
        matrices: Tensor = a.mT @ b / a.shape[1] ** 0.5 + invariant
        return matrices
