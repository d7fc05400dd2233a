"""The figure of the score against the number of training examples: rows that were run on several shares of a budget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from bench.api import Array
from bench.leaderboard.board.model import Board, Row, Run, Section
from bench.leaderboard.drawing.plan import FIGURE_VERSION, FigurePlan, FigureRow, LearningPoint, plan_figures
from bench.leaderboard.drawing.sweeps import plan_sweeps
from bench.leaderboard.tables.text import unit_suffix

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_of(board: Board) -> tuple[tuple[FigurePlan, ...], ...]:
    """All figures of every section of ``board``, in order."""
    pairs = zip(board.sections, plan_figures(board), strict=True)
    return tuple(
        (*plans, *filter(None, [plan_learning(board, section), plan_sweeps(board, section)]))
        for section, plans in pairs
    )


def plan_learning(board: Board, section: Section) -> FigurePlan | None:
    """The figure below ``section``, the largest share of its budget; None if no row was run on two shares."""
    like = [s for s in board.sections if (s.version, s.budget, s.data) == _place(section)]
    if section is not like[0] or len(like) < 2:  # sections are sorted by their share, largest first
        return None
    metric = board.task.metric
    points: dict[str, list[LearningPoint]] = {}
    runs: dict[str, tuple[Row, list[Run]]] = {}
    for share in reversed(like):
        for row in share.rows:
            entry = row.entries.get(metric.name)
            if entry is not None and share.sizes:
                points.setdefault(row.label, []).append(LearningPoint(share.sizes[0][0], entry.mean, entry.std))
                runs.setdefault(row.label, (row, []))[1].extend(row.runs)
    several = sorted(label for label, curve in points.items() if len(curve) > 1)
    if not several:
        return None
    rows = tuple(
        FigureRow(label, runs[label][0].told_group, style, tuple(runs[label][1]), tuple(points[label]))
        for style, label in enumerate(several)
    )
    score = metric.name.partition("/")[2]
    shown = [asdict(row) | {"runs": [(run.key, run.seed, run.started) for run in row.runs]} for row in rows]
    digest = hashlib.sha256(json.dumps([FIGURE_VERSION, *_place(section), shown]).encode()).hexdigest()[:8]
    return FigurePlan(
        kind="learning",
        name=f"{board.task.id}-{section.budget}-learning-{digest}.png",
        alt=f"Curves of {score} against the number of training examples: {', '.join(several)}",
        caption=f"{score} on the same test set against the number of training examples, mean and standard deviation "
        "over seeds; the number of passes is the same everywhere.",
        rows=rows,
        score=score + unit_suffix({metric.unit}),
        error="",
        falls=not metric.higher_is_better,
    )


def draw_learning(plan: FigurePlan, load: Callable[[Run], Mapping[str, Array]]) -> Figure:
    """A line per row over a logarithmic axis of training examples; bars: one standard deviation."""
    from bench.leaderboard.drawing.curves import dress, legend, style
    from bench.leaderboard.drawing.primitives import blank_figure

    figure = blank_figure(8.2, 3.2 + 0.2 * ((len(plan.rows) + 2) // 3))
    axis = figure.subplots()
    for row in plan.rows:
        sizes, means = [point.examples for point in row.points], [point.mean for point in row.points]
        bars = [point.std or 0.0 for point in row.points]
        line = "--" if row.told else "-"
        axis.errorbar(sizes, means, bars, label=row.label, capsize=2, **(style(row) | {"marker": "o"}), linestyle=line)
    axis.set_xscale("log")
    ticks = sorted({point.examples for row in plan.rows for point in row.points})
    axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("training examples", fontsize=8)
    dress(axis, plan.score)
    legend(figure, axis)
    return figure


def _place(section: Section) -> tuple[int, str, str | None]:
    return section.version, section.budget, section.data
