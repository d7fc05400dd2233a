"""Inline SVG drawings: a generator as a heat map, and examples that it moves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from bench.api import Array

CELL, SIDE = 18, 200


def heat_map(generator: Array, names: Sequence[str]) -> str:
    """Rows: the column that changes; columns: what it changes by, the last a constant. Red is positive."""
    d = len(names)
    size = max(float(np.abs(generator).max()), 1e-300)
    margin = 8 + 6 * max(map(len, names))
    parts = []
    for row in range(d):
        parts.append(
            f"<text x='{margin - 4}' y='{margin + CELL * row + 13}' text-anchor='end'>{escape(names[row])}</text>"
        )
        for column in range(d + 1):
            value = float(generator[row, column]) / size
            colour = "var(--plus)" if value > 0 else "var(--minus)"
            parts.append(
                f"<rect x='{margin + CELL * column}' y='{margin + CELL * row}' width='{CELL - 1}' height='{CELL - 1}' "
                f"fill='{colour}' fill-opacity='{abs(value):.2f}' stroke='var(--line)' stroke-width='.5'>"
                f"<title>{escape(names[row])}: {value:.2f}</title></rect>"
            )
    for column, name in enumerate([*names, "1"]):
        x, y = margin + CELL * column + 13, margin - 4
        parts.append(f"<text x='{x}' y='{y}' transform='rotate(-90 {x} {y})'>{escape(name)}</text>")
    width, height = margin + CELL * (d + 1) + 2, margin + CELL * d + 2
    return f"<svg viewBox='0 0 {width} {height}' width='{width}' height='{height}' role='img'>{''.join(parts)}</svg>"


def orbits(paths: Array, names: tuple[str, str]) -> str:
    """Paths ``(n, steps, 2)`` of examples that a generator moves; a dot where each begins."""
    flat = paths.reshape(-1, 2)
    low, high = np.percentile(flat, 1, axis=0), np.percentile(flat, 99, axis=0)
    span = np.maximum(high - low, 1e-300)
    places = 15 + (SIDE - 30) * (paths - low) / span
    places[..., 1] = SIDE - places[..., 1]
    lines = []
    for path in places:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in path)
        x, y = path[len(path) // 2]
        lines.append(f"<polyline points='{points}' fill='none' stroke='var(--minus)' stroke-width='1'/>")
        lines.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='var(--plus)'/>")
    labels = (
        f"<text x='{SIDE - 4}' y='{SIDE - 4}' text-anchor='end'>{escape(names[0])}</text>"
        f"<text x='4' y='12'>{escape(names[1])}</text>"
    )
    return f"<svg viewBox='0 0 {SIDE} {SIDE}' width='{SIDE}' height='{SIDE}' role='img'>{''.join(lines)}{labels}</svg>"
