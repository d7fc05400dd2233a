"""The made-up task whose boards these tests build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bench.api import Budget, MethodCard, MetricCard, TaskCard
from bench.leaderboard.board.build import build_board
from bench.leaderboard.board.model import Board
from bench.records.preset import Preset, Study, Trial
from bench.records.store import Record

SIZE = Budget(100, 10, 50, epochs=3, batch_size=16, lr=2e-3, equivariance_inputs=5, equivariance_elements=4)


@pytest.fixture
def toy_task() -> Callable[..., TaskCard]:
    """``toy_task(higher_is_better=False, published={...})``."""

    def make(higher_is_better: bool = False, **fields: Any) -> TaskCard:
        card: dict[str, Any] = {
            "id": "toy",
            "title": "A toy",
            "summary": "made up",
            "family": "toy",
            "version": 1,
            "metric": MetricCard("test/mse", "1", higher_is_better),
            "searches": ("full", "mask2"),
            "budgets": {"smoke": SIZE, "small": SIZE, "paper": SIZE},
            "cardinality": 1,
            "citation": "Nobody (2026)",
        }
        return TaskCard(**(card | fields))

    return make


@pytest.fixture
def board_of(toy_task: Callable[..., TaskCard]) -> Callable[..., Board]:
    """``board_of(records, task=..., standing=of a record, skipped=..., arrays=..., presets=...)``."""

    def make(
        records: Sequence[Record],
        task: TaskCard | None = None,
        standing: Callable[[Record], str] = lambda record: "current",
        skipped: int = 0,
        arrays: Callable[[Record], frozenset[str]] = lambda record: frozenset(),
        presets: Sequence[Preset] = (),
    ) -> Board:
        known = {"semola": MethodCard("semola", "SEMoLA", "learns generators", "none", "Somebody (2025)")}
        return build_board(records, task or toy_task(), known.get, standing, skipped, arrays, presets)

    return make


@pytest.fixture
def make_preset() -> Callable[..., Preset]:
    """``make_preset([(validation or None, {"lr": ...}), ...], ..., method=...)``: a list of trials per study."""

    def make(*studies: Sequence[tuple[float | None, dict[str, Any]]], **fields: Any) -> Preset:
        own = [
            tuple(Trial(t, "pruned" if v is None else "complete", v, params) for t, (v, params) in enumerate(trials))
            for trials in studies
        ]
        found = tuple(Study(number, 1000 + number, 0.25, False, trials) for number, trials in enumerate(own))
        best = found[0].best(False)
        assert best is not None
        given: dict[str, Any] = {
            "schema": "preset.v1", "name": "tuned", "task": "toy", "version": 1, "method": "plain", "search": None,
            "budget": "small", "params": best.params, "fixed": {}, "ranges": {"lr": "0.0001 to 0.01, log"},
            "metric": "val/mse", "unit": "1", "higher_is_better": False, "chosen": 0, "studies": found,
            "max_hours": 4.0, "sampler": "TPE", "pruner": "median", "optuna": "5", "git_sha": None, "device": "cpu",
            "identity": "x",
        }  # fmt: skip
        return Preset(**(given | fields))

    return make
