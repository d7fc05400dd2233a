"""Default locations of records, pages and presets.

In the checkout, the workspace is ``runs/`` (ignored by git). Published records are in ``leaderboard/results/``, pages
and presets in ``leaderboard/``. With ``--results DIR``, records are in ``DIR``, pages and presets next to it.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from bench.errors import BenchError


def results_dir() -> Path:
    """The default workspace: in the checkout that bench is imported from, else in the current folder."""
    return _base() / "runs"


def packed_dir(results: Path) -> Path:
    """Folder of the published records that belong to the workspace ``results``."""
    return _base() / "leaderboard" / "results" if is_default(results) else results


def pages_dir(results: Path) -> Path:
    """Folder of the pages and presets that belong to the workspace ``results``."""
    return _base() / "leaderboard" if is_default(results) else results.parent


def existing_results(folder: Path | None) -> Path:
    """The workspace ``folder``, or the default one, to read records from.

    Raises:
        BenchError: when neither it nor its published records exist.
    """
    root = folder or results_dir()
    if not root.is_dir() and not packed_dir(root).is_dir():
        raise BenchError(f"no results folder {str(root)!r}; `python -m bench run` writes one, --results names another.")
    return root


def is_default(results: Path) -> bool:
    """Whether ``results`` is the default workspace."""
    return results.resolve() == results_dir().resolve()


def _base() -> Path:
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").exists() else Path.cwd()


def log_path(record: Path) -> Path:
    """Path of the log that keeps a worker's output, next to its ``record``."""
    return record.with_suffix(".log")


def log_hint(record: Path) -> str:
    """`` (log: PATH)`` for a run that failed; empty when its worker printed nothing."""
    log = log_path(record)
    return f" (log: {shlex.quote(str(log))})" if log.exists() else ""
