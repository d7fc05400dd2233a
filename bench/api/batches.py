"""Shuffled batches of a split held in memory: index slices, never a DataLoader."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from bench.api.context import RunContext
from bench.api.problem import Split


class Batches:
    """Every epoch has a new order. Where sizes differ, examples of similar size share a batch.

    With the same seed every method sees the same examples in the same batches.
    """

    def __init__(self, split: Split, batch_size: int, ctx: RunContext) -> None:
        self.split = split
        self.batch_size = batch_size
        self.shuffle, self.redraws = ctx.rng("batches"), ctx.rng("redraw")

    def __len__(self) -> int:
        return math.ceil(len(self.split) / self.batch_size)

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ``(x (b, *shape), y (b, *shape_out))`` over all examples; the last batch may be smaller."""
        split, size = self.split, self.batch_size
        order = torch.randperm(len(split), generator=self.shuffle)
        if split.sizes is not None:
            yield from self._by_size(order)
            return
        shuffled = order.to(split.x.device)
        y = split.y[shuffled]
        x = split.x[shuffled] if split.redraw is None else None  # one gather an epoch; batches are views
        for start in range(0, len(split), size):
            part = slice(start, start + size)
            if x is not None:
                yield x[part], y[part]
            else:
                assert split.redraw is not None
                yield split.redraw(order[part], self.redraws), y[part]

    def _by_size(self, order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        split, size = self.split, self.batch_size
        assert split.sizes is not None
        # Stable sort of a random order: molecules of one size get a new order every epoch.
        by_size = order[torch.from_numpy(np.argsort(split.sizes[order.numpy()], kind="stable"))]
        for batch in torch.randperm(len(self), generator=self.shuffle).tolist():
            index = by_size[batch * size : (batch + 1) * size]
            largest = int(split.sizes[index.numpy()].max())
            index = index.to(split.x.device)
            yield split.x[index][:, :largest], split.y[index]
