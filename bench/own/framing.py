"""From physical columns to homogeneous training coordinates and back: centres, one robust scale per block.

A motion that is linear about any point is affine about the centre of the data, so generators are (d+1) x (d+1) matrices
with a last row of zeros. Constant offsets and units of a block leave the training coordinates as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.api import Array
from bench.lie.action import Action
from bench.lie.exponential import Algebra
from bench.lie.vectors import VectorAction
from bench.own.data import OwnData

#: How the output can move: not at all, as a state with the columns of the input, as a difference of such states.
OUTPUTS = ("invariant", "same", "vector")
#: A target that moves is learned with so much of the input z in it: no more, because z commutes with every motion, so
#: that a map near the identity would seem to, and no less, because a translation of vectors, which moves neither side
#: of the commutator, needs a size to be compared with.
KEPT = 0.5


@dataclass(frozen=True, eq=False)
class Frame:
    """z = (x - centre) / scale, one number per column; the target is moved and scaled likewise."""

    centre: Tensor  # (d,) float64
    scale: Tensor  # (d,) float64, equal within a block
    y_centre: Tensor  # broadcasts to targets (t_out, d_out)
    y_scale: Tensor
    kept: float  # multiple of z that is added to a target that moves, so that KEPT of it is in the sum

    @property
    def dim(self) -> int:
        """The number of input columns."""
        return len(self.centre)

    def to_training(self, x: Array) -> Tensor:
        """``(n, t, d)`` float64 -> homogeneous ``(n, t, d+1)`` float32."""
        z = (torch.from_numpy(x) - self.centre) / self.scale
        return torch.nn.functional.pad(z, (0, 1), value=1.0).float()

    def generators_to_physical(self, generators: Tensor) -> Tensor:
        """``(k, d+1, d+1)`` in training coordinates -> in homogeneous physical ones, float64."""
        physical: Tensor = self._matrix @ generators.double() @ torch.linalg.inv(self._matrix)
        return physical

    def generators_to_training(self, generators: Tensor) -> Tensor:
        """The inverse of :meth:`generators_to_physical`."""
        training: Tensor = torch.linalg.inv(self._matrix) @ generators.double() @ self._matrix
        return training

    @property
    def _matrix(self) -> Tensor:
        """Homogeneous physical from homogeneous training coordinates, ``(d+1, d+1)``."""
        matrix = torch.diag(torch.cat([self.scale, torch.ones(1, dtype=torch.float64)]))
        matrix[:-1, -1] = self.centre
        return matrix


def make_frame(data: OwnData, output: str) -> Frame:
    """Medians, and median absolute deviations per block, or standard deviations where half of the values are equal."""
    rows = data.x.reshape(-1, data.x.shape[-1])
    centre = np.median(rows, axis=0)
    scale = np.ones(rows.shape[1])
    for block in data.blocks:
        columns = list(block.columns)
        scale[columns] = _spread(rows[:, columns] - centre[columns])
    z = (data.x[:, -1:] - centre) / scale
    y_centre, y_scale, kept = _target_units(data, output, z, scale)
    tensor = torch.from_numpy
    return Frame(tensor(centre), tensor(scale), tensor(y_centre), tensor(y_scale), kept)


def targets(data: OwnData, frame: Frame, output: str) -> Tensor:
    """What the network learns: classes ``(n,)``, numbers ``(n, t, d)``, or homogeneous vectors ``(n, t, d+1)``."""
    if data.classes:
        return torch.from_numpy(data.y)
    y = torch.from_numpy(_vectors(data, output))
    scaled = (y - frame.y_centre) / frame.y_scale
    if output == "invariant":
        return scaled.float()
    kept = frame.kept * frame.to_training(data.x[:, -1:]).double()  # (n, 1, d+1)
    return (torch.nn.functional.pad(scaled, (0, 1)) + kept).float()


class AffineVectors(Action):
    """The action on outputs that move: that of vectors. LieGG subtracts no multiple of the input from such outputs."""

    def __init__(self, dim: int) -> None:
        self.dim, self.linear = dim, VectorAction(dim)

    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """``g x`` per vector."""
        return self.linear.act(elements, x)

    def apply(self, algebra: Algebra, x: Tensor, norm_bound: float | None = None) -> Tensor:
        """``exp(A) x`` per vector."""
        return self.linear.apply(algebra, x, norm_bound)

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        """``A x`` per vector."""
        return self.linear.infinitesimal(algebra, x)

    def moving_part(self, x: Tensor) -> Tensor:
        """One row per time step."""
        return self.linear.moving_part(x)


def _vectors(data: OwnData, output: str) -> Array:
    """The targets, or how they differ from the last input where they are states of the same columns."""
    return data.y - data.x[:, -1:] if output == "same" else data.y


def _target_units(data: OwnData, output: str, z: Array, scale: Array) -> tuple[Array, Array, float]:
    """Centre and scale of the target, and the multiple of z that is added to it."""
    if data.classes:
        return np.zeros(1), np.ones(1), 0.0
    y = _vectors(data, output)
    if output == "invariant":
        width = y.std(axis=0)
        return y.mean(axis=0), np.where(width > 0.0, width, 1.0), 0.0
    # The input's scales, and one common factor, so that a generator moves both by the same matrix.
    values = y / scale
    held = float((values * z).sum() / np.square(np.broadcast_to(z, values.shape)).sum())
    factor = _spread(values - held * z)
    return np.zeros(1), scale * factor, KEPT - held / factor


def _spread(values: Array) -> float:
    """A robust standard deviation of values around 0."""
    spread = 1.4826 * float(np.median(np.abs(values)))
    return spread if spread > 1e-9 * float(np.abs(values).max()) else float(np.sqrt(np.mean(values**2))) or 1.0
