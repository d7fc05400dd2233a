"""Figures of one run: learned generators beside the textbook's, and inputs beside their augmentations.

Made from matplotlib's Figure directly: no pyplot, so no global state and no display.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure

from bench.api import Array
from bench.leaderboard.drawing.gauge import aligned, normalised

#: At most so many examples (of images, and of the rest) and augmentations of each in one figure.
MAX_IMAGES, MAX_SCATTERS, MAX_COPIES = 4, 2, 8
#: Matrices up to this size have their entries written in.
MAX_WRITTEN = 8


def generator_heatmaps(learned: Array, truth: Array | None = None, title: str = "") -> Figure:
    """Learned generators ``(k, d, d)`` above the textbook's ``(r, d, d)``, on one colour scale symmetric about 0.

    Each matrix is scaled to Frobenius norm 1, because a generator's length is a choice of unit, and the learned ones
    stand in the gauge of :func:`aligned`.

    Raises:
        ValueError: when the shapes do not fit each other.
    """
    true = np.zeros((0, *learned.shape[1:])) if truth is None else truth
    if learned.ndim != 3 or learned.shape[1] != learned.shape[2] or true.shape[1:] != learned.shape[1:]:
        raise ValueError(f"generators {learned.shape} and truth {true.shape} must be (k, d, d) and (r, d, d)")
    unit_true = normalised(true)
    unit = aligned(normalised(learned), unit_true)
    columns, dim = max(len(unit), len(unit_true), 1), learned.shape[1]
    size = 2.3 if dim > 4 else 1.9
    rows = 2 if len(unit_true) else 1
    figure = blank_figure(size * columns + 1.1, (size + 0.35) * rows + 0.6)
    axes = figure.subplots(rows, columns, squeeze=False)
    limit = max((float(np.abs(part).max()) for part in (unit, unit_true) if part.size), default=1.0) or 1.0
    image = None
    for row, (name, matrices) in enumerate((("learned", unit), ("textbook", unit_true))[:rows]):
        for column, axis in enumerate(axes[row]):
            if column >= len(matrices):
                axis.set_axis_off()
                continue
            image = axis.imshow(matrices[column], cmap="RdBu_r", vmin=-limit, vmax=limit)
            axis.set_title(f"{name} {column + 1}", fontsize=9)
            axis.set_xticks(range(dim), [str(i + 1) for i in range(dim)], fontsize=7)
            axis.set_yticks(range(dim), [str(i + 1) for i in range(dim)], fontsize=7)
            if dim <= MAX_WRITTEN:
                write_entries(axis, matrices[column], limit)
    if image is not None:
        figure.colorbar(image, ax=axes, shrink=0.8, label="entry, at Frobenius norm 1")
    figure.suptitle(title, fontsize=10)
    return figure


def augmentation_samples(original: Array, moved: Array, title: str = "") -> Figure:
    """Inputs ``(s, *shape)`` beside their augmentations ``(s, J, *shape)``.

    By shape: ``(t, 8)`` two bodies as (x1, p1, x2, p2), ``(c, h, w)`` images, ``(atoms, 3 or 4)`` points with the
    charge first where there are four columns (charge 0 is padding).

    Raises:
        ValueError: when the shapes do not fit each other, or are none of the three kinds.
    """
    if moved.ndim != original.ndim + 1 or moved.shape[0] != len(original) or moved.shape[2:] != original.shape[1:]:
        raise ValueError(f"samples {original.shape} and {moved.shape} must be (s, *shape) and (s, J, *shape)")
    draw = _drawing(original.shape[1:])
    if draw is None:
        raise ValueError(f"inputs of shape {original.shape[1:]} are neither (t, 8), (c, h, w) nor (atoms, 3 or 4)")
    shown = MAX_IMAGES if original.ndim == 4 else MAX_SCATTERS
    figure = draw(original[:shown], moved[:shown, :MAX_COPIES])
    figure.suptitle(title, fontsize=10)
    return figure


def drawable(original: Array) -> bool:
    """Whether :func:`augmentation_samples` knows how to draw inputs ``(s, *shape)``."""
    return _drawing(original.shape[1:]) is not None


def draw_bodies(axis: Any, x: Array, gx: Array, first: int = 0) -> None:
    """Two bodies ``(t, 8)`` and augmentations ``(J, t, 8)`` in the plane of columns ``first`` and ``first + 1``."""
    for body, colour in ((0, "tab:blue"), (1, "tab:orange")):
        at = slice(4 * body + first, 4 * body + first + 2)
        cloud, here = gx[..., at].reshape(-1, 2), x[:, at]
        axis.scatter(*cloud.T, s=22, color=colour, alpha=0.6, label=f"body {body + 1}, moved")
        axis.scatter(*here.T, s=70, facecolors="none", edgecolors="black", marker="os"[body], label=f"body {body + 1}")


def draw_points(axis: Any, x: Array, gx: Array, other: int = 1) -> None:
    """Points ``(atoms, 3 or 4)`` as rings and augmentations ``(J, atoms, 3 or 4)`` in colours, x against ``other``."""
    colours = hsv_to_rgb([(i / max(len(gx), 1), 0.8, 0.8) for i in range(len(gx))])
    real = x[:, 0] != 0 if x.shape[-1] == 4 else np.ones(len(x), dtype=bool)
    area = 15.0 + 4.0 * x[real, 0] if x.shape[-1] == 4 else np.full(int(real.sum()), 30.0)
    for copy, colour in zip(gx[..., -3:], colours, strict=True):
        axis.scatter(copy[real, 0], copy[real, other], s=area, color=colour, alpha=0.35, linewidths=0)
    place = x[real][:, -3:]
    axis.scatter(place[:, 0], place[:, other], s=area * 1.5, facecolors="none", edgecolors="black")


def draw_image(axis: Any, image: Array, low: float, high: float) -> None:
    """One image ``(c, h, w)``; ``low`` is black and ``high`` white."""
    colour = image.shape[0] == 3
    shown = np.clip((np.moveaxis(image, 0, -1) - low) / ((high - low) or 1.0), 0, 1) if colour else image[0]
    axis.imshow(shown, **({} if colour else {"cmap": "gray", "vmin": low, "vmax": high}))
    axis.set_xticks([])
    axis.set_yticks([])


def write_entries(axis: Any, matrix: Array, limit: float, size: float = 5) -> None:
    """The entries of a heat map, but for those too small to be seen."""
    for (i, j), value in np.ndenumerate(matrix):
        if abs(value) >= 0.05 * limit:
            colour = "white" if abs(value) > 0.6 * limit else "black"
            axis.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=size, color=colour)


def blank_figure(width: float, height: float) -> Figure:
    """A figure of so many inches that needs no display."""
    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _drawing(shape: tuple[int, ...]) -> Callable[[Array, Array], Figure] | None:
    if len(shape) == 3:
        return _images
    by_width = {8: _two_bodies, 3: _points, 4: _points}
    return by_width.get(shape[-1]) if len(shape) == 2 else None


def _two_bodies(original: Array, moved: Array) -> Figure:
    """One row per example, positions left and momenta right; the original as a black ring, augmentations filled."""
    figure = blank_figure(7.0, 3.1 * len(original) + 0.5)
    axes = figure.subplots(len(original), 2, squeeze=False)
    for row, (x, gx) in enumerate(zip(original, moved, strict=True)):
        for axis, first, name in ((axes[row, 0], 0, "position"), (axes[row, 1], 2, "momentum")):
            draw_bodies(axis, x, gx, first)
            _square(axis, f"sample {row + 1}: {name}", "x", "y")
    axes[0, 1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    return figure


def _images(original: Array, moved: Array) -> Figure:
    """A strip per example: the original, then its augmentations; one grey scale per example."""
    figure = blank_figure(1.15 * (1 + moved.shape[1]), 1.3 * len(original) + 0.5)
    axes = figure.subplots(len(original), 1 + moved.shape[1], squeeze=False)
    for row, (x, gx) in enumerate(zip(original, moved, strict=True)):
        low, high = float(x.min()), float(x.max())
        for column, image in enumerate((x, *gx)):
            axis = axes[row, column]
            draw_image(axis, image, low, high)
            if row == 0:
                axis.set_title("original" if column == 0 else f"moved {column}", fontsize=8)
    return figure


def _points(original: Array, moved: Array) -> Figure:
    """Two projections (x-y, x-z) per example: the original as black rings, each augmentation in its own colour."""
    figure = blank_figure(7.0, 3.1 * len(original) + 0.5)
    axes = figure.subplots(len(original), 2, squeeze=False)
    for row, (x, gx) in enumerate(zip(original, moved, strict=True)):
        for axis, other, name in ((axes[row, 0], 1, "y"), (axes[row, 1], 2, "z")):
            draw_points(axis, x, gx, other)
            _square(axis, f"sample {row + 1}: original (rings), moved (one colour each)", "x", name)
    return figure


def _square(axis: Any, title: str, x: str, y: str) -> None:
    axis.set_aspect("equal", adjustable="datalim")
    axis.set_title(title, fontsize=8)
    axis.set_xlabel(x, fontsize=8)
    axis.set_ylabel(y, fontsize=8)
    axis.tick_params(labelsize=7)
    axis.grid(alpha=0.3)
