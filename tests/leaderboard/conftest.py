"""The made-up task whose boards these tests build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from bench.api import Budget, MethodCard, MetricCard, TaskCard
from bench.leaderboard.board.build import build_board
from bench.leaderboard.board.model import Board
from bench.leaderboard.tables.tables import cost_table, score_tables
from bench.leaderboard.tables.tuning import tuning_table
from bench.records.preset import Preset, Study, Trial
from bench.records.record import Record, replaced

SIZE = Budget(100, 10, 50, passes=300, batch_size=16, lr=2e-3, equivariance_inputs=5, equivariance_elements=4)


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
    """``board_of(records, task=..., is_stale=of a record, skipped=..., arrays=names of a record's, presets=...)``."""

    def make(
        records: Sequence[Record],
        task: TaskCard | None = None,
        is_stale: Callable[[Record], bool] = lambda record: False,
        skipped: int = 0,
        arrays: Callable[[Record], Iterable[str]] = lambda record: record.arrays,
        presets: Sequence[Preset] = (),
    ) -> Board:
        known = {"semola": MethodCard("semola", "SEMoLA", "learns generators", "none", "Somebody (2025)")}
        named = [replaced(record, {"arrays": tuple(sorted(arrays(record)))}) for record in records]
        return build_board(named, task or toy_task(), known.get, is_stale, skipped, presets)

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
            "task": "toy", "version": 1, "method": "plain", "search": None,
            "budget": "small", "params": best.params, "fixed": {}, "ranges": {"lr": "0.0001 to 0.01, log"},
            "metric": "val/mse", "unit": "1", "higher_is_better": False, "chosen": 0, "studies": found,
            "max_hours": 4.0, "sampler": "TPE", "pruner": "median", "optuna": "5", "git_sha": None, "device": "cpu",
            "identity": "x",
        }  # fmt: skip
        return Preset(**(given | fields))

    return make


@pytest.fixture
def tables_of() -> Callable[..., dict[str, dict[str, dict[str, str]]]]:
    """``tables_of(board)``: title of a table -> name of a row or a reference -> header -> text, of one section."""

    def make(board: Board, index: int = 0) -> dict[str, dict[str, dict[str, str]]]:
        section = board.sections[index]
        tables = [*score_tables(board, section), *filter(None, [tuning_table(board, section)])]
        tables += filter(None, [cost_table(board, section)])
        return {
            table.title: {
                line.name: dict(zip(table.columns, (cell.text for cell in line.cells), strict=True))
                for line in table.lines
            }
            for table in tables
        }

    return make
