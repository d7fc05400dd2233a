"""The pages of a store and their figures: written, or held against what is committed.

Texts are compared byte for byte. A figure's name tells what it shows, so of figures only the existence is checked:
their bytes differ between versions of matplotlib.
"""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.api import Array, MethodCard, TaskCard
from bench.errors import BenchError
from bench.leaderboard.board.build import HIDDEN_BUDGETS, build_board
from bench.leaderboard.board.model import Run
from bench.leaderboard.board.overall import Overall, build_overall
from bench.leaderboard.claims.claims import render_claims
from bench.leaderboard.claims.semola import CLAIMS
from bench.leaderboard.drawing.learning import figures_of
from bench.leaderboard.drawing.plan import FOLDER, NAME, FigurePlan
from bench.leaderboard.html.data import page_data
from bench.leaderboard.html.render import render_html
from bench.leaderboard.markdown.pages import MARKER, index_remarks, render_index, render_task
from bench.leaderboard.markdown.readme import with_board
from bench.leaderboard.tables.effort import remaking
from bench.records.atomic import renamed_to
from bench.records.preset import read_presets
from bench.records.store import Record, Store, read_arrays

INDEX, REPORT, HTML = "README.md", "claims.md", "index.html"
#: The task whose generators the project's README shows.
PICTURED = "nbody_1step_id-"


@dataclass(frozen=True)
class Cards:
    """What this installation knows: the card of every task, and that of a method by its name, None if unknown."""

    tasks: Mapping[str, TaskCard]
    method: Callable[[str], MethodCard | None]


@dataclass(frozen=True)
class Site:
    """What belongs beside a store: the text of every page, the plan of every figure, and how to read its arrays."""

    pages: Mapping[str, str]  # by file name
    figures: Mapping[str, FigurePlan]  # by file name below FOLDER
    load: Callable[[Run], Mapping[str, Array]]
    overall: Overall


def write_pages(
    store_root: Path,
    out_dir: Path,
    cards: Cards,
    standing: Callable[[Record], str],
    check: bool = False,
    readme: Path | None = None,
) -> list[str]:
    """Write the index, one page per task with a record, and their figures; remove generated ones that are left over.

    Args:
        store_root: the folder of the records.
        out_dir: where the pages lie.
        cards: of tasks and methods.
        standing: "current", "equal" or "stale", as `bench.running.standing.Standing` tells it.
        check: write nothing, and draw nothing.
        readme: the project's, whose generated part is made anew too.

    Returns:
        The names of the pages that differed and of the files that were missing or left over; empty when all was up
        to date.

    Raises:
        BenchError: when a file in the way was not generated, or a file cannot be written.
    """
    site = plan_site(store_root, cards, standing)
    pages = site.pages
    present = {
        path.name: path.read_text(encoding="utf-8", errors="replace")
        for path in [*out_dir.glob("*.md"), out_dir / HTML]
        if path.is_file()
    }
    left_over = {name for name, text in present.items() if name not in pages and text.startswith(MARKER)}
    changed = sorted(left_over | {name for name, text in pages.items() if present.get(name) != text})
    drawn = {path.name for path in (out_dir / FOLDER).glob("*.png") if NAME.fullmatch(path.name)}
    missing, unnamed = sorted(site.figures.keys() - drawn), sorted(drawn - site.figures.keys())
    every = [*changed, *(f"{FOLDER}/{name}" for name in sorted([*missing, *unnamed]))]
    if readme is not None:
        folder = os.path.relpath(out_dir, readme.parent)
        before = readme.read_text(encoding="utf-8")
        after = with_board(before, site.overall, _shown_in_readme(site), folder)
        every += [os.path.relpath(readme, out_dir)] if before != after else []
    if check:
        return every
    for name in changed:
        if name in present and not present[name].startswith(MARKER):
            raise BenchError(
                f"{str(out_dir / name)!r} was not generated and is not overwritten; move it away, or keep the results "
                "in another folder (--results DIR)."
            )
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        # Figures first, and the old ones last: whoever reads a page meanwhile finds those that it names.
        _draw(out_dir / FOLDER, [site.figures[name] for name in missing], site.load)
        for name in changed:
            if name in left_over:
                (out_dir / name).unlink()
            else:
                with renamed_to(out_dir / name) as temporary:
                    temporary.write_text(pages[name], encoding="utf-8", newline="\n")
        for name in unnamed:
            (out_dir / FOLDER / name).unlink()
        if readme is not None and before != after:
            with renamed_to(readme) as temporary:
                temporary.write_text(after, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BenchError(f"pages in {str(out_dir)!r} cannot be written ({error.strerror}).") from None
    return every


def plan_site(store_root: Path, cards: Cards, standing: Callable[[Record], str]) -> Site:
    """All that the store's records make; of the arrays only those that the HTML page draws are read."""
    found = Store(store_root).scan()
    records = [record for record in found.records.values() if record["budget"] not in HIDDEN_BUDGETS]
    places = {(record["key"], record["seed"]): (path, record) for path, record in found.records.items()}
    held = Counter(record["task"]["id"] for record in records)
    skipped = Counter(path.relative_to(store_root).parts[0].partition("@")[0] for path in found.skipped)

    def names_of(record: Record) -> frozenset[str]:
        return array_names(*places[record["key"], record["seed"]])

    def load(run: Run, names: Collection[str] | None = None) -> Mapping[str, Array]:
        try:
            return read_arrays(*places[run.key, run.seed], names)
        except BenchError:
            return {}  # its row is left out of the figure

    presets = read_presets(store_root)
    boards = [
        build_board(records, card, cards.method, standing, skipped[name], names_of, presets)
        for name, card in sorted(cards.tasks.items())
        if held[name]
    ]
    without = [name for name in cards.tasks if not held[name]]
    unknown = {name: count for name, count in held.items() if name not in cards.tasks}
    pages = {f"{board.task.id}.md": render_task(board) for board in boards}
    report = render_claims(CLAIMS, [record for record in records if standing(record) != "stale"])
    if report is not None:
        pages[REPORT] = f"{MARKER}\n\n{report}"
    remarks = [*index_remarks(without, unknown, skipped.total()), *filter(None, [remaking(records)])]
    overall = build_overall(boards)
    pages[INDEX] = render_index(boards, overall, remarks, REPORT if report else None)
    pages[HTML] = render_html(page_data(boards, overall, load, remarks, REPORT if report else None))
    plans = {plan.name: plan for board in boards for section in figures_of(board) for plan in section}
    return Site(pages, plans, load, overall)


def _shown_in_readme(site: Site) -> FigurePlan | None:
    """The first figure of generators: the task's own name decides, not what it shows."""
    named = sorted(name for name, plan in site.figures.items() if plan.kind == "generators" and PICTURED in name)
    return site.figures[named[0]] if named else None


def array_names(path: Path, record: Record) -> frozenset[str]:
    """The names of the arrays beside the record at ``path``, from the archive's table of contents alone."""
    if record["arrays"] is None:
        return frozenset()
    try:
        with zipfile.ZipFile(path.with_name(record["arrays"])) as archive:
            return frozenset(name.removesuffix(".npy") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return frozenset()


def _draw(folder: Path, plans: list[FigurePlan], load: Callable[[Run], Mapping[str, Array]]) -> None:
    if not plans:
        return
    from bench.leaderboard.drawing.draw import draw, to_png  # matplotlib is slow to import

    folder.mkdir(exist_ok=True)
    for plan in plans:
        figure = draw(plan, load)
        if figure is not None:
            with renamed_to(folder / plan.name) as temporary:
                to_png(figure, temporary)
