"""What a method is given: a Problem of splits, actions, a search space and a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.lie.action import Action
from bench.lie.search_space import SearchSpace

Array = np.ndarray[Any, Any]
#: A training loss, (prediction, target) -> scalar: the mean over the examples of a batch.
Loss = Callable[[Tensor, Tensor], Tensor]
#: Draws ``(n, d, d)`` algebra elements A, so that exp(A) are random elements of a group.
AlgebraSampler = Callable[[int, torch.Generator], Tensor]


@dataclass(frozen=True)
class Split:
    """Examples in memory. ``sizes`` (points only): valid rows per example, so that batches carry little padding.

    ``redraw`` (training only): the data's own randomness, drawn again for every batch.
    """

    x: Tensor  # (n, *shape)
    y: Tensor  # (n, *shape_out), or class labels (n,) int64
    sizes: np.ndarray[Any, np.dtype[np.int64]] | None = None
    redraw: Callable[[Tensor, torch.Generator], Tensor] | None = None  # index (b,) on the host -> x (b, *shape)

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(index (b,), x (b, *shape))`` over all examples, nothing dropped, trimmed to the batch's largest."""
        order = np.arange(len(self)) if self.sizes is None else np.argsort(self.sizes, kind="stable")
        for start in range(0, len(self), batch_size):
            rows = order[start : start + batch_size]
            index = torch.from_numpy(rows).to(self.x.device)
            x = self.x[index]
            yield index, x if self.sizes is None else x[:, : int(self.sizes[rows].max())]


@dataclass(frozen=True)
class SymmetryEstimate:
    """A discoverer's result: generators ``(k, d, d)``, a strength ``(k,)`` or None, and its distribution.

    ``sample`` is a :class:`~bench.api.coefficients.CoefficientSampler` wherever the discovery is stored, as for
    every method that searches.
    """

    generators: Tensor
    sample: AlgebraSampler
    strength: Tensor | None = None


def identity(x: Tensor) -> Tensor:
    """``x`` itself."""
    return x


@dataclass(frozen=True)
class Problem:
    """Everything that a method is given. The test set, the truth and the task's name cannot be reached from it."""

    train: Split
    val: Split
    action_in: Action
    action_out: Action
    search: SearchSpace
    loss: Loss
    backbone: Callable[[], nn.Module]
    device: torch.device
    link: Callable[[Tensor], Tensor] = identity  # from the backbone's output to a prediction: softmax for classes
    group: SymmetryEstimate | None = None  # the true group; only for methods of tier "group"
    given: SymmetryEstimate | None = None  # the estimate of the discoverer before this consumer
