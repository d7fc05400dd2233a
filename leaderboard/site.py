"""Writes the pages of a store and their figures, or checks them against the files on disk.

Texts are compared byte for byte. A figure's name contains a digest of its data, so only its existence is checked: the
bytes of figures differ between versions of matplotlib.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.api import Array, MethodCard, TaskCard
from bench.errors import BenchError
from bench.leaderboard.board.build import HIDDEN_BUDGETS, build_board
from bench.leaderboard.board.finders import build_finders
from bench.leaderboard.board.model import Board, Run
from bench.leaderboard.board.users import build_users
from bench.leaderboard.claims import ours, semola
from bench.leaderboard.drawing.learning import figures_of
from bench.leaderboard.drawing.plan import FOLDER, NAME, PAGES, FigurePlan, task_of_figure
from bench.leaderboard.html.data import page_data
from bench.leaderboard.html.render import render_html
from bench.leaderboard.markdown.claims import render_claims
from bench.leaderboard.markdown.pages import MARKER, render_index, render_task
from bench.leaderboard.markdown.readme import with_board
from bench.leaderboard.markdown.studies import STUDY_PAGES, render_study, render_study_links
from bench.leaderboard.markdown.study_figures import STUDY_FIGURES, plan_study
from bench.leaderboard.studies.build import StudyResult, build_studies
from bench.leaderboard.studies.study import only_studied
from bench.leaderboard.studies.table import STUDIES
from bench.leaderboard.tables.effort import effort_of
from bench.leaderboard.tables.front import FrontPage, front_pages
from bench.leaderboard.tables.prose import Block
from bench.leaderboard.tables.texts import not_shown, remaking
from bench.records.atomic import renamed_to
from bench.records.preset import Preset, read_presets
from bench.records.record import Record, replaced
from bench.records.store import Scan, Store

INDEX, REPORT, HTML = "README.md", "claims.md", "index.html"
#: The task whose generators the project's README shows.
PICTURED = "partial_permutation-"


@dataclass(frozen=True)
class Cards:
    """The card of every installed task, and a function from a method's name to its card, or None if it is unknown."""

    tasks: Mapping[str, TaskCard]
    method: Callable[[str], MethodCard | None]


@dataclass(frozen=True)
class Site:
    """The text of every page of a store, the plan of every figure, and a function that reads arrays."""

    pages: Mapping[str, str]  # by path below the folder of the pages
    figures: Mapping[str, FigurePlan]  # by path below the folder of the pages
    boards: tuple[Board, ...]
    fronts: tuple[FrontPage, ...]
    remarks: tuple[Block, ...]
    load: Callable[..., Mapping[str, Array]]  # (run, names) -> arrays; empty where they cannot be read
    problems: tuple[str, ...]  # a line for each record or array file that cannot be read
    earlier: int  # records of an earlier protocol, which are skipped


