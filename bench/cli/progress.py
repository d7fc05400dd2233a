"""Progress bars for people: on a terminal only, and only for what takes a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench.api import OnProgress


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[OnProgress]:
    """A bar named ``title`` with elapsed and remaining time; where there is no terminal, one line and no bar."""
    from rich.console import Console  # here: only commands that run something need it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console()
    if not console.is_terminal:
        print(title, flush=True)
        yield lambda done, total: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        handle = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(handle, completed=done, total=total)
