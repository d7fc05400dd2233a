"""The RunContext of one cell: parameters, device, seeded random generators, history and progress."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)

#: Called with (done, total).
OnProgress = Callable[[int, int], None]


class RunContext:
    """Parameters, device, and seeded generators by purpose, so that methods at equal seed are paired."""

    def __init__(
        self,
        params: Any,
        seed: int,
        device: torch.device,
        out_dir: Path,
        on_progress: OnProgress = lambda done, total: None,
        checkpoint: Path | None = None,
        identity: str = "",
    ) -> None:
        self.params = params
        self.seed = seed
        self.device = device
        self.out_dir = out_dir
        self.progress = on_progress
        self.steps = 0  # optimiser steps, counted by the training loop
        self.passes = 0  # rows forward and backward through the network, counted by the training loop
        self.samples = 0  # training examples seen, without copies
        self.done = 0.0  # share of the passes (or of the steps of a discovery) done, set by the training loop
        self.history: dict[str, list[tuple[int, float]]] = {}
        self.traced: list[tuple[int, Tensor]] = []
        self.checkpoint = checkpoint  # where a training loop keeps its state; None keeps none
        self.identity = identity  # of the cell, its code and the device: a checkpoint of another is ignored
        self.generators: list[torch.Generator] = []  # all that rng() returned, in this order
        self.kept: list[nn.Module] = []  # all that keep() was given, in this order
        self.loops = 0  # training loops begun
        self._began, self._earlier_s = time.perf_counter(), 0.0

    def rng(self, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
        """A fresh generator seeded by (seed, purpose); the same for every method."""
        self.generators.append(torch.Generator(device=device).manual_seed(seed_for(self.seed, purpose)))
        return self.generators[-1]

    def keep(self, module: M) -> M:
        """``module``, whose parameters and buffers belong to every checkpoint of the training loops begun from now on.

        For the state of an objective that is neither in the network nor optimised with it.
        """
        self.kept.append(module)
        return module

    def start_clock(self) -> None:
        """Starts the clock of :meth:`fit_seconds`."""
        self._began = time.perf_counter()

    def fit_seconds(self) -> float:
        """Seconds spent fitting, including the time before the checkpoint that this run resumed from."""
        return self._earlier_s + time.perf_counter() - self._began

    def state(self) -> dict[str, Any]:
        """The part of the context that a checkpoint holds."""
        names = ("steps", "passes", "samples", "done", "history", "traced")
        return {name: getattr(self, name) for name in names} | {"fit_s": self.fit_seconds()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`state`; the seconds since the checkpoint are lost, those before it count."""
        self._earlier_s = state["fit_s"] - (time.perf_counter() - self._began)
        for name in ("steps", "passes", "samples", "done", "history"):
            setattr(self, name, state[name])
        self.traced = [(step, generators.cpu()) for step, generators in state["traced"]]

    @contextlib.contextmanager
    def seeded(self, purpose: str) -> Iterator[None]:
        """Make torch's global generator (weight initialisation uses it) deterministic inside the block."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_for(self.seed, purpose))
            yield

    def log(self, step: int, **metrics: float) -> None:
        """Record scalars at ``step``, the passes (or steps of a discovery) so far, for the record and for MLflow."""
        for name, value in metrics.items():
            self.history.setdefault(name, []).append((step, float(value)))

    def trace(self, step: int, generators: Tensor) -> None:
        """Keep the generators ``(k, d, d)`` as they are at ``step`` (see :meth:`log`); stored with the record."""
        self.traced.append((step, generators.detach().double().cpu()))


def seed_for(seed: int, purpose: str) -> int:
    """A 63-bit seed for one purpose of one run: the head of SHA-256("purpose:seed")."""
    return int.from_bytes(hashlib.sha256(f"{purpose}:{seed}".encode()).digest()[:8], "big") >> 1
