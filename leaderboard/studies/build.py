"""Builds the results of a study from records: a board's row for each of its settings, on each of its tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.api import MethodCard, TaskCard
from bench.leaderboard.board.build import build_board
from bench.leaderboard.board.model import Row, Section
from bench.leaderboard.studies.study import Point, Study
from bench.records.record import Record


@dataclass(frozen=True)
class StudyPart:
    """A study on one task."""

    task: TaskCard
    section: Section  # the runs of the study, on its seeds alone
    rows: Mapping[Point, Row]  # lacks the settings that were not run


@dataclass(frozen=True)
class StudyResult:
    """A study on every task that it was run on, and the tasks that it was not run on yet."""

    study: Study
    parts: tuple[StudyPart, ...]
    waiting: tuple[str, ...]


def build_studies(
    studies: Iterable[Study],
    records: Sequence[Record],
    cards: Mapping[str, TaskCard],
    methods: Callable[[str], MethodCard | None],
) -> list[StudyResult]:
    """The results of the studies that were run on some task. The order of ``records`` does not matter."""
    results = []
    for study in studies:
        parts = {task: _part(study, records, cards[task], methods) for task in study.tasks if task in cards}
        run = tuple(part for part in parts.values() if part is not None)
        if run:
            results.append(StudyResult(study, run, tuple(task for task, part in parts.items() if part is None)))
    return results


def _part(
    study: Study, records: Sequence[Record], card: TaskCard, methods: Callable[[str], MethodCard | None]
) -> StudyPart | None:
    """The study on one task; None where only the defaults were run, which they are without any study."""
    of_task = (record for record in records if record.task.id == card.id and record.seed in study.seeds)
    placed = [(record, point) for record in of_task if (point := study.point_of(record, card)) is not None]
    if not any(record.changed for record, _ in placed):
        return None
    board = build_board([record for record, _ in placed], card, methods, lambda record: False)
    section = max(board.sections, key=lambda section: sum(row.ok for row in section.rows))
    points = {record.key: point for record, point in placed}
    # Two rows have one setting after other defaults changed; the one with more results stands.
    rows = {points[row.key]: row for row in sorted(section.rows, key=lambda row: row.ok)}
    return StudyPart(card, section, rows)
