"""The pages of a store: written, or held against what is committed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.api import MethodCard
from bench.errors import BenchError
from bench.leaderboard.build import HIDDEN_BUDGETS, build_board
from bench.leaderboard.render_markdown import MARKER, render_index, render_task
from bench.registry import Registry
from bench.store import Record, Store

INDEX = "README.md"


def write_pages(
    store_root: Path, out_dir: Path, registry: Registry, is_stale: Callable[[Record], bool], check: bool = False
) -> list[str]:
    """Write the index and one page per task with a record; remove generated pages that have none any more.

    Args:
        store_root: the folder of the records.
        out_dir: where the pages lie.
        registry: for the cards of tasks and methods.
        is_stale: whether a record's code has changed since.
        check: write nothing.

    Returns:
        The names of the pages that differed, were missing, or were left over; empty when all was up to date.

    Raises:
        BenchError: when a file in the way was not generated, or a page cannot be written.
    """
    pages = render_pages(store_root, registry, is_stale)
    present = {
        path.name: path.read_text(encoding="utf-8", errors="replace") for path in out_dir.glob("*.md") if path.is_file()
    }
    left_over = {name for name, text in present.items() if name not in pages and text.startswith(MARKER)}
    changed = sorted(left_over | {name for name, text in pages.items() if present.get(name) != text})
    if check:
        return changed
    for name in changed:
        if name in present and not present[name].startswith(MARKER):
            raise BenchError(
                f"{str(out_dir / name)!r} was not generated and is not overwritten; move it away, or keep the results "
                "in another folder (--results DIR)."
            )
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name in changed:
            if name in left_over:
                (out_dir / name).unlink()
            else:
                temporary = out_dir / f".{name}-{os.getpid()}.tmp"
                temporary.write_text(pages[name], encoding="utf-8", newline="\n")
                temporary.replace(out_dir / name)
    except OSError as error:
        raise BenchError(f"pages in {str(out_dir)!r} cannot be written ({error.strerror}).") from None
    return changed


def render_pages(store_root: Path, registry: Registry, is_stale: Callable[[Record], bool]) -> dict[str, str]:
    """File name -> text of every page."""
    found = Store(store_root).scan()
    records = [record for record in found.records.values() if record["budget"] not in HIDDEN_BUDGETS]
    held = Counter(record["task"]["id"] for record in records)
    skipped = Counter(path.relative_to(store_root).parts[0].partition("@")[0] for path in found.skipped)

    def card_of(name: str) -> MethodCard | None:
        try:
            return registry.method(name).card
        except BenchError:
            return None  # a plugin's, or gone: its records still count

    boards = [
        build_board(records, task.card, card_of, is_stale, skipped[name])
        for name, task in sorted(registry.tasks.items())
        if held[name]
    ]
    without = [name for name in registry.tasks if not held[name]]
    unknown = {name: count for name, count in held.items() if name not in registry.tasks}
    pages = {f"{board.task.id}.md": render_task(board) for board in boards}
    return {**pages, INDEX: render_index(boards, without, unknown, skipped.total())}
