"""`python -m bench discover`: searches a user's own data for symmetries and writes a report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from bench.api import OnProgress
from bench.cli.progress import Bars
from bench.errors import BenchError
from bench.own.discover import discover_in
from bench.own.reading import read_data

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
INTERRUPTED = 130


def discover_command(path: Path, folder: Path | None, output: str, limit: str, choices: dict[str, Any]) -> int:
    """Search the data of ``path``; the report goes to ``folder``. Returns 0, or 130 after Ctrl-C.

    Raises:
        BenchError: when the file or a choice cannot be used, before anything is written.
    """
    seconds = parse_time(limit)
    data = read_data(path, **choices)
    place = folder or Path(f"{path.stem}-symmetry")
    typer.echo(f"{len(data):,} rows, {len(data.inputs)} input columns, target {', '.join(data.targets[:6])}")
    for note in data.notes:
        typer.echo(note)
    with Bars() as bars:
        result = discover_in(data, output, seconds, _Stages(bars))
    result.save(place)
    typer.echo("\n" + result.summary())
    typer.echo(f"\nreport: {place / 'report.html'} and report.md ({result.seconds:.0f} s)")
    if result.best.kept:
        typer.echo(f"symmetry: {place / 'symmetry.npz'}\n\n{result.snippet(str(place / 'symmetry.npz'))}")
    return INTERRUPTED if result.stopped else 0


def parse_time(text: str) -> float:
    """Seconds of ``"90"``, ``"90s"``, ``"10m"`` or ``"1h"``.

    Raises:
        BenchError: for any other text, or less than a second.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    seconds = float(match[1]) * UNITS[match[2] or "s"] if match else 0.0
    if seconds < 1.0:
        raise BenchError(f"--time is {text!r}; it must be like 90s, 10m or 1h.")
    return seconds


class _Stages:
    """Shows one bar per stage on a terminal, and one line per stage elsewhere."""

    def __init__(self, bars: Bars) -> None:
        self.bars, self.title = bars, ""
        self.bar: tuple[OnProgress, Callable[[], None]] | None = None  # what moves the bar, what removes it

    def __call__(self, title: str, share: float) -> None:
        if self.bar is None or title != self.title:
            if self.bar is not None:
                self.bar[1]()
            self.title, self.bar = title, self.bars.add(title)
        self.bar[0](round(100 * share), 100)
