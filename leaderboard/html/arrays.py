"""Data that the HTML page draws from stored arrays: mean generators, and curves against the angle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from bench.api import Array
from bench.leaderboard.board.model import Row, Run, Section
from bench.leaderboard.drawing.gauge import adds_to, aligned, normalised, signed, square
from bench.leaderboard.tables.text import significant

#: Arrays that are read from every run, and further arrays that are read from discoverers.
CURVES, MATRICES = frozenset({"orientation_curve"}), frozenset({"generators", "truth", "truth_algebra"})
#: Entries are rounded to thousandths, finer than a colour can show.
THOUSANDTHS = 1000
#: Added before rounding: 1/16 computed on two machines must not round to different sides.
BEFORE_ROUNDING = 1e-6

Arrays = Mapping[tuple[str, int], Mapping[str, Array]]


def read_section(section: Section, load: Callable[[Run, Collection[str]], Mapping[str, Array]]) -> Arrays:
    """The arrays to draw of each run of ``section``, by key and seed; ``load`` reads arrays by name."""
    read: dict[tuple[str, int], Mapping[str, Array]] = {}
    for row in section.rows:
        wanted = CURVES if _repeats(row) else CURVES | MATRICES
        read |= {(run.key, run.seed): load(run, wanted & run.arrays) for run in row.runs if wanted & run.arrays}
    return read


def run_generators(row: Row, arrays: Arrays) -> dict[int, Array]:
    """Seed -> generators ``(k, d, d)`` of a discoverer, at norm 1 and in the gauge nearest the textbook's."""
    by_seed: dict[int, Array] = {}
    for run in [] if _repeats(row) else row.runs:
        stored = arrays.get((run.key, run.seed), {})
        learned = stored.get("generators")
        if learned is not None and square(learned):
            by_seed[run.seed] = aligned(normalised(learned), _truth(stored, learned))
    return by_seed


def heat_maps(section: Section, arrays: Arrays) -> dict[str, Any] | None:
    """The textbook's matrices, the true algebra if it differs, and those of every discoverer; None without any.

    A row shows its mean over seeds if they share a gauge: one generator, or as many as the textbook has. Otherwise the
    mean of different bases has no meaning, and the lowest seed is shown.
    """
    maps: list[dict[str, Any]] = []
    truth: Array | None = None
    computed: Array | None = None
    for place, row in enumerate(section.rows):
        by_seed = run_generators(row, arrays)
        if not by_seed:
            continue
        seeds = sorted(by_seed)
        first = by_seed[seeds[0]]
        stored = arrays[row.key, seeds[0]]
        textbook = _truth(stored, first)
        if truth is None and len(textbook):
            truth = normalised(textbook)
            algebra = stored.get("truth_algebra")
            if algebra is not None and adds_to(algebra, truth):
                computed = signed(normalised(algebra), truth)
        alike = [by_seed[seed] for seed in seeds if by_seed[seed].shape == first.shape]
        common = len(textbook) > 0 and len(first) in (1, len(textbook)) and len(alike) > 1
        shown = np.mean(alike, axis=0) if common else first
        seen = f"mean of {len(alike)} seeds" if common else f"seed {seeds[0]}"
        maps.append({"row": place, "note": seen, "matrices": thousandths(shown)})
    if not maps:
        return None
    known = [("textbook", truth), ("true, computed", computed)]
    true = [{"row": None, "note": name, "matrices": thousandths(part)} for name, part in known if part is not None]
    return {"true": true, "found": maps}


def angle_curves(section: Section, arrays: Arrays) -> list[dict[str, Any]]:
    """The degrees of each row, with the mean, minimum and maximum over seeds of the primary metric and of E′."""
    curves = []
    for place, row in enumerate(section.rows):
        read = [arrays.get((run.key, run.seed), {}).get("orientation_curve") for run in row.runs]
        usable = [curve for curve in read if curve is not None and curve.ndim == 2 and curve.shape[1] == 3]
        same = [curve for curve in usable if curve.shape == usable[0].shape]
        if same:
            values = np.stack(same).astype(float)  # (seeds, angles, 3)
            stats = [(stat(values[:, :, 1]), stat(values[:, :, 2])) for stat in (_mean, _least, _most)]
            score, error = (dict(zip(("mean", "low", "high"), part, strict=True)) for part in zip(*stats, strict=True))
            degrees = _numbers(np.degrees(values[0, :, 0]))
            curves.append({"row": place, "x": degrees, "score": score, "error": error})
    return curves


def thousandths(matrices: Array) -> list[list[list[int]]]:
    """Entries as whole thousandths, halves away from zero."""
    whole = np.floor(np.abs(matrices) * THOUSANDTHS + 0.5 + BEFORE_ROUNDING) * np.sign(matrices)
    listed: list[list[list[int]]] = whole.astype(int).tolist()
    return listed


def _repeats(row: Row) -> bool:
    """Whether the generators of ``row`` are the textbook's or those of another row."""
    return row.told_group or row.repeats


def _truth(stored: Mapping[str, Array], learned: Array) -> Array:
    """The textbook's matrices; empty where they do not fit ``learned``."""
    textbook = stored.get("truth")
    fits = textbook is not None and square(textbook) and textbook.shape[1:] == learned.shape[1:]
    return normalised(textbook) if textbook is not None and fits else np.zeros((0, *learned.shape[1:]))


def _mean(values: Array) -> list[float | None]:
    return _numbers(values.mean(0))


def _least(values: Array) -> list[float | None]:
    return _numbers(values.min(0))


def _most(values: Array) -> list[float | None]:
    return _numbers(values.max(0))


def _numbers(values: Sequence[float] | Array) -> list[float | None]:
    return [significant(float(value), 4) for value in values]
