"""Fits one method on one task in this process, as a worker does, and keeps what the checks examine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.api import (
    Array,
    Fitted,
    Method,
    MethodCard,
    Problem,
    RunContext,
    Split,
    SymmetryEstimate,
    Task,
    TrainingData,
    seed_for,
)
from bench.api.discovery import Discovery
from bench.api.parameters import Parameters
from bench.api.pipeline import Pipeline
from bench.api.training_problem import make_problem
from bench.contract.effort import Effort
from bench.records.cell import Cell, make_cell
from bench.records.record import Record
from bench.running.loading import DataSource
from bench.running.returned import CheckedFitted
from bench.running.worker import Work, run_cell, stage_params

#: Number of validation examples on which fits are compared.
LOOKED_AT = 12


class TrueDiscoverer(Method):
    """A discoverer that gives a consumer the task's true generators."""

    card = MethodCard("given", "Given", "the true generators", "group", citation="", discovers=True)
    Params = Parameters

    def supports(self, problem: Problem) -> str | None:
        return "the task declares no symmetry" if problem.group is None else None

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        assert problem.group is not None
        return Discovery(problem.group)


class WatchedContext(RunContext):
    """A context that records which random generators were requested."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: dict[str, list[torch.Generator]] = {}
        self.blocks: list[str] = []  # purposes of seeded()

    def rng(self, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
        generator = super().rng(purpose, device)
        self.asked.setdefault(purpose, []).append(generator)
        return generator

    @contextmanager
    def seeded(self, purpose: str) -> Iterator[None]:
        self.blocks.append(purpose)
        with super().seeded(purpose):
            yield

    @property
    def is_random(self) -> bool:
        """Whether the fit requested random numbers or trained in steps."""
        return bool(self.asked or self.blocks or self.steps)


@dataclass(frozen=True)
class ContractFit:
    """One fit and everything that the checks examine."""

    fitted: Fitted
    ctx: WatchedContext
    problem: Problem
    first_weights: list[dict[str, Tensor]]  # of every backbone, as it was made
    effort: Effort  # counted from outside
    x: Tensor  # (LOOKED_AT, *shape) validation inputs
    prediction: Tensor | None  # of x; None for a method that only discovers
    estimate: SymmetryEstimate | None

    def numbers(self) -> dict[str, Tensor]:
        """The results that depend on the seed: prediction and generators."""
        numbers = {"prediction": self.prediction, "generators": self.estimate.generators if self.estimate else None}
        return {name: value for name, value in numbers.items() if value is not None}


class Subject:
    """A method on a task at one budget. A consumer gets the true generators. Fits are kept."""

    def __init__(self, method: Method, task: Task, data_dir: Path, budget: str) -> None:
        self.method = Pipeline(TrueDiscoverer(), method) if method.card.consumes else method
        self.task, self.data_dir, self.budget = task, data_dir, budget
        self._fits: dict[tuple[int, torch.dtype, int], ContractFit] = {}

    @property
    def name(self) -> str:
        return self.task.card.id

    def cell(self, seed: int) -> Cell:
        """The cell with ``seed``."""
        fingerprint = self.task.fingerprint(self.data_dir)
        return make_cell(self.task, self.method, search=None, budget=self.budget, seed=seed, fingerprint=fingerprint)

    @property
    def source(self) -> DataSource:
        """The source of the data of this task and budget."""
        return DataSource.of(self.cell(0), self.task, self.data_dir)

    @cached_property
    def data(self) -> TrainingData:
        """The training data, read on first use."""
        return self.source.training()

    def problem(self, data: TrainingData) -> Problem:
        """The problem that the method receives for ``data``."""
        search = self.cell(0).search or self.task.card.searches[0]
        group = self.source.group() if self.method.card.told_group else None
        return make_problem(data, search, torch.device("cpu"), group)

    @cached_property
    def reason(self) -> str | None:
        """Why the method does not support this task; None if it does."""
        return self.method.supports(self.problem(self.data))

    def run(self) -> tuple[Record, dict[str, Array]]:
        """Run seed 0 as a worker does; return the record and the arrays."""
        work = Work(self.cell(0), self.task, self.method, torch.device("cpu"), self.data_dir)
        return run_cell(work, lambda **message: None)

    def context(self, seed: int, out_dir: str) -> WatchedContext:
        return WatchedContext(stage_params(self.cell(seed), self.method), seed, torch.device("cpu"), Path(out_dir))

    def fit(self, seed: int, dtype: torch.dtype = torch.float32, run: int = 0) -> ContractFit:
        """The fit with ``seed``, made on first use. ``run`` distinguishes fits with the same seed."""
        key = seed, dtype, run
        if key not in self._fits:
            self._fits[key] = self._make_fit(seed, dtype, run)
        return self._fits[key]

    def _make_fit(self, seed: int, dtype: torch.dtype, run: int) -> ContractFit:
        weights: list[dict[str, Tensor]] = []
        data = _cast(self.data, dtype)
        with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]), ExitStack() as after:
            after.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(dtype)
            torch.manual_seed(seed_for(run, "elsewhere"))  # nothing may depend on what others drew before
            effort = Effort()
            problem = self.problem(replace(data, backbone=_watched(data.backbone, weights, effort)))
            ctx = self.context(seed, folder)
            with effort:
                fitted = CheckedFitted(self.method.fit(problem, ctx), self.method.card.id, problem)
            x = next(problem.val.batches(LOOKED_AT))[1]
            prediction = fitted.predict(x.clone()) if fitted.predicts else None
            return ContractFit(fitted, ctx, problem, weights, effort, x, prediction, fitted.symmetry())


def _watched(
    make: Callable[[], nn.Module], weights: list[dict[str, Tensor]], effort: Effort
) -> Callable[[], nn.Module]:
    """``make``, which also appends a copy of each network's first weights to ``weights``, and counts its rows."""

    def backbone() -> nn.Module:
        network = make()
        weights.append({name: value.clone() for name, value in network.state_dict().items()})
        return effort.follow(network)

    return backbone


def _cast(data: TrainingData, dtype: torch.dtype) -> TrainingData:
    """The data with all floating-point tensors converted to ``dtype``."""
    if dtype == torch.float32:
        return data

    def cast(x: Tensor) -> Tensor:
        return x.to(dtype) if x.is_floating_point() else x

    def split(part: Split) -> Split:
        drawn = part.redraw
        redraw = (lambda index, generator: cast(drawn(index, generator))) if drawn else None
        return Split(cast(part.x), cast(part.y), part.sizes, redraw)

    return replace(data, train=split(data.train), val=split(data.val))
