"""Progress bars for people: on a terminal only, and only for what takes a while."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from bench.api import OnProgress


class Bars:
    """Bars with elapsed and remaining time, any number at once; where there is no terminal, a line for each title."""

    def __init__(self) -> None:
        from rich.console import Console  # here: only commands that run something need it
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
        """Begin a bar; returns what moves it, and what takes it away."""
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
    """One bar named ``title``, which stays."""
    with Bars() as bars:
        on_progress, _ = bars.add(title)
        yield on_progress
