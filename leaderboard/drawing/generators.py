"""Heat maps of generators, for the pages and for MLflow. Imports matplotlib: import this only to draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from bench.api import Array
from bench.leaderboard.drawing.gauge import adds_to, aligned, normalised, signed, square
from bench.leaderboard.drawing.primitives import WIDTH, RunArrays, blank_figure, wrapped
from bench.metrics.symmetry import cosine_and_mae

#: Heat maps in a line of the figure, and the most matrices that are shown of one row.
COLUMNS = 6
#: Matrices up to this size have their entries written in.
MAX_WRITTEN = 4


@dataclass(frozen=True)
class _Matrices:
    """Matrices that are drawn together under one heading."""

    heading: str
    matrices: Array  # (k, d, d) at norm 1


def draw_generators(runs: Iterable[RunArrays]) -> Figure | None:
    """The textbook's matrices, then those of every run on one colour scale; runs that do not fit are left out.

    Each matrix is scaled to Frobenius norm 1, because a generator's length is a choice of unit, and the learned ones
    are shown in the gauge of :func:`aligned`. None when no run has generators.
    """
    groups = _groups(runs)
    if not groups:
        return None
    lines = _lines([min(len(group.matrices), COLUMNS) for group in groups])
    limit = max(float(np.abs(group.matrices).max()) for group in groups) or 1.0
    columns = max(sum(width for _, width in line) for line in lines)
    size = min(1.7, (WIDTH - 0.9) / columns)
    headings = ["\n".join(_heading(group.heading, int(16 * size))) for group in groups]
    above = sum(max(headings[place].count("\n") for place, _ in line) + 1 for line in lines)  # lines of text
    figure = blank_figure(size * columns + 0.9, (size + 0.3) * len(lines) + 0.14 * above)
    axes = figure.subplots(len(lines), columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    image = None
    for line, line_axes in zip(lines, axes, strict=True):
        panels = [(place, i) for place, width in line for i in range(width)]
        for (place, i), axis in zip(panels, line_axes, strict=False):
            matrices = groups[place].matrices
            image = _heat_map(axis, matrices[i], limit, bare=i > 0)
            axis.set_title(headings[place] if i == 0 else f"{i + 1} of {len(matrices)}", fontsize=7)
    assert image is not None
    bar = figure.colorbar(image, ax=axes, shrink=0.8 / len(lines) ** 0.5, aspect=15, pad=0.02)
    bar.ax.tick_params(labelsize=6)
    bar.set_label("entry, at norm 1", fontsize=7)
    return figure


def _groups(runs: Iterable[RunArrays]) -> list[_Matrices]:
    """The matrices to draw, in order: the textbook, the true algebra if it differs, and every run."""
    truth: Array | None = None
    computed: Array | None = None  # the true algebra, where it is not just the textbook's
    learned: list[_Matrices] = []
    for run in runs:
        matrices, textbook = run.arrays.get("generators"), run.arrays.get("truth")
        fits = matrices is not None and square(matrices)
        if matrices is None or not fits or (learned and matrices.shape[1:] != learned[0].matrices.shape[1:]):
            continue
        note = f"seed {run.seed}"
        if textbook is not None and square(textbook) and textbook.shape[1:] == matrices.shape[1:]:
            truth = textbook if truth is None else truth
            note = f"|cos| {cosine_and_mae(torch.from_numpy(matrices), torch.from_numpy(truth)).cosine:.2f}, {note}"
        learned.append(_Matrices(f"{run.label}\n{note}", normalised(matrices)))
        algebra = run.arrays.get("truth_algebra")
        if computed is None and truth is not None and algebra is not None and adds_to(algebra, truth):
            computed = algebra
    if truth is None:
        return learned
    unit_truth = normalised(truth)
    groups = [_Matrices("textbook", unit_truth)]
    if computed is not None:
        groups.append(_Matrices("true\ncomputed", signed(normalised(computed), unit_truth)))
    return groups + [_Matrices(group.heading, aligned(group.matrices, unit_truth)) for group in learned]


def _heading(text: str, width: int) -> list[str]:
    """The label, wrapped, and the note below it."""
    label, _, note = text.partition("\n")
    return [line for line in (wrapped(label, width), note) if line]


def _lines(widths: list[int]) -> list[list[tuple[int, int]]]:
    """Lines of at most COLUMNS panels, each a list of (group, panels); a group is never split over two lines."""
    lines: list[list[tuple[int, int]]] = [[]]
    for place, width in enumerate(widths):
        if sum(taken for _, taken in lines[-1]) + width > COLUMNS:
            lines.append([])
        lines[-1].append((place, width))
    return lines


def _heat_map(axis: Any, matrix: Array, limit: float, bare: bool) -> Any:
    dim = len(matrix)
    axis.set_axis_on()
    image = axis.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axis.set_xticks(range(dim), [str(i + 1) for i in range(dim)], fontsize=5)
    axis.set_yticks(range(dim), [] if bare else [str(i + 1) for i in range(dim)], fontsize=5)
    axis.tick_params(length=1.5, pad=1.5)
    if dim <= MAX_WRITTEN:
        _write_entries(axis, matrix, limit)
    return image


def _write_entries(axis: Any, matrix: Array, limit: float) -> None:
    """Write the entries into a heat map, except those too small to be seen."""
    for (i, j), value in np.ndenumerate(matrix):
        if abs(value) >= 0.05 * limit:
            colour = "white" if abs(value) > 0.6 * limit else "black"
            axis.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=6, color=colour)
