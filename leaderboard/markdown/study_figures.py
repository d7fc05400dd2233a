"""Plans the figure of a study on one task: a panel for each score over the parameter, or one score against another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Set
from dataclasses import asdict

from bench.leaderboard.board.model import Row
from bench.leaderboard.drawing.panel import Curve, Panel, Spot
from bench.leaderboard.drawing.plan import FIGURE_VERSION, FigurePlan
from bench.leaderboard.studies.build import StudyPart
from bench.leaderboard.studies.study import PRIMARY, Point, Study
from bench.leaderboard.tables.study_texts import AGAINST_CAPTION, PARAMETER_CAPTION
from bench.leaderboard.tables.text import significant, value_text
from bench.metrics.scores import SCORES

#: Folder of the figures, below the folder of the index.
STUDY_FIGURES = "studies/figures"
#: Significant digits that are drawn, which every machine computes alike.
DIGITS = 6


def plan_study(study: Study, part: StudyPart) -> FigurePlan | None:
    """The figure; None where no setting has the scores that it shows."""
    if study.against is None:
        kind, panels = "parameter", [_over_parameter(study, part, name) for name in study.names(part.task)]
        caption = PARAMETER_CAPTION
    else:
        kind, panels = "against", [_against(study, part, study.against)]
        caption = AGAINST_CAPTION.format(parameter=study.axis.title)
    filled = tuple(panel for panel in panels if panel.curves)
    if not filled:
        return None
    digest = hashlib.sha256(json.dumps([FIGURE_VERSION, *map(asdict, filled)]).encode()).hexdigest()[:8]
    scores = ", ".join(panel.y for panel in filled)
    lines = ", ".join(dict.fromkeys(curve.label for panel in filled for curve in panel.curves))
    return FigurePlan(
        kind=kind,
        name=f"{study.id}-{part.task.id}-{kind}-{digest}.png",
        alt=f"{scores} against {filled[0].x} on {part.task.id}: {lines}",
        caption=caption,
        rows=(),
        score="",
        error="",
        panels=filled,
    )


def line_label(study: Study, point: Point) -> str:
    """The name of the line of ``point``: what distinguishes it from the others."""
    series = f"{study.series.title} {value_text(point.series)}" if study.series else ""
    return " ".join(filter(None, (point.method if len(study.methods) > 1 or not series else "", series)))


def _over_parameter(study: Study, part: StudyPart, name: str) -> Panel:
    """The score ``name`` over the values of the axis, which stand at 0, 1, ..."""

    def spot(place: int, row: Row) -> Spot:
        seeds = [(float(place), _rounded(value)) for _, value in sorted(row.values[name].items())]
        return Spot(place, ticks[place], float(place), _rounded(row.entries[name].mean), tuple(seeds))

    ticks = tuple(value_text(value) for value in study.axis.values)
    share = SCORES.on(part.task).range_of(name) == (0.0, 1.0)
    falls = (False, _falls(part, name))
    curves = _curves(study, part, {name}, spot)
    return Panel(study.axis.title, score_title(part, name), curves, ticks, falls, share)


def _against(study: Study, part: StudyPart, scores: tuple[str, str]) -> Panel:
    """The second score over the first."""
    x, y = (part.task.metric.name if name == PRIMARY else name for name in scores)

    def spot(place: int, row: Row) -> Spot:
        of_x, of_y = row.values[x], row.values[y]
        seeds = [(_rounded(of_x[seed]), _rounded(of_y[seed])) for seed in sorted(of_x.keys() & of_y.keys())]
        mean_x, mean_y = _rounded(row.entries[x].mean), _rounded(row.entries[y].mean)
        return Spot(place, value_text(study.axis.values[place]), mean_x, mean_y, tuple(seeds))

    falls = (_falls(part, x), _falls(part, y))
    return Panel(score_title(part, x), score_title(part, y), _curves(study, part, {x, y}, spot), (), falls)


def _curves(study: Study, part: StudyPart, names: Set[str], spot: Callable[[int, Row], Spot]) -> tuple[Curve, ...]:
    """A curve for each line of the study, through the settings that have all scores in ``names``."""
    curves = []
    for style, line in enumerate(study.lines):
        rows = ((place, part.rows.get(point)) for place, point in enumerate(line))
        spots = tuple(spot(place, row) for place, row in rows if row is not None and row.entries.keys() >= names)
        if spots:
            curves.append(Curve(line_label(study, line[0]), style, spots))
    return tuple(curves)


def score_title(part: StudyPart, name: str) -> str:
    """The header of a score on the task of ``part``."""
    score = SCORES.on(part.task).find(name)
    return name if score is None else score.title_on(part.task)


def _falls(part: StudyPart, name: str) -> bool:
    score = SCORES.on(part.task).find(name)
    return score is not None and score.higher_is_better_on(part.task) is False


def _rounded(value: float) -> float:
    rounded = significant(value, DIGITS)
    assert rounded is not None  # records hold finite scores
    return rounded
