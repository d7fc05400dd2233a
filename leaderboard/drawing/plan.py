"""Plans the figures of a page, with their file names and captions, from the board alone. It draws nothing.

A figure's name holds a digest of all that it shows, so a file that exists is up to date and is not drawn again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

from bench.leaderboard.board.model import Board, Row, Run, Section
from bench.leaderboard.drawing.panel import Panel
from bench.leaderboard.tables.text import unit_suffix
from bench.metrics.strength import DECLARED_ABOVE
from bench.records.preset import Preset

#: Folders of the tasks' pages and of their figures, below the folder of the index.
PAGES, FOLDER = "boards", "boards/figures"
#: Increase this number when the drawing changes, so that every figure gets a new name.
FIGURE_VERSION = 3
#: Maximum number of rows in one figure: the number of pairs of colour and marker.
MAX_ROWS = 24
#: Maximum number of curves against the angle in one figure for each pool; the best rows are shown.
MAX_CURVES = 8
TRUE_GROUP = "true group"
#: Kinds in which a row is a line with its style.
LINES = ("angle", "trace", "strength", "spectrum")
#: Arrays that a run must have to be drawn.
NEEDS = {
    "generators": {"generators"},
    "samples": {"sample_original", "sample_moved"},
    "angle": {"orientation_curve"},
    "trace": {"trace", "trace_step", "truth"},
    "strength": {"strength_on_validation"},
    "spectrum": {"history/spectrum/share"},
    "learning": set(),
    "sweep": set(),
    "parameter": set(),
    "against": set(),
}
TITLES = {
    "generators": "Generators",
    "samples": "Sampled augmentations",
    "angle": "Against the angle",
    "trace": "Trace of the basis",
    "strength": "Strength of the generators",
    "spectrum": "Spectrum of the search space",
    "learning": "Learning curve",
    "sweep": "Sweeps",
    "parameter": "Over the parameter",
    "against": "One score against the other",
}
NAME = re.compile(rf".+-({'|'.join(NEEDS)})-[0-9a-f]{{8}}\.png")


def task_of_figure(name: str) -> str:
    """The task that the figure of this file name belongs to: ``<task>-<budget>-<kind>-<digest>.png``."""
    return name.split("-")[0]


@dataclass(frozen=True)
class LearningPoint:
    """The primary metric after training on a number of examples."""

    examples: int
    mean: float
    std: float | None


@dataclass(frozen=True)
class FigureRow:
    """A row of the board in a figure."""

    label: str
    told: bool
    style: int  # its colour and marker, the same on the whole page
    runs: tuple[Run, ...]  # the runs that are drawn
    points: tuple[LearningPoint, ...] = ()  # points of a learning curve, sorted by examples


@dataclass(frozen=True)
class FigurePlan:
    """A figure before it is drawn."""

    kind: str  # a key of NEEDS
    name: str  # file name
    alt: str
    caption: str
    rows: tuple[FigureRow, ...]
    score: str  # label of the primary metric with its unit
    error: str  # label of E' with its unit
    falls: bool = False  # a lower primary metric is better: an error, which may span decades
    sweeps: tuple[Preset, ...] = ()  # sweeps whose histories are drawn
    panels: tuple[Panel, ...] = ()  # curves of a study

    @property
    def title(self) -> str:
        return TITLES[self.kind]


def plan_figures(board: Board) -> tuple[tuple[FigurePlan, ...], ...]:
    """The figures of every section of ``board``, in order."""
    by_section = [{kind: choose(section.rows) for kind, choose in CHOICES.items()} for section in board.sections]
    lines = {row.label for rows in by_section for kind in LINES for row, _ in rows[kind]}
    styles = {label: place for place, label in enumerate(sorted(lines))}
    return tuple(
        tuple(_plan(board, section, kind, rows, styles) for kind, rows in kinds.items() if rows)
        for section, kinds in zip(board.sections, by_section, strict=True)
    )


RowRuns = list[tuple[Row, tuple[Run, ...]]]


def _with(kind: str, rows: Iterable[Row]) -> RowRuns:
    pairs = [(row, tuple(run for run in row.runs if run.arrays >= NEEDS[kind])) for row in rows]
    return [(row, runs) for row, runs in pairs if runs]


def _discoverers(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if not row.told_group and not row.repeats]


def _generators(rows: Iterable[Row]) -> RowRuns:
    return [(row, runs[:1]) for row, runs in _with("generators", _discoverers(rows))]


def _samples(rows: Iterable[Row]) -> RowRuns:
    """The true group, then the discoverers; empty without a discoverer to compare the group with."""
    discovered = [(row, runs[:1]) for row, runs in _with("samples", _discoverers(rows))]
    true_group = _with("samples", sorted((row for row in rows if row.told_group), key=lambda row: row.label))
    return [*((row, runs[:1]) for row, runs in true_group[:1]), *discovered] if discovered else []


def _angle(rows: Iterable[Row]) -> RowRuns:
    with_curve = _with("angle", rows)
    pools = [[pair for pair in with_curve if pair[0].told_group is told_group] for told_group in (False, True)]
    return [pair for pool in pools for pair in pool[:MAX_CURVES]]


def _trace(rows: Iterable[Row]) -> RowRuns:
    return _with("trace", _discoverers(rows))


def _strength(rows: Iterable[Row]) -> RowRuns:
    return _with("strength", _discoverers(rows))


def _spectrum(rows: Iterable[Row]) -> RowRuns:
    return _with("spectrum", _discoverers(rows))


CHOICES: Mapping[str, Callable[[tuple[Row, ...]], RowRuns]] = {
    "generators": _generators,
    "samples": _samples,
    "angle": _angle,
    "trace": _trace,
    "strength": _strength,
    "spectrum": _spectrum,
}


def _plan(board: Board, section: Section, kind: str, selected: RowRuns, styles: Mapping[str, int]) -> FigurePlan:
    metric = board.task.metric
    rows = tuple(
        FigureRow(
            label=TRUE_GROUP if kind == "samples" and row.told_group else row.label,
            told=row.told_group,
            style=styles.get(row.label, 0) if kind in LINES else 0,
            runs=runs,
        )
        for row, runs in selected[:MAX_ROWS]
    )
    score = metric.name.partition("/")[2]
    units = {row.entries["equivariance/e_prime"].unit for row, _ in selected if "equivariance/e_prime" in row.entries}
    labels = score + unit_suffix({metric.unit}), "E′" + unit_suffix(units)
    cut = f" The first {len(rows)} of {len(selected)} rows." if len(selected) > len(rows) else ""
    shown = [asdict(row) | {"runs": [(run.key, run.seed, run.started, "ok") for run in row.runs]} for row in rows]
    for row in shown:
        del row["points"]
    place = (section.version, section.budget, section.train_fraction, section.data)
    digest = hashlib.sha256(json.dumps([kind, FIGURE_VERSION, place, labels, shown]).encode()).hexdigest()[:8]
    return FigurePlan(
        kind=kind,
        name=f"{board.task.id}-{section.budget}-{kind}-{digest}.png",
        alt=f"{_alt(kind, score)}: {_names(rows)}",
        caption=_caption(kind, rows, score) + cut,
        rows=rows,
        score=labels[0],
        error=labels[1],
        falls=not metric.higher_is_better,
    )


def _names(rows: tuple[FigureRow, ...], at_most: int = 8) -> str:
    more = f", and {len(rows) - at_most} more" if len(rows) > at_most else ""
    return ", ".join(row.label for row in rows[:at_most]) + more


def _alt(kind: str, score: str) -> str:
    return {
        "generators": "Heat maps of the learned generators",
        "samples": "A test input and its augmentations",
        "angle": f"Curves of {score} and E′ against the angle of the input",
        "strength": "How many generators are declared against the threshold of their strength",
        "spectrum": "The share of every direction of the search space that a trained network leaves uncancelled",
        "trace": "Cosine of the learned generators with the textbook's during training",
    }[kind]


def _caption(kind: str, rows: tuple[FigureRow, ...], score: str) -> str:
    seeds = sorted({row.runs[0].seed for row in rows})
    which = f"seed {seeds[0]}" if len(seeds) == 1 else "each row's lowest seed with a result"
    if kind == "generators":
        textbook = any("truth" in run.arrays for row in rows for run in row.runs)
        start = "The textbook's, then what each method found" if textbook else "What each method found"
        sign = ", in the sign nearest the textbook; |cos| is the cosine of that seed" if textbook else ""
        several = " Several at once are turned onto the textbook's (orthogonal Procrustes)." if textbook else ""
        computed = any("truth_algebra" in run.arrays for row in rows for run in row.runs)
        true = " True: computed from the map, where it is small and not the textbook's alone." if computed else ""
        return f"{start}: {which}, at Frobenius norm 1{sign}.{several}{true}"
    if kind == "samples":
        truth = "of the true group and " if any(row.label == TRUE_GROUP for row in rows) else ""
        return f"One test input, the same in every row, moved by random elements {truth}of what was found: {which}."
    if kind == "angle":
        dashed = "; methods told the group dashed" if any(row.told for row in rows) else ""
        best = f" At most the {MAX_CURVES} best rows of each pool."
        return (
            f"Upright test inputs turned by each angle: {score} and E′, mean, least and most over seeds{dashed}.{best}"
        )
    if kind == "strength":
        return (
            "How many of the found generators have at least that strength: 1 where moved validation examples fit as "
            "the original ones do, 0 where as little as examples that random generators move as far. Mean, least and "
            f"most over seeds. The dashed line, {DECLARED_ABOVE:g}, was chosen on systems of no board."
        )
    if kind == "spectrum":
        return (
            "For each direction of the search space, by residual, the share of Df(x)(A·x) and A·f(x) that does not "
            "cancel for the trained network f; 0 for a symmetry. One line per seed. The dashed line is the largest "
            "share of a declared direction, chosen on systems of no board; who is told a number does not use it."
        )
    return (
        "|cos| with the textbook's generators (best assignment) after each epoch, one line per seed. A right symmetry "
        "in another basis stays below 1. The textbook serves this drawing only: no method sees it."
    )
