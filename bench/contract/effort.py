"""Watches from outside how much a fit trains: optimiser steps, and rows that go backward through the task's network.

A method's own counters are not asked: they could be wrong.
"""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any, Self

from torch import Tensor, nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook


class Effort:
    """Counts inside its ``with`` block; :meth:`follow` adds a network whose rows count."""

    def __init__(self) -> None:
        self.optimisers: dict[int, int] = {}  # steps of each optimiser
        self.rows = 0

    @property
    def steps(self) -> int:
        """Steps of the optimiser that took the most, so that the two players of a GAN count once."""
        return max(self.optimisers.values(), default=0)

    @property
    def all_steps(self) -> int:
        """Steps of all optimisers together."""
        return sum(self.optimisers.values())

    def follow(self, network: nn.Module) -> nn.Module:
        """``network``, whose rows with gradients count from now on."""
        network.register_forward_hook(self._watch)
        return network

    def __enter__(self) -> Self:
        self._hook = register_optimizer_step_post_hook(self._stepped)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hook.remove()

    def _stepped(self, optimiser: Optimizer, arguments: Any, more: Any) -> None:
        self.optimisers[id(optimiser)] = self.optimisers.get(id(optimiser), 0) + 1

    def _watch(self, network: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        if output.requires_grad:
            output.register_hook(partial(self._went_backward, len(inputs[0])))  # type: ignore[no-untyped-call]

    def _went_backward(self, rows: int, gradient: Tensor) -> None:
        self.rows += rows