@dataclass(frozen=True)
class Changes:
    """Changed and removed files, as paths below the folder of the pages, and records that are left out."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    problems: tuple[str, ...]  # a line for each record that cannot be read
    earlier: int  # records of an earlier protocol


def write_pages(
    store: Store,
    out_dir: Path,
    cards: Cards,
    is_stale: Callable[[Record], bool],
    check: bool = False,
    readme: Path | None = None,
) -> Changes:
    """Write the index, one page per task with a record, those of studies, and their figures; remove outdated ones.

    Pages and figures of tasks that ``cards`` do not know stay as they are.

    Args:
        store: the records.
        out_dir: folder of the pages.
        cards: cards of tasks and methods.
        is_stale: whether a record is of another version, as `bench.running.standing.is_stale` says.
        check: write nothing, and draw nothing.
        readme: the README of the project, whose generated part is updated too.

    Raises:
        BenchError: when a file in the way was not generated, or a file cannot be written.
    """
    site = plan_site(store, cards, is_stale)
    present = _present(out_dir)
    changed = sorted(name for name, text in site.pages.items() if present.get(name) != text)
    drawn = _drawn(out_dir)
    missing = sorted(site.figures.keys() - drawn)
    removed = [name for name, text in present.items() if name not in site.pages and _is_ours(name, text, cards)]
    removed += [name for name in drawn - site.figures.keys() if _is_our_figure(name, cards)]
    after = None
    if readme is not None:
        before = readme.read_text(encoding="utf-8")
        after = with_board(before, site.fronts, _shown_in_readme(site), os.path.relpath(out_dir, readme.parent))
        after = None if after == before else after
    written = [*changed, *missing]
    written += [os.path.relpath(readme, out_dir)] if readme is not None and after is not None else []
    changes = Changes(tuple(written), tuple(sorted(removed)), site.problems, site.earlier)
    if not check:
        _refuse_foreign(out_dir, changed, present)
        try:
            # Write figures first and remove old ones last, so that every page on disk finds its figures.
            _draw(out_dir, {name: site.figures[name] for name in missing}, site.load)
            for name in changed:
                _write(out_dir / name, site.pages[name])
            if readme is not None and after is not None:
                _write(readme, after)
            for name in removed:
                (out_dir / name).unlink()
        except OSError as error:
            raise BenchError(f"pages in {str(out_dir)!r} cannot be written ({error.strerror}).") from None
    return changes


def write_html(store: Store, out_dir: Path, cards: Cards, is_stale: Callable[[Record], bool]) -> Path:
    """Write the one HTML page of all boards; returns its path.

    Raises:
        BenchError: when it cannot be written.
    """
    site, path = plan_site(store, cards, is_stale), out_dir / HTML
    data = page_data(site.boards, site.fronts, site.load, site.remarks, REPORT if REPORT in site.pages else None)
    try:
        _write(path, render_html(data))
    except OSError as error:
        raise BenchError(f"{str(path)!r} cannot be written ({error.strerror}).") from None
    return path


def plan_site(store: Store, cards: Cards, is_stale: Callable[[Record], bool]) -> Site:
    """The pages and figures of the records of ``store``."""
    scan = store.scan()
    records, problems = _readable(store, scan)
    problems = [*scan.skipped.values(), *problems]
    places = {(record.key, record.seed): place for place, record in scan.records.items()}
    skipped = Counter(place.partition("@")[0] for place in scan.skipped)

    def load(run: Run, names: Collection[str] | None = None) -> Mapping[str, Array]:
        try:
            return store.arrays(places[run.key, run.seed], names)
        except BenchError:
            return {}  # its row is left out of the figure

    presets = read_presets(store.root)
    on_boards = [record for record in records if not _is_studied(record, cards, presets)]
    held = Counter(record.task.id for record in on_boards)
    boards = [
        build_board(on_boards, card, cards.method, is_stale, skipped[name], presets)
        for name, card in sorted(cards.tasks.items())
        if held[name]
    ]
    without = [name for name in cards.tasks if not held[name]]
    unknown = {name: count for name, count in held.items() if name not in cards.tasks}
    pages = {f"{PAGES}/{board.task.id}.md": render_task(board) for board in boards}
    report = render_claims((*semola.CLAIMS, *ours.CLAIMS), [record for record in on_boards if not is_stale(record)])
    if report is not None:
        pages[REPORT] = f"{MARKER}\n\n{report}"
    fresh = [record for record in records if not is_stale(record)]
    studies = build_studies(STUDIES, fresh, cards.tasks, cards.method)
    pages |= {f"{STUDY_PAGES}/{one.study.id}.md": render_study(one, [b.task.id for b in boards]) for one in studies}
    effort = effort_of(records)
    remarks = (*not_shown(without, unknown, skipped.total()), *([remaking(effort)] if effort else []))
    fronts = tuple(front_pages(build_finders(boards), build_users(boards)))
    links = render_study_links(one.study for one in studies)
    pages[INDEX] = render_index(boards, fronts, remarks, REPORT if report else None, links)
    figures = _figures(boards, studies)
    return Site(pages, figures, tuple(boards), fronts, remarks, load, tuple(problems), scan.earlier)


def _figures(boards: Iterable[Board], studies: Iterable[StudyResult]) -> dict[str, FigurePlan]:
    """The plan of every figure, by its path below the folder of the pages."""
    of_boards = (plan for board in boards for section in figures_of(board) for plan in section)
    of_studies = filter(None, (plan_study(one.study, part) for one in studies for part in one.parts))
    figures = {f"{FOLDER}/{plan.name}": plan for plan in of_boards}
    return figures | {f"{STUDY_FIGURES}/{plan.name}": plan for plan in of_studies}


def _readable(store: Store, scan: Scan) -> tuple[list[Record], list[str]]:
    """The records that pages show, without arrays that cannot be read, and why those cannot."""
    records, problems = [], []
    for record in scan.records.values():
        if record.budget not in HIDDEN_BUDGETS:
            if (problem := store.arrays_problem(record)) is not None:
                problems.append(problem)
                record = replaced(record, {"arrays": ()})
            records.append(record)
    return records, problems


def _is_studied(record: Record, cards: Cards, presets: Sequence[Preset]) -> bool:
    """Whether ``record`` is shown by a study alone."""
    card = cards.tasks.get(record.task.id)
    return card is not None and only_studied(record, card, STUDIES, presets)


def _present(out_dir: Path) -> dict[str, str]:
    """The text of every markdown page on disk, by its path below ``out_dir``."""
    return {
        path.relative_to(out_dir).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in [*out_dir.glob("*.md"), *(out_dir / PAGES).glob("*.md"), *(out_dir / STUDY_PAGES).glob("*.md")]
        if path.is_file()
    }


def _drawn(out_dir: Path) -> set[str]:
    """The figures on disk, as paths below ``out_dir``."""
    return {
        f"{folder}/{path.name}"
        for folder in (FOLDER, STUDY_FIGURES)
        for path in (out_dir / folder).glob("*.png")
        if NAME.fullmatch(path.name)
    }


def _refuse_foreign(out_dir: Path, names: Iterable[str], present: Mapping[str, str]) -> None:
    for name in names:
        if name in present and not present[name].startswith(MARKER):
            raise BenchError(
                f"{str(out_dir / name)!r} was not generated and is not overwritten; move it away, or keep the results "
                "in another folder (--results DIR)."
            )


def _is_ours(name: str, text: str, cards: Cards) -> bool:
    """Whether a page was generated, and is the report on claims, a study, or the page of a task in ``cards``."""
    known = name == REPORT or name.startswith(f"{STUDY_PAGES}/") or Path(name).stem in cards.tasks
    return known and text.startswith(MARKER)


def _is_our_figure(name: str, cards: Cards) -> bool:
    """Whether a figure is that of a study, or of a task in ``cards``."""
    folder, _, file = name.rpartition("/")
    return folder == STUDY_FIGURES or task_of_figure(file) in cards.tasks


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with renamed_to(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _shown_in_readme(site: Site) -> FigurePlan | None:
    """The first figure of generators of the task :data:`PICTURED`; None without one."""
    named = sorted(name for name, plan in site.figures.items() if plan.kind == "generators" and PICTURED in name)
    return site.figures[named[0]] if named else None


def _draw(out_dir: Path, plans: Mapping[str, FigurePlan], load: Callable[[Run], Mapping[str, Array]]) -> None:
    if not plans:
        return
    from bench.leaderboard.drawing.draw import draw, to_png  # matplotlib is slow to import

    for name, plan in plans.items():
        figure = draw(plan, load)
        if figure is not None:
            (out_dir / name).parent.mkdir(parents=True, exist_ok=True)
            with renamed_to(out_dir / name) as temporary:
                to_png(figure, temporary)
