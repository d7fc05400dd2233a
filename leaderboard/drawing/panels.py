"""Draws curves of scores over a parameter, or of one score against another: the figures of studies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, nan
from typing import TYPE_CHECKING, Any

from bench.api import Array
from bench.leaderboard.board.model import Run
from bench.leaderboard.drawing.panel import Curve, Panel
from bench.leaderboard.drawing.plan import FigurePlan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Panels in a line of the figure.
COLUMNS = 3
#: Errors that span more than this factor are drawn on a logarithmic axis.
DECADE = 10.0


def draw_panels(plan: FigurePlan, load: Callable[[Run], Mapping[str, Array]]) -> Figure:
    """The figure with a panel for each of the plan's, and one legend; dots are seeds, lines run through their means."""
    from bench.leaderboard.drawing.curves import legend
    from bench.leaderboard.drawing.primitives import blank_figure

    columns = 2 if len(plan.panels) == 4 else min(COLUMNS, len(plan.panels))
    lines = ceil(len(plan.panels) / columns)
    width, height = (5.0, 3.4) if columns == 1 else (2.7 * columns + 0.3, 2.5 * lines)
    names = {curve.label for panel in plan.panels for curve in panel.curves}
    figure = blank_figure(width, height + (0.3 if len(names) > 1 else 0.0))
    axes = figure.subplots(lines, columns, squeeze=False)
    for axis in axes.flat[len(plan.panels) :]:
        axis.set_axis_off()
    for panel, axis in zip(plan.panels, axes.flat, strict=False):
        _draw(axis, panel)
    if len(names) > 1:
        fullest = max(range(len(plan.panels)), key=lambda place: len(plan.panels[place].curves))
        legend(figure, axes.flat[fullest])
    return figure


def _draw(axis: Any, panel: Panel) -> None:
    from bench.leaderboard.drawing.curves import dress

    for curve in panel.curves:
        _draw_curve(axis, curve, bool(panel.ticks))
    dress(axis, panel.y)
    axis.set_xlabel(panel.x, fontsize=8)
    axis.ticklabel_format(scilimits=(-2, 4))
    axis.yaxis.get_offset_text().set_fontsize(7)
    axis.xaxis.get_offset_text().set_fontsize(7)
    points = [point for curve in panel.curves for spot in curve.spots for point in spot.seeds]
    if panel.share:
        axis.set_ylim(-0.05, 1.05)
    if panel.falls[1] and _spans_a_decade([y for _, y in points]):
        axis.set_yscale("log")
        axis.tick_params(axis="y", which="minor", labelsize=6)
    if panel.ticks:
        axis.set_xticks(range(len(panel.ticks)), panel.ticks)
        axis.set_xlim(-0.4, len(panel.ticks) - 0.6)
    elif panel.falls[0] and _spans_a_decade([x for x, _ in points]):
        axis.set_xscale("log")
        axis.tick_params(axis="x", which="minor", labelsize=6)


def _draw_curve(axis: Any, curve: Curve, named_by_axis: bool) -> None:
    from bench.leaderboard.drawing.curves import COLOURS

    colour = COLOURS[curve.style % len(COLOURS)]
    means: list[tuple[float, float]] = []
    for before, spot in zip((None, *curve.spots), curve.spots, strict=False):
        gap = before is not None and spot.place > before.place + 1
        means += [(nan, nan), (spot.x, spot.y)] if gap else [(spot.x, spot.y)]
    axis.plot(*zip(*means, strict=True), "o-", color=colour, markersize=4, linewidth=1.4, label=curve.label)
    seeds = [point for spot in curve.spots for point in spot.seeds]
    axis.plot(*zip(*seeds, strict=True), ".", color=colour, alpha=0.45, markersize=3.5)
    if not named_by_axis:
        for spot in curve.spots:
            place = {"xytext": (4, 4), "textcoords": "offset points"}
            axis.annotate(spot.name, (spot.x, spot.y), fontsize=7, color=colour, **place)


def _spans_a_decade(values: list[float]) -> bool:
    return max(values) > DECADE * min(values) > 0.0
