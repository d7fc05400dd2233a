"""A training loop that resumes after a kill and gives the numbers of an uninterrupted run (on a CPU)."""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bench.api.context import RunContext

#: Least number of seconds between two checkpoints of a loop.
EVERY_S = 60.0

Part = nn.Module | Optimizer | Tensor


class ResumableLoop:
    """Saves ``parts``, what the context keeps, all random generators and the counters at the end of an epoch.

    Modules and optimisers (with the values that they optimise) are restored in place, tensors too. A context without a
    checkpoint path saves nothing. A loop that follows another one in the same cell repeats the first.
    """

    def __init__(self, ctx: RunContext, *parts: Part) -> None:
        self.ctx, self.parts = ctx, (*parts, *ctx.kept)
        ctx.loops += 1
        self.number = ctx.loops
        self._saved = time.monotonic()
        self._later = False  # the checkpoint on disk is of a later loop

    def resume(self) -> int:
        """Restores the checkpoint of this cell, code and loop. Returns its number of finished epochs, 0 without one."""
        path = self.ctx.checkpoint
        if path is None or not path.exists():
            return 0
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location=self.ctx.device)
            of_this_cell, number = state["identity"] == self.ctx.identity, int(state["loop"])
        except Exception as error:  # a torn or foreign file: torch, zipfile and pickle each have their own
            print(f"checkpoint {path.name} is not readable ({type(error).__name__}): starting over", file=sys.stderr)
            return 0
        self._later = of_this_cell and number > self.number
        if not of_this_cell or number != self.number:
            return 0
        for part, kept in zip(self.parts, state["parts"], strict=True):
            _restore(part, kept)
        for generator, kept in zip(self.ctx.generators, state["generators"], strict=True):
            generator.set_state(kept.cpu())
        torch.set_rng_state(state["global"].cpu())
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"].cpu())
        self.ctx.restore(state["context"])
        return int(state["epoch"])

    def epoch_done(self, number: int) -> None:
        """Writes a checkpoint when the last one is old: first to a temporary file, then renamed."""
        path = self.ctx.checkpoint
        if path is None or self._later or time.monotonic() - self._saved < EVERY_S:
            return
        state = {
            "identity": self.ctx.identity,
            "loop": self.number,
            "epoch": number,
            "parts": [_keep(part) for part in self.parts],
            "generators": [generator.get_state() for generator in self.ctx.generators],
            "global": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state() if self.ctx.device.type == "cuda" else None,
            "context": self.ctx.state(),
        }
        temporary = path.with_name(f"{path.name}.tmp")
        try:
            torch.save(state, temporary)
            temporary.replace(path)
        except (OSError, RuntimeError) as error:  # a full disk must not end the run
            temporary.unlink(missing_ok=True)
            print(f"no checkpoint after epoch {number}: {error}", file=sys.stderr)
        self._saved = time.monotonic()


def _keep(part: Part) -> Any:
    if isinstance(part, Optimizer):
        return {"state": part.state_dict(), "values": [value.detach() for value in _optimised(part)]}
    return part.state_dict() if isinstance(part, nn.Module) else part


@torch.no_grad()
def _restore(part: Part, kept: Any) -> None:
    if isinstance(part, Optimizer):
        part.load_state_dict(kept["state"])
        for value, earlier in zip(_optimised(part), kept["values"], strict=True):
            value.copy_(earlier)
    elif isinstance(part, nn.Module):
        part.load_state_dict(kept)
    else:
        part.copy_(kept)


def _optimised(optimiser: Optimizer) -> list[Tensor]:
    return [value for group in optimiser.param_groups for value in group["params"]]
