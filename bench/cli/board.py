"""`python -m bench leaderboard`: write the pages from the records, or check that they are up to date."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import typer

from bench.leaderboard.site import INDEX, Cards, write_html, write_pages
from bench.records.command_line import command_line
from bench.records.paths import pages_dir, results_dir
from bench.records.store import Store
from bench.running.registry import load_registry
from bench.running.standing import is_stale


def board_command(root: Path, *, check: bool, html: bool) -> int:
    """Write the pages next to the results folder. Returns 1 if ``check`` finds a page that is out of date, else 0."""
    registry, store, out = load_registry(), Store(root), pages_dir(root)
    cards = Cards({name: task.card for name, task in registry.tasks.items()}, registry.method_card)
    stale = partial(is_stale, registry=registry)
    readme = out.parent / "README.md" if root.resolve() == results_dir() else None
    if readme is not None and not readme.exists():
        readme = None
    changes = write_pages(store, out, cards, stale, check=check, readme=readme)
    for problem in dict.fromkeys(changes.problems):
        typer.echo(f"warning: left out: {problem}", err=True)
    if changes.earlier:
        counted = (
            "1 record of an earlier protocol is"
            if changes.earlier == 1
            else (f"{changes.earlier} records of an earlier protocol are")
        )
        typer.echo(f"{counted} skipped", err=True)
    if check:
        again = command_line("leaderboard", results=root)
        for page in (*changes.written, *changes.removed):
            typer.echo(f"error: {out / page} is out of date; `{again}` updates it.", err=True)
        return 1 if changes.written or changes.removed else 0
    for word, names in (("written", changes.written), ("removed", changes.removed)):
        if names:
            typer.echo(f"{word}: {', '.join(names)}")
    if not changes.written and not changes.removed:
        typer.echo("all pages were up to date")
    if html:
        typer.echo(f"next: open {write_html(store, out, cards, stale)} in a browser")
    else:
        typer.echo(f"next: read {out / INDEX}")
    return 0
