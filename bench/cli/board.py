"""`python -m bench leaderboard`: write the pages from the records, or check that they are up to date."""

from __future__ import annotations

from pathlib import Path

import typer

from bench.leaderboard.site import Cards, write_pages
from bench.records.paths import results_dir
from bench.running.registry import load_registry
from bench.running.standing import Standing


def board_command(root: Path, *, check: bool) -> int:
    """Pages go beside the results folder; 1 when ``check`` finds a page that differs from a regenerated one."""
    registry = load_registry()
    out = root.parent
    readme = out.parent / "README.md" if root.resolve() == results_dir() else None
    if readme is not None and not readme.exists():
        readme = None
    cards = Cards({name: task.card for name, task in registry.tasks.items()}, registry.method_card)
    pages = write_pages(root, out, cards, Standing(root, registry), check=check, readme=readme)
    if not check:
        typer.echo(f"written: {', '.join(pages)}" if pages else "every page was up to date")
        typer.echo(f"next: open {out / 'index.html'} in a browser, or read {out / 'README.md'}")
        return 0
    for page in pages:
        typer.echo(f"error: {out / page} is missing or out of date; `python -m bench leaderboard` writes it.", err=True)
    return 1 if pages else 0
