"""Runs methods on a user's data within a limit of time, and reports how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bench.api import Fitted, Problem, RunContext
from bench.api.parameters import from_values
from bench.errors import Diverged, Unsupported
from bench.own.problem import BATCH, CPU, RATE
from bench.running.registry import Registry, load_registry

#: Called with the name of the stage, and how much of it is done.
OnStage = Callable[[str, float], None]
#: Called by a stage with how much of it is done; raises where the limit of time is reached.
Watch = Callable[[float], None]
T = TypeVar("T")


class TimeIsUp(Exception):
    """A stage would exceed the limit of time."""


@dataclass
class Work:
    """The clock, the registry, and what could not be done."""

    limit_s: float
    on_stage: OnStage = lambda title, share: None
    registry: Registry = field(default_factory=load_registry)
    missing: list[str] = field(default_factory=list)  # stages that did not end, with the reason
    stopped: bool = False  # by the user: what is left is not begun

    def __post_init__(self) -> None:
        self.began = time.perf_counter()

    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self.began

    def stage(self, title: str, do: Callable[[Watch], T], until: float = 1.0) -> T | None:
        """What ``do`` returns, or None when it is not done; it may take until this share of the limit has passed.

        Ctrl-C, the limit and an error of the stage are noted in :attr:`missing`.
        """
        if self.stopped:
            self.missing.append(f"{title}: stopped by the user")
            return None

        def watch(share: float) -> None:
            self.on_stage(title, share)
            if self.seconds() > until * self.limit_s:
                raise TimeIsUp

        try:
            watch(0.0)
            return do(watch)
        except TimeIsUp:
            self.missing.append(f"{title}: the limit of {self.limit_s:.0f} s was reached")
        except KeyboardInterrupt:
            self.stopped = True
            self.missing.append(f"{title}: stopped by the user")
        except (Unsupported, Diverged) as error:
            self.missing.append(f"{title}: {error}")
        return None

    def fit(self, name: str, problem: Problem, seed: int, values: Mapping[str, Any], watch: Watch) -> Fit:
        """Trains the method ``name`` on ``problem``.

        Raises:
            Unsupported, Diverged, TimeIsUp: when it does not end.
        """
        method = self.registry.method(name)
        if (reason := method.supports(problem)) is not None:
            raise Unsupported(f"{name} {reason}")
        params = from_values(method.Params, {**recipe(len(problem.train), method.Params), **values}, owner=name)
        ctx = RunContext(params, seed, CPU, Path(), on_progress=lambda done, total: watch(done / max(total, 1)))
        return Fit(method.fit(problem, ctx), ctx)


@dataclass(frozen=True)
class Fit:
    """A fitted method and the context that holds its history."""

    fitted: Fitted
    ctx: RunContext

    def first(self, name: str) -> float:
        """The first logged value of ``name``."""
        return self.ctx.history[name][0][1]

    def all(self, name: str) -> list[float]:
        """All logged values of ``name``."""
        return [value for _, value in self.ctx.history.get(name, [])]


def recipe(rows: int, params: type[Any]) -> dict[str, Any]:
    """Batch size and learning rate of a method that trains a network."""
    names = set(getattr(params, "__dataclass_fields__", ()))
    values = {"batch_size": min(BATCH, max(rows // 4, 1)), "lr": RATE}
    return {name: value for name, value in values.items() if name in names and "lr" in names}
