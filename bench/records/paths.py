"""Where results live unless the user says otherwise."""

from __future__ import annotations

import shlex
from pathlib import Path

from bench.errors import BenchError


def results_dir() -> Path:
    """``leaderboard/results`` of the checkout that bench is imported from, else of the current folder."""
    root = Path(__file__).resolve().parents[2]
    base = root if (root / "pyproject.toml").exists() else Path.cwd()
    return base / "leaderboard" / "results"


def results_option(root: Path) -> str:
    """`` --results ROOT`` for a command to try next; empty for the default folder."""
    return "" if root == results_dir() else f" --results {shlex.quote(str(root))}"


def existing_results(chosen: Path | None) -> Path:
    """The ``chosen`` results folder, or the default one, to read records from.

    Raises:
        BenchError: when there is no such folder.
    """
    root = chosen or results_dir()
    if not root.is_dir():
        raise BenchError(f"no results folder {str(root)!r}; `python -m bench run` writes one, --results names another.")
    return root


def log_path(record: Path) -> Path:
    """Where what a worker said is kept, beside its ``record``."""
    return record.with_suffix(".log")


def log_hint(record: Path) -> str:
    """`` (log: PATH)`` of a run that did not end well; empty where its worker said nothing."""
    log = log_path(record)
    return f" (log: {shlex.quote(str(log))})" if log.exists() else ""
