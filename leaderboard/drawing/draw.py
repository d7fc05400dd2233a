"""Draws the figures that `bench.leaderboard.drawing.plan` names. Imports matplotlib: import this only to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bench.api import Array
from bench.leaderboard.board.model import Run
from bench.leaderboard.drawing.curves import draw_angle, draw_spectrum, draw_strength, draw_trace
from bench.leaderboard.drawing.generators import draw_generators
from bench.leaderboard.drawing.learning import draw_learning
from bench.leaderboard.drawing.panels import draw_panels
from bench.leaderboard.drawing.plan import FigurePlan
from bench.leaderboard.drawing.primitives import RunArrays
from bench.leaderboard.drawing.samples import draw_samples
from bench.leaderboard.drawing.sweeps import draw_sweeps

#: Reads the stored arrays of a run; empty where they cannot be read.
Load = Callable[[Run], Mapping[str, Array]]

#: A committed figure should be no larger (bytes).
MAX_BYTES = 100_000


def draw(plan: FigurePlan, load: Load) -> Figure | None:
    """The figure of ``plan``, without the rows whose arrays cannot be read or do not fit; None when no row is left."""
    kinds: dict[str, Callable[[FigurePlan, Load], Figure | None]] = {
        "generators": lambda plan, load: draw_generators(_first_runs(plan, load)),
        "samples": lambda plan, load: draw_samples(_first_runs(plan, load)),
        "angle": draw_angle,
        "trace": draw_trace,
        "strength": draw_strength,
        "spectrum": draw_spectrum,
        "learning": draw_learning,
        "sweep": draw_sweeps,
        "parameter": draw_panels,
        "against": draw_panels,
    }
    return kinds[plan.kind](plan, load)


def to_png(figure: Figure, path: Path) -> None:
    """Write ``figure``; in 256 colours, a third of the size, if it would take more than MAX_BYTES."""
    canvas: Any = FigureCanvasAgg(figure)  # untyped in matplotlib
    canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    pixels.save(path, format="png", optimize=True)
    if path.stat().st_size > MAX_BYTES:
        pixels.quantize(256, dither=Image.Dither.NONE).save(path, format="png", optimize=True)


def _first_runs(plan: FigurePlan, load: Load) -> list[RunArrays]:
    return [RunArrays(row.label, row.runs[0].seed, load(row.runs[0])) for row in plan.rows]
