"""Draws the figures that figure_plan names: generators, sampled augmentations, and (in curves) the two kinds of lines.

Each function returns None when no row has arrays that can be drawn. Imports matplotlib: import this only to draw.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bench.api import Array
from bench.leaderboard.board.model import Run
from bench.leaderboard.drawing.curves import draw_angle, draw_strength, draw_trace
from bench.leaderboard.drawing.gauge import adds_to, aligned, normalised, signed, square
from bench.leaderboard.drawing.learning import draw_learning
from bench.leaderboard.drawing.plan import FigurePlan
from bench.leaderboard.drawing.primitives import blank_figure, draw_bodies, draw_image, draw_points, write_entries
from bench.leaderboard.drawing.sweeps import draw_sweeps
from bench.metrics.symmetry import cosine_and_mae

#: The arrays beside a record; empty where they cannot be read.
Load = Callable[[Run], Mapping[str, Array]]

#: Inches: the width of a page. 8.2 at 110 dpi are 900 pixels.
WIDTH = 8.2
#: Heat maps beside each other, and matrices of one row.
COLUMNS = 6
#: Matrices up to this size have their entries written in.
MAX_WRITTEN = 4
#: A committed figure should be no larger.
MAX_BYTES = 100_000
#: Augmentations of an image, and panels beside each other where a panel holds them all.
COPIES, PANELS = 8, 4


def draw(plan: FigurePlan, load: Load) -> Figure | None:
    """The figure of ``plan``; rows whose arrays cannot be read or do not fit are left out."""
    kinds: dict[str, Callable[[FigurePlan, Load], Figure | None]] = {
        "generators": draw_generators,
        "samples": draw_samples,
        "angle": draw_angle,
        "trace": draw_trace,
        "strength": draw_strength,
        "learning": draw_learning,
        "sweep": draw_sweeps,
    }
    return kinds[plan.kind](plan, load)


def draw_generators(plan: FigurePlan, load: Load) -> Figure | None:
    """Heat maps: the textbook's matrices, then those of every row, one colour scale."""
    truth: Array | None = None
    computed: Array | None = None  # the true algebra, where it is not just the textbook's
    found: list[tuple[str, str, Array]] = []  # label, note, (k, d, d)
    for row in plan.rows:
        arrays = load(row.runs[0])
        learned, textbook = arrays.get("generators"), arrays.get("truth")
        if learned is None or not square(learned) or (found and learned.shape[1:] != found[0][2].shape[1:]):
            continue
        note = f"seed {row.runs[0].seed}"
        if textbook is not None and square(textbook) and textbook.shape[1:] == learned.shape[1:]:
            truth = textbook if truth is None else truth
            note = f"|cos| {cosine_and_mae(torch.from_numpy(learned), torch.from_numpy(truth)).cosine:.2f}, {note}"
        found.append((row.label, note, learned))
        algebra = arrays.get("truth_algebra")
        if computed is None and truth is not None and algebra is not None and adds_to(algebra, truth):
            computed = algebra
    if not found:
        return None
    unit_truth = np.zeros((0, *found[0][2].shape[1:])) if truth is None else normalised(truth)
    blocks = [("textbook", "", unit_truth)] if truth is not None else []
    blocks += [("true", "computed", signed(normalised(computed), unit_truth))] if computed is not None else []
    blocks += [(label, note, aligned(normalised(learned), unit_truth)) for label, note, learned in found]
    lines = _lines([min(len(matrices), COLUMNS) for _, _, matrices in blocks])
    limit = max(float(np.abs(matrices).max()) for _, _, matrices in blocks) or 1.0
    columns = max(sum(width for _, width in line) for line in lines)
    size = min(1.7, (WIDTH - 0.9) / columns)
    heads = [f"{_wrapped(label, int(16 * size))}\n{note}".strip() for label, note, _ in blocks]
    above = sum(max(heads[block].count("\n") for block, _ in line) + 1 for line in lines)  # lines of text
    figure = blank_figure(size * columns + 0.9, (size + 0.3) * len(lines) + 0.14 * above)
    axes = figure.subplots(len(lines), columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    image = None
    for line, line_axes in zip(lines, axes, strict=True):
        panels = [(block, i) for block, width in line for i in range(width)]
        for (block, i), axis in zip(panels, line_axes, strict=False):
            matrices = blocks[block][2]
            image = _heat_map(axis, matrices[i], limit, bare=i > 0)
            axis.set_title(heads[block] if i == 0 else f"{i + 1} of {len(matrices)}", fontsize=7)
    assert image is not None
    bar = figure.colorbar(image, ax=axes, shrink=0.8 / len(lines) ** 0.5, aspect=15, pad=0.02)
    bar.ax.tick_params(labelsize=6)
    bar.set_label("entry, at norm 1", fontsize=7)
    return figure


def to_png(figure: Figure, path: Path) -> None:
    """Write ``figure``; where that takes more than MAX_BYTES, in 256 colours, a third of the size."""
    canvas: Any = FigureCanvasAgg(figure)  # untyped in matplotlib
    canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    pixels.save(path, format="png", optimize=True)
    if path.stat().st_size > MAX_BYTES:
        pixels.quantize(256, dither=Image.Dither.NONE).save(path, format="png", optimize=True)


def _lines(widths: list[int]) -> list[list[tuple[int, int]]]:
    """Blocks into lines of at most COLUMNS panels, each as (block, panels); every block whole in one line."""
    lines: list[list[tuple[int, int]]] = [[]]
    for block, width in enumerate(widths):
        if sum(taken for _, taken in lines[-1]) + width > COLUMNS:
            lines.append([])
        lines[-1].append((block, width))
    return lines


def _heat_map(axis: Any, matrix: Array, limit: float, bare: bool) -> Any:
    dim = len(matrix)
    axis.set_axis_on()
    image = axis.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axis.set_xticks(range(dim), [str(i + 1) for i in range(dim)], fontsize=5)
    axis.set_yticks(range(dim), [] if bare else [str(i + 1) for i in range(dim)], fontsize=5)
    axis.tick_params(length=1.5, pad=1.5)
    if dim <= MAX_WRITTEN:
        write_entries(axis, matrix, limit, size=6)
    return image


def draw_samples(plan: FigurePlan, load: Load) -> Figure | None:
    """The first sample and its augmentations: strips of images, one panel per row of anything else."""
    rows: list[tuple[str, Array, Array]] = []  # label, (*shape), (J, *shape)
    for row in plan.rows:
        arrays = load(row.runs[0])
        original, moved = arrays.get("sample_original"), arrays.get("sample_moved")
        if original is None or moved is None or not len(original) or moved.shape[2:] != original.shape[1:]:
            continue
        if len(moved) == len(original) and (not rows or original.shape[1:] == rows[0][1].shape):
            rows.append((row.label, original[0], moved[0, :COPIES]))
    if not rows:
        return None
    return _strips(rows) if rows[0][1].ndim == 3 else _panels(rows)


def _strips(rows: list[tuple[str, Array, Array]]) -> Figure:
    """A line of images per row; one grey scale, so that lines can be compared."""
    columns = 1 + max(len(moved) for _, _, moved in rows)
    size = 0.74
    figure = blank_figure(size * columns + 1.5, (size + 0.04) * len(rows) + 0.3)
    axes = figure.subplots(len(rows), columns, squeeze=False)
    low, high = float(rows[0][1].min()), float(rows[0][1].max())
    for (label, x, gx), line in zip(rows, axes, strict=True):
        for axis in line[1 + len(gx) :]:
            axis.set_axis_off()
        for axis, image in zip(line, (x, *gx), strict=False):
            draw_image(axis, image, low, high)
        line[0].set_ylabel(_wrapped(label, 20), rotation=0, ha="right", va="center", fontsize=7)
    axes[0, 0].set_title("original", fontsize=7)
    axes[0, 1 + (columns - 1) // 2].set_title("moved", fontsize=7)
    return figure


def _panels(rows: list[tuple[str, Array, Array]]) -> Figure:
    """A panel per row on common axes: positions in the plane, or for inputs without places the numbers themselves."""
    shape = rows[0][1].shape
    width = shape[-1] if len(shape) == 2 else 0
    columns = min(PANELS, len(rows))
    lines = ceil(len(rows) / columns)
    size = (WIDTH - 0.3) / PANELS
    figure = blank_figure(size * columns + 0.3, (size + 0.2) * lines + 0.3)
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    for axis in axes.flat[len(rows) :]:
        axis.set_axis_off()
    for (label, x, gx), axis in zip(rows, axes.flat, strict=False):
        if width == 8:
            draw_bodies(axis, x, gx)
        elif width in (3, 4):
            draw_points(axis, x, gx)
        else:
            axis.plot(gx.reshape(len(gx), -1).T, color="tab:blue", alpha=0.5, linewidth=0.8)
            axis.plot(x.reshape(-1), color="black", linewidth=1.2)
        if width in (3, 4, 8):
            axis.set_aspect("equal", adjustable="box")
        axis.set_title(_wrapped(label, 30), fontsize=8)
        axis.tick_params(labelsize=6)
        axis.grid(alpha=0.3)
    names = ("x", "y") if width in (3, 4, 8) else ("entry of the input", "value")
    figure.supxlabel(names[0], fontsize=8)
    figure.supylabel(names[1], fontsize=8)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), fontsize=7, frameon=False)
    return figure


def _wrapped(label: str, width: int) -> str:
    return "\n".join(textwrap.wrap(label, width, max_lines=3, placeholder=" …", break_long_words=False))
