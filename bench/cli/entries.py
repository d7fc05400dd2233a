"""`python -m bench list`: methods and tasks as tables.

Their cards are Python, and importing them imports torch, which takes longer than all the rest. So the rows are kept
in the user's cache folder until a source file changes. With plugins or other packages they are made each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.cli.table import table
from bench.datasets.cache import user_cache
from bench.records.command_line import plugin_files
from bench.running.plugins import ENTRY_POINTS

if TYPE_CHECKING:
    from bench.cli.listing import Rows


def list_entries(kind: str) -> None:
    """Print the methods (``kind`` "methods"), the tasks ("tasks") or both ("")."""
    rows = _rows()
    if kind in {"", "methods"}:
        typer.echo(table(rows["methods"]))
        typer.echo("\nA consumer needs generators: use discoverer+consumer, like semola+augment.")
    if not kind:
        typer.echo("")
    if kind in {"", "tasks"}:
        typer.echo(table(rows["tasks"]))
    for entry in rows["broken"]:
        typer.echo(f"\n{entry['name']} could not be imported: {entry['reason']}")
    if not kind:
        typer.echo("\nnext: python -m bench run --method semola --task nbody_1step_id --budget smoke")


def _rows() -> Rows:
    others = any(entry_points(group=group) for group in ENTRY_POINTS.values()) or plugin_files()
    file = None if others else _memo()
    if file is not None:
        with contextlib.suppress(OSError, ValueError):
            kept: Rows = json.loads(file.read_text(encoding="utf-8"))
            return kept
    from bench.cli.listing import entry_rows

    rows = entry_rows()
    if file is not None and not rows["broken"]:
        with contextlib.suppress(OSError):  # only the next list is slower
            _keep(file, rows)
    return rows


def _memo() -> Path | None:
    """The file of the present sources' rows; None where the user has no home folder."""
    digest = hashlib.sha256(sys.version.encode())
    for path in _sources():
        state = path.stat()
        digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode(errors="surrogateescape"))
    try:
        folder = user_cache()
    except RuntimeError:
        return None
    return folder / f"list-{digest.hexdigest()[:16]}.json"


def _sources() -> Iterator[Path]:
    import bench.datasets
    import bench.methods
    import bench.tasks

    for package in (bench, bench.methods, bench.tasks, bench.datasets):
        assert package.__file__ is not None
        yield from sorted(Path(package.__file__).parent.rglob("*.py"))


def _keep(file: Path, rows: Rows) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    for earlier in file.parent.glob("list-*.json"):
        earlier.unlink(missing_ok=True)
    part = file.with_suffix(f".{os.getpid()}.tmp")
    part.write_text(json.dumps(rows), encoding="utf-8")
    part.replace(file)
