"""Progress bars for long operations, shown only on a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from bench.api import OnProgress


class Bars:
    """Any number of bars with elapsed and remaining time. Without a terminal, each title is printed as a line."""

    def __init__(self) -> None:
        from rich.console import Console  # imported here because only commands that run something need it
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        title = TextColumn("{task.description}", markup=False)
        console = Console()
        self.is_shown = console.is_terminal
        self._bars = Progress(title, BarColumn(), TimeElapsedColumn(), TimeRemainingColumn(), console=console)

    def __enter__(self) -> Self:
        if self.is_shown:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.is_shown:
            self._bars.stop()

    def add(self, title: str) -> tuple[OnProgress, Callable[[], None]]:
        """Add a bar. Returns the function that moves it and the function that removes it."""
        if not self.is_shown:
            print(title, flush=True)
            return lambda done, total: None, lambda: None
        bar = self._bars.add_task(title, total=None)
        return (
            lambda done, total: self._bars.update(bar, completed=done, total=total),
            lambda: self._bars.remove_task(bar),
        )


@contextlib.contextmanager
def progress_bar(title: str) -> Iterator[OnProgress]:
    """Show one bar named ``title``, which stays visible; yields the function that moves it."""
    with Bars() as bars:
        on_progress, _ = bars.add(title)
        yield on_progress
