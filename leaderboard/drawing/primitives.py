"""Parts that all drawings share. They do not use pyplot, which has global state and needs a display."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.api import Array

#: Inches: the width of a page. 8.2 at 110 dpi are 900 pixels.
WIDTH = 8.2


@dataclass(frozen=True, eq=False)
class RunArrays:
    """The stored arrays of one run, and its label in a drawing."""

    label: str
    seed: int
    arrays: Mapping[str, Array]


def blank_figure(width: float, height: float) -> Figure:
    """A figure of the given size in inches that needs no display."""
    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def wrapped(label: str, width: int) -> str:
    """``label`` wrapped to at most three lines of ``width`` characters."""
    return "\n".join(textwrap.wrap(label, width, max_lines=3, placeholder=" …", break_long_words=False))
