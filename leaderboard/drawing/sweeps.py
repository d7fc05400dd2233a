"""The figure of the sweeps of a section: validation value against trial, a panel per sweep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING, Any

from bench.api import Array
from bench.leaderboard.board.model import Board, Run, Section
from bench.leaderboard.drawing.plan import FIGURE_VERSION, FigurePlan
from bench.leaderboard.tables.text import unit_suffix
from bench.leaderboard.tables.tuning import sweep_label
from bench.records.preset import Preset, Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Panels in a line of the figure.
COLUMNS = 3
#: Errors that span more than this factor are drawn on a logarithmic axis.
DECADE = 10.0
#: Marks of trials without a validation value, on the worse edge of the panel.
MARKS = {"pruned": "x", "failed": "+"}


def plan_sweeps(board: Board, section: Section) -> FigurePlan | None:
    """The figure of every sweep of ``section``; None without a sweep, or where only a share of the examples is used."""
    if not section.presets or section.train_fraction != 1.0:
        return None
    presets = tuple(sorted(section.presets, key=sweep_label))
    metric = presets[0].metric
    shown = [[sweep_label(preset), metric, preset.chosen, [_points(s) for s in preset.studies]] for preset in presets]
    place = (section.version, section.budget, section.data)
    digest = hashlib.sha256(json.dumps([FIGURE_VERSION, place, shown]).encode()).hexdigest()[:8]
    return FigurePlan(
        kind="sweep",
        name=f"{board.task.id}-{section.budget}-sweep-{digest}.png",
        alt=f"Validation value of every trial of the sweeps of {', '.join(map(sweep_label, presets))}",
        caption="The primary metric on the validation split of each trial (dots) and the best so far (lines), a colour "
        "per study; dashed: the default in the study that was chosen. On the edge: trials that were pruned (×) or "
        "failed (+).",
        rows=(),
        score=metric + unit_suffix({presets[0].unit}),
        error="",
        falls=not presets[0].higher_is_better,
        sweeps=presets,
    )


def draw_sweeps(plan: FigurePlan, load: Callable[[Run], Mapping[str, Array]]) -> Figure:
    """The figure with a panel per sweep."""
    from bench.leaderboard.drawing.primitives import blank_figure

    columns = min(COLUMNS, len(plan.sweeps))
    lines = ceil(len(plan.sweeps) / columns)
    figure = blank_figure(2.7 * columns + 0.3, 2.2 * lines + 0.3)
    axes = figure.subplots(lines, columns, squeeze=False)
    for axis in axes.flat[len(plan.sweeps) :]:
        axis.set_axis_off()
    for preset, axis in zip(plan.sweeps, axes.flat, strict=False):
        _panel(axis, preset)
    figure.supxlabel("trial", fontsize=8)
    figure.supylabel(plan.score, fontsize=8)
    return figure


def _panel(axis: Any, preset: Preset) -> None:
    from matplotlib.ticker import MaxNLocator

    from bench.leaderboard.drawing.curves import COLOURS, dress

    better = max if preset.higher_is_better else min
    for study in preset.studies:
        colour = COLOURS[study.study % len(COLOURS)]
        complete = [(t.trial, t.validation) for t in study.trials if t.validation is not None]
        if complete:
            numbers, values = zip(*complete, strict=True)
            axis.plot(numbers, values, "o", color=colour, markersize=3)
            best = [*accumulate(values, better)]
            axis.step([*numbers, len(study.trials)], [*best, best[-1]], where="post", color=colour, linewidth=1.2)
        for state, mark in MARKS.items():
            ended = [t.trial for t in study.trials if t.state == state]
            edge = 0.02 if preset.higher_is_better else 0.98
            axis.plot(
                ended, [edge] * len(ended), mark, color=colour, markersize=5, transform=axis.get_xaxis_transform()
            )
        if study.study == preset.chosen and study.default is not None:
            axis.axhline(study.default, color="black", linestyle="--", linewidth=0.9)
    every = [t.validation for s in preset.studies for t in s.trials if t.validation is not None]
    if not preset.higher_is_better and max(every) > DECADE * min(every) > 0.0:
        axis.set_yscale("log")
        axis.tick_params(axis="y", which="minor", labelsize=6)
    axis.set_title(sweep_label(preset), fontsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    dress(axis, "")


def _points(study: Study) -> list[tuple[int, str, float | None]]:
    return [(trial.trial, trial.state, trial.validation) for trial in study.trials]
