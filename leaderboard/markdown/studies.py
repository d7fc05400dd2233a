"""The page of a study: what is varied, and for each task one table and one figure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bench.leaderboard.board.model import Row
from bench.leaderboard.drawing.plan import PAGES, FigurePlan
from bench.leaderboard.markdown.pages import MARKER
from bench.leaderboard.markdown.study_figures import line_label, plan_study, score_title
from bench.leaderboard.markdown.write import blocks, code, escape, table
from bench.leaderboard.studies.build import StudyPart, StudyResult
from bench.leaderboard.studies.study import Study
from bench.leaderboard.tables import study_texts as texts
from bench.leaderboard.tables.cells import EMPTY, TableCell, entry_cell, share_cell
from bench.leaderboard.tables.prose import paragraph
from bench.leaderboard.tables.section import data_name
from bench.leaderboard.tables.text import value_text
from bench.leaderboard.tables.texts import facts
from bench.records.record import Value

#: Folder of the pages, below the folder of the index.
STUDY_PAGES = "studies"
#: Significant digits of the primary metric, and of other scores.
DIGITS, OTHER_DIGITS = 4, 3


def render_study(result: StudyResult, boards: Collection[str]) -> str:
    """The page of one study; it links to those of its tasks that are among ``boards``."""
    study = result.study
    parameters = [axis.parameter for axis in (study.axis, study.series) if axis]
    parts = [
        MARKER,
        f"# {escape(study.title)}",
        blocks([paragraph(study.about), texts.study_cells(parameters, study.fixed, study.budget, study.seeds)]),
        blocks([texts.STUDY_READING]),
        "[How to read the scores](../README.md#how-to-read-the-tables)",
        *(_part(study, part, part.task.id in boards) for part in result.parts),
        blocks([*texts.study_waiting(result.waiting), texts.study_suite(study.suite)]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def render_study_links(studies: Iterable[Study]) -> str:
    """The part of the index that links the pages of ``studies``; empty without one."""
    links = [f"- [{escape(study.title)}]({STUDY_PAGES}/{study.id}.md)" for study in studies]
    return "\n\n".join([f"## {texts.STUDIES_TITLE}", blocks([texts.STUDIES_ABOUT]), "\n".join(links)]) if links else ""


def _part(study: Study, part: StudyPart, has_board: bool) -> str:
    task = part.task.id
    figure = plan_study(study, part)
    parts = [
        f"## {f'[{code(task)}](../{PAGES}/{task}.md)' if has_board else code(task)}",
        blocks(facts(part.section, data_name(part.section))),
        _table(study, part),
        blocks(texts.study_failures(_failures(study, part))),
        _figure(figure) if figure is not None else "",
    ]
    return "\n\n".join(filter(None, parts))


def _figure(figure: FigurePlan) -> str:
    return f"![{escape(figure.alt)}](figures/{figure.name})\n\n*{escape(figure.caption)}*"


def _table(study: Study, part: StudyPart) -> str:
    """A line for each setting, whether it was run or not."""
    axes = [study.axis.title] if study.series is None else [study.series.title, study.axis.title]
    several = ["method"] if len(study.methods) > 1 else []
    headers = [*several, *axes, *(score_title(part, name) for name in study.names(part.task)), "n ok"]
    lines = []
    for point in study.points:
        row = part.rows.get(point)
        values = [_value(point.value, default=row is not None and not row.changed)]
        values = values if study.series is None else [_value(point.series), *values]
        method = [TableCell(point.method, style="code")] if several else []
        lines.append([*method, *values, *_scores(study, part, row), _counted(study, row)])
    return table(headers, lines)


def _value(value: Value, default: bool = False) -> TableCell:
    text = value_text(value) + (" (default)" if default else "")
    return TableCell(text, value if isinstance(value, int | float) else None)


def _scores(study: Study, part: StudyPart, row: Row | None) -> list[TableCell]:
    if row is None:
        return [EMPTY for _ in study.scores]
    primary = part.task.metric.name
    return [
        entry_cell(row.entries.get(name), DIGITS if name == primary else OTHER_DIGITS, row.ok)
        for name in study.names(part.task)
    ]


def _counted(study: Study, row: Row | None) -> TableCell:
    return TableCell("missing", 0.0) if row is None else share_cell(row.ok, len(study.seeds))


def _failures(study: Study, part: StudyPart) -> Iterable[tuple[str, int, str, str]]:
    """The setting, the seed, the status and the reason of every run without a result."""
    for point in study.points:
        row = part.rows.get(point)
        where = f"{line_label(study, point)}, {study.axis.title} {value_text(point.value)}"
        for failure in row.failures if row is not None else ():
            yield where, failure.seed, failure.status, failure.reason
