"""Formats numbers, units and commands for the pages; the same input gives the same bytes."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable
from itertools import pairwise

from bench.leaderboard.board.build import setting
from bench.leaderboard.board.model import Row
from bench.records.cell import TRAIN_FRACTION
from bench.records.record import Value

NOTHING = "–"


def number(value: float, digits: int = 3, spread: float | None = None) -> str:
    """``value`` with ``digits`` significant digits, and ``± spread`` to the same place; long numbers as (…)e-5.

    A spread of exactly 0 is left out: the value is the same every time. One that rounds to 0 is shown as ``<0.001``.
    """
    spread = spread or None
    largest = max(abs(value), spread or 0.0)
    if largest == 0.0:
        return "0"
    power = math.floor(math.log10(largest))
    # 9.9999e-5 is 1.00e-4, not 10.00e-5; in full, a value just below a power of ten keeps its further place (1.000).
    rounded = int(f"{largest:.{digits - 1}e}".partition("e")[2])
    scientific = not -2 <= rounded <= 4
    if scientific:
        value, spread = value / 10.0**rounded, None if spread is None else spread / 10.0**rounded
    places = max(0, digits - 1 - (0 if scientific else power))
    text = f"{value:.{places}f}"
    if spread is not None:
        least = 10.0**-places
        text += f" ± {spread:.{places}f}" if spread >= least / 2 else f" ± <{least:.{places}f}"
    if not scientific:
        return text
    return f"{text}e{rounded}" if spread is None else f"({text})e{rounded}"


def seed_ranges(seeds: Iterable[int]) -> str:
    """Seeds as ranges: ``0,1,2,4`` gives ``0-2,4``."""
    ordered = sorted(set(seeds))
    breaks = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(ordered)) if b != a + 1), len(ordered)]
    runs = [ordered[a:b] for a, b in pairwise(breaks) if a < b]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def unit_suffix(units: Iterable[str]) -> str:
    """The units that have a name, in brackets after a space; empty without a name."""
    named = sorted(set(units) - {"1", ""})
    return f" [{', '.join(named)}]" if named else ""


def command(row: Row, task: str, budget: str) -> str:
    """The command that reproduces a row."""
    words = ["python", "-m", "bench", "run", "--method", row.method, "--task", task]
    words += ["--search", row.search] if row.search else []
    words += ["--budget", budget, "--seeds", seed_ranges(row.seeds)]
    for name, value in row.changed.items():
        # The share of the training examples is an option of the command, not a parameter.
        share = name == TRAIN_FRACTION
        words += ["--train-fraction", setting(value)] if share else ["--set", f"{name}={setting(value)}"]
    return shlex.join(words)


def value_text(value: Value) -> str:
    """A parameter's value as tables and figures show it."""
    return f"{value:g}" if isinstance(value, float) else setting(value)


def counted(number_of: int, noun: str) -> str:
    """The number with its noun, in the plural unless it is 1."""
    return f"{number_of} {noun}{'' if number_of == 1 else 's'}"


def significant(value: float, digits: int) -> float | None:
    """``value`` with ``digits`` significant digits, for a page that holds numbers; None where it is not finite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
