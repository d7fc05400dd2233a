"""Figures of lines: score and E′ against the angle, and the learned basis against passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.api import Array
from bench.leaderboard.board.model import Run
from bench.leaderboard.drawing.plan import FigurePlan, FigureRow
from bench.leaderboard.drawing.primitives import blank_figure
from bench.metrics.strength import DECLARED_ABOVE
from bench.metrics.symmetry import cosine_and_mae

#: Okabe and Ito's palette for all kinds of colour vision, its yellow (too pale on white) replaced by a dark red.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255")
MARKERS = ("", "o", "s")
#: Values whose maximum exceeds this multiple of their median are drawn on a logarithmic scale.
DECADES = 30.0


def draw_angle(plan: FigurePlan, load: Callable[[Run], Mapping[str, Array]]) -> Figure | None:
    """The figure of the primary metric above E′, against the angle in degrees; lines are rows, bands their seeds."""
    curves: list[tuple[FigureRow, Array]] = []  # (seeds, m, 3)
    for row in plan.rows:
        read = [array for run in row.runs if (array := load(run).get("orientation_curve")) is not None]
        usable = [array for array in read if array.ndim == 2 and array.shape[1] == 3 and array.shape == read[0].shape]
        if usable:
            curves.append((row, np.stack(usable)))
    if not curves:
        return None
    scores, errors = (np.concatenate([curve[:, :, place].ravel() for _, curve in curves]) for place in (1, 2))
    decades = (plan.falls and _spans_decades(scores), _spans_decades(errors))
    figure = blank_figure(8.2, 5.2 + 0.2 * ((len(curves) + 2) // 3))
    axes = figure.subplots(2, 1, sharex=True)
    for row, curve in curves:
        degrees = np.degrees(curve[0, :, 0])
        for axis, values, log in zip(axes, (curve[:, :, 1], curve[:, :, 2]), decades, strict=True):
            axis.plot(degrees, values.mean(0), label=row.label, **style(row), linestyle="--" if row.told else "-")
            if len(values) > 1:
                band = {"color": style(row)["color"], "alpha": 0.15, "linewidth": 0}
                # A logarithmic scale cannot show a band whose edge is 0.
                shown = values.min(0) > 0 if log else None
                axis.fill_between(degrees, values.min(0), values.max(0), where=shown, **band)
    for axis, label, log in zip(axes, (plan.score, plan.error), decades, strict=True):
        dress(axis, label)
        if log:
            # E′ is 0 at angle 0, which a logarithmic scale cannot show.
            axis.set_yscale("log", nonpositive="mask")
    if not decades[1]:
        axes[1].set_ylim(bottom=0)
    axes[1].set_xlim(-180, 180)
    axes[1].set_xticks(range(-180, 181, 45))
    axes[1].set_xlabel("angle of the input [degrees]", fontsize=8)
    legend(figure, axes[0])
    return figure


def _spans_decades(values: Array) -> bool:
    positive = values[values > 0]
    return bool(len(positive) and values.max() > DECADES * np.median(positive))


def draw_trace(plan: FigurePlan, load: Callable[[Run], Mapping[str, Array]]) -> Figure | None:
    """The figure of |cos| with the textbook during training; a colour per row, a thin line per seed."""
    figure = blank_figure(8.2, 3.2 + 0.2 * ((len(plan.rows) + 2) // 3))
    axis = figure.subplots()
    for row in plan.rows:
        labelled = False
        for run in row.runs:
            points = _cosines(load(run))
            if points is None:
                continue
            label = "_" if labelled else row.label
            axis.plot(*points, label=label, **(style(row) | {"linewidth": 0.9, "markersize": 2.5}))
            labelled = True
    if not axis.lines:
        return None
    dress(axis, "|cos| with the textbook")
    axis.set_ylim(-0.02, 1.02)
    axis.set_xlabel("passes, or steps of a pure discoverer", fontsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(figure, axis)
    return figure


def draw_strength(plan: FigurePlan, load: Callable[[Run], Mapping[str, Array]]) -> Figure | None:
    """The figure of the number of generators with at least a given strength; a line per row, a band over its seeds."""
    thresholds = np.linspace(0.0, 1.0, 101)
    figure = blank_figure(8.2, 3.2 + 0.2 * ((len(plan.rows) + 2) // 3))
    axis = figure.subplots()
    for row in plan.rows:
        read = [array for run in row.runs if (array := load(run).get("strength_on_validation")) is not None]
        counts = [(array[:, None] >= thresholds).sum(0) for array in read if array.ndim == 1]
        if counts:
            values = np.stack(counts)  # (seeds, thresholds)
            axis.plot(thresholds, values.mean(0), label=row.label, **(style(row) | {"marker": ""}))
            axis.fill_between(
                thresholds, values.min(0), values.max(0), color=style(row)["color"], alpha=0.15, linewidth=0
            )
    if not axis.lines:
        return None
    axis.axvline(DECLARED_ABOVE, color="black", linestyle="--", linewidth=0.9)
    dress(axis, "generators declared")
    axis.set_ylim(bottom=-0.1)
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel("threshold of the strength", fontsize=8)
    legend(figure, axis)
    return figure


def draw_spectrum(plan: FigurePlan, load: Callable[[Run], Mapping[str, Array]]) -> Figure | None:
    """The figure of the share of every direction; a colour per row, a thin line per seed, thresholds dashed."""
    figure = blank_figure(8.2, 3.2 + 0.2 * ((len(plan.rows) + 2) // 3))
    axis = figure.subplots()
    thresholds = set()
    for place, row in enumerate(plan.rows):
        labelled = False
        width = 0.9 + 1.2 * (len(plan.rows) - 1 - place)  # rows with one spectrum, told and untold, both show
        for run in row.runs:
            arrays = load(run)
            shares, largest = (arrays.get(f"history/spectrum/{name}") for name in ("share", "largest_share"))
            if shares is None or shares.ndim != 2 or shares.shape[1] != 2:
                continue
            if largest is not None and largest.shape == (1, 2):
                thresholds.add(float(largest[0, 1]))
            look = style(row) | {"linewidth": width, "marker": "o", "markersize": 1.6 + width}
            axis.plot(shares[:, 0] + 1, shares[:, 1], label="_" if labelled else row.label, **look)
            labelled = True
    if not axis.lines:
        return None
    for threshold in sorted(thresholds):
        axis.axhline(threshold, color="black", linestyle="--", linewidth=0.9)
    axis.set_yscale("log", nonpositive="mask")
    dress(axis, "share left uncancelled")
    axis.set_xlabel("direction of the search space", fontsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(figure, axis)
    return figure


def _cosines(arrays: Mapping[str, Array]) -> tuple[Array, list[float]] | None:
    """Epochs ``(m,)`` and the cosine after each; None where the arrays do not fit."""
    steps, trace, truth = (arrays.get(name) for name in ("trace_step", "trace", "truth"))
    if steps is None or trace is None or truth is None or not len(truth):
        return None
    if trace.ndim != 4 or len(steps) != len(trace) or trace.shape[2:] != truth.shape[1:]:
        return None
    textbook = torch.from_numpy(truth)
    return steps, [cosine_and_mae(torch.from_numpy(generators), textbook).cosine for generators in trace]


def style(row: FigureRow) -> dict[str, Any]:
    """Colour, marker and widths of a row's line."""
    marker = MARKERS[row.style // len(COLOURS) % len(MARKERS)]
    return {"color": COLOURS[row.style % len(COLOURS)], "marker": marker, "markersize": 3.5, "linewidth": 1.4}


def dress(axis: Any, label: str) -> None:
    """Give ``axis`` a label, small ticks and a light grid."""
    axis.set_ylabel(label, fontsize=8)
    axis.tick_params(labelsize=7)
    axis.grid(alpha=0.3)


def legend(figure: Figure, axis: Any) -> None:
    """Write the rows' names below the axes, three in a line."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(3, len(labels)), fontsize=7, frameon=False)
