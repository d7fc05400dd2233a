"""The data of the HTML page as one JSON value, made from the same boards and tables as the markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.api import TIERS
from bench.leaderboard.board.model import Board
from bench.leaderboard.html.overview import best_data, front_data, methods_data, ranks_data
from bench.leaderboard.html.section import Load, Shared, section_data
from bench.leaderboard.html.values import blocks_data
from bench.leaderboard.tables.front import FrontPage
from bench.leaderboard.tables.prose import Block
from bench.leaderboard.tables.text import unit_suffix
from bench.leaderboard.tables.texts import reading


def page_data(
    boards: Sequence[Board],
    fronts: Sequence[FrontPage],
    load: Load,
    remarks: Sequence[Block] = (),
    report: str | None = None,
) -> Any:
    """The value that the scripts read.

    Args:
        boards: boards of the tasks with a record.
        fronts: the front pages of the same boards.
        load: reads the stored arrays of a run.
        remarks: text on what the page does not show.
        report: file name of the report on claims.
    """
    shown = sorted(boards, key=lambda board: (board.task.family, board.task.id))
    names, params, envs = Shared(), Shared(), Shared()
    tasks = [
        _task(board) | {"sections": [section_data(board, part, load, names, params, envs) for part in board.sections]}
        for board in shown
    ]
    return {
        "tiers": list(TIERS),
        "tasks": tasks,
        "fronts": [front_data(page) for page in fronts],
        "ranks": ranks_data(shown),
        "best": best_data(shown),
        "methods": methods_data(shown),
        "remarks": blocks_data(remarks),
        "report": report,
        "reading": blocks_data(reading()),
        "names": names.items,
        "params": params.items,
        "envs": envs.items,
    }


def _task(board: Board) -> dict[str, Any]:
    task, metric = board.task, board.task.metric
    name = metric.name.partition("/")[2]
    return {
        "id": task.id,
        "title": task.title,
        "summary": task.summary,
        "family": task.family,
        "citation": task.citation,
        "metric": {"id": metric.name, "label": name + unit_suffix([metric.unit]), "up": metric.higher_is_better},
    }
