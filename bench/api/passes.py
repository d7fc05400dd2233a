"""Counts how many examples go forward and backward through a network, and ends a training before it has too many."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn


class PassesSpent(Exception):
    """The next forward pass would exceed the budget; the training loop ends without taking the step."""


class PassCounter:
    """Counts the rows of every forward pass of ``network`` that records gradients, inside its ``with`` block.

    A forward pass that would bring the count above ``limit`` raises :class:`PassesSpent`. What a method does in its
    objective does not matter: copies, several calls and calls with parts of a batch all count.
    """

    def __init__(self, network: nn.Module, limit: int) -> None:
        self.network, self.limit = network, limit
        self.passes = 0
        self._hook: torch.utils.hooks.RemovableHandle | None = None

    def __enter__(self) -> Self:
        self._hook = self.network.register_forward_pre_hook(self._count)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._hook is not None
        self._hook.remove()

    def _count(self, network: nn.Module, inputs: tuple[Any, ...]) -> None:
        if not torch.is_grad_enabled():  # an evaluation
            return
        x: Tensor = inputs[0]
        if self.passes + len(x) > self.limit:
            raise PassesSpent
        self.passes += len(x)
