"""The made-up task whose boards these tests build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bench.api import Budget, MethodCard, MetricCard, TaskCard
from bench.leaderboard.board import Board
from bench.leaderboard.build import build_board
from bench.store import Record

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
    """``board_of(records, task=..., standing=of a record, skipped=..., arrays=names beside a record)``."""

    def make(
        records: Sequence[Record],
        task: TaskCard | None = None,
        standing: Callable[[Record], str] = lambda record: "current",
        skipped: int = 0,
        arrays: Callable[[Record], frozenset[str]] = lambda record: frozenset(),
    ) -> Board:
        known = {"semola": MethodCard("semola", "SEMoLA", "learns generators", "none", "Somebody (2025)")}
        return build_board(records, task or toy_task(), known.get, standing, skipped, arrays)

    return make
