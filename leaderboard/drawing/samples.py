"""Drawings of inputs and their augmentations, for pages and MLflow. Imports matplotlib: import this only to draw."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure

from bench.api import Array
from bench.leaderboard.drawing.primitives import WIDTH, RunArrays, blank_figure, wrapped

#: Augmentations that are drawn of an image, and panels in a line where a panel holds all augmentations.
COPIES, PANELS = 8, 4


class _Sample(NamedTuple):
    label: str
    original: Array  # (*shape)
    moved: Array  # (J, *shape)


def draw_samples(runs: Iterable[RunArrays], inputs: int = 1) -> Figure | None:
    """The figure of the first ``inputs`` of every run with their augmentations: strips of images, else a panel each.

    The shape decides how they are drawn: ``(c, h, w)`` as images, ``(t, 8)`` as two bodies (x1, p1, x2, p2), and
    ``(atoms, 3 or 4)`` as points, with the charge first of four columns (charge 0 is padding). Runs that do not fit are
    left out; None when no run has samples.
    """
    samples: list[_Sample] = []
    for run in runs:
        original, moved = run.arrays.get("sample_original"), run.arrays.get("sample_moved")
        if original is None or moved is None or not len(original) or moved.shape[2:] != original.shape[1:]:
            continue
        if len(moved) == len(original) and (not samples or original.shape[1:] == samples[0].original.shape):
            for place in range(min(inputs, len(original))):
                label = run.label if inputs == 1 else f"{run.label} {place + 1}".strip()
                samples.append(_Sample(label, original[place], moved[place, :COPIES]))
    if not samples:
        return None
    return _strips(samples) if samples[0].original.ndim == 3 else _panels(samples)


def _strips(samples: list[_Sample]) -> Figure:
    """The figure with a line of images per sample, on one grey scale so that lines can be compared."""
    columns = 1 + max(len(sample.moved) for sample in samples)
    size = 0.74
    figure = blank_figure(size * columns + 1.5, (size + 0.04) * len(samples) + 0.3)
    axes = figure.subplots(len(samples), columns, squeeze=False)
    low, high = float(samples[0].original.min()), float(samples[0].original.max())
    for sample, line in zip(samples, axes, strict=True):
        for axis in line[1 + len(sample.moved) :]:
            axis.set_axis_off()
        for axis, image in zip(line, (sample.original, *sample.moved), strict=False):
            _draw_image(axis, image, low, high)
        line[0].set_ylabel(wrapped(sample.label, 20), rotation=0, ha="right", va="center", fontsize=7)
    axes[0, 0].set_title("original", fontsize=7)
    axes[0, 1 + (columns - 1) // 2].set_title("moved", fontsize=7)
    return figure


def _panels(samples: list[_Sample]) -> Figure:
    """The figure with a panel per sample on common axes: positions in the plane, or plain numbers."""
    shape = samples[0].original.shape
    width = shape[-1] if len(shape) == 2 else 0
    columns = min(PANELS, len(samples))
    lines = ceil(len(samples) / columns)
    size = (WIDTH - 0.3) / PANELS
    figure = blank_figure(size * columns + 0.3, (size + 0.2) * lines + 0.3)
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    for axis in axes.flat[len(samples) :]:
        axis.set_axis_off()
    for (label, x, gx), axis in zip(samples, axes.flat, strict=False):
        if width == 8:
            _draw_bodies(axis, x, gx)
        elif width in (3, 4):
            _draw_points(axis, x, gx)
        else:
            axis.plot(gx.reshape(len(gx), -1).T, color="tab:blue", alpha=0.5, linewidth=0.8)
            axis.plot(x.reshape(-1), color="black", linewidth=1.2)
        if width in (3, 4, 8):
            axis.set_aspect("equal", adjustable="box")
        axis.set_title(wrapped(label, 30), fontsize=8)
        axis.tick_params(labelsize=6)
        axis.grid(alpha=0.3)
    names = ("x", "y") if width in (3, 4, 8) else ("entry of the input", "value")
    figure.supxlabel(names[0], fontsize=8)
    figure.supylabel(names[1], fontsize=8)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), fontsize=7, frameon=False)
    return figure


def _draw_bodies(axis: Any, x: Array, gx: Array) -> None:
    """Draw positions of two bodies ``(t, 8)`` as rings, and of their augmentations ``(J, t, 8)`` as dots."""
    for body, colour in ((0, "tab:blue"), (1, "tab:orange")):
        at = slice(4 * body, 4 * body + 2)
        cloud, here = gx[..., at].reshape(-1, 2), x[:, at]
        axis.scatter(*cloud.T, s=22, color=colour, alpha=0.6, label=f"body {body + 1}, moved")
        axis.scatter(*here.T, s=70, facecolors="none", edgecolors="black", marker="os"[body], label=f"body {body + 1}")


def _draw_points(axis: Any, x: Array, gx: Array) -> None:
    """Draw points ``(atoms, 3 or 4)`` as rings and augmentations ``(J, atoms, 3 or 4)`` in colours, y against x."""
    colours = hsv_to_rgb([(i / max(len(gx), 1), 0.8, 0.8) for i in range(len(gx))])
    real = x[:, 0] != 0 if x.shape[-1] == 4 else np.ones(len(x), dtype=bool)
    area = 15.0 + 4.0 * x[real, 0] if x.shape[-1] == 4 else np.full(int(real.sum()), 30.0)
    for copy, colour in zip(gx[..., -3:], colours, strict=True):
        axis.scatter(copy[real, 0], copy[real, 1], s=area, color=colour, alpha=0.35, linewidths=0)
    place = x[real][:, -3:]
    axis.scatter(place[:, 0], place[:, 1], s=area * 1.5, facecolors="none", edgecolors="black")


def _draw_image(axis: Any, image: Array, low: float, high: float) -> None:
    """Draw one image ``(c, h, w)``; ``low`` is black and ``high`` white."""
    colour = image.shape[0] == 3
    shown = np.clip((np.moveaxis(image, 0, -1) - low) / ((high - low) or 1.0), 0, 1) if colour else image[0]
    axis.imshow(shown, **({} if colour else {"cmap": "gray", "vmin": low, "vmax": high}))
    axis.set_xticks([])
    axis.set_yticks([])
