"""Where records, pages and presets live unless the user says otherwise.

In the checkout: the workspace is ``runs/`` (ignored by git), published records are ``leaderboard/results/``, pages and
presets lie in ``leaderboard/``. With ``--results DIR`` everything is in ``DIR`` and beside it.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from bench.errors import BenchError


def results_dir() -> Path:
    """The workspace of the checkout that bench is imported from, else of the current folder."""
    return _base() / "runs"


def packed_dir(results: Path) -> Path:
    """Where the published records of the workspace ``results`` are."""
    return _base() / "leaderboard" / "results" if is_default(results) else results


def pages_dir(results: Path) -> Path:
    """Where the pages of the workspace ``results`` go, and its presets."""
    return _base() / "leaderboard" if is_default(results) else results.parent


def existing_results(folder: Path | None) -> Path:
    """The ``chosen`` workspace, or the default one, to read records from.

    Raises:
        BenchError: when neither it nor its published records exist.
    """
    root = folder or results_dir()
    if not root.is_dir() and not packed_dir(root).is_dir():
        raise BenchError(f"no results folder {str(root)!r}; `python -m bench run` writes one, --results names another.")
    return root


def is_default(results: Path) -> bool:
    """Whether ``results`` is the workspace that commands use unless the user says otherwise."""
    return results.resolve() == results_dir().resolve()


def _base() -> Path:
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").exists() else Path.cwd()


def log_path(record: Path) -> Path:
    """Where what a worker said is kept, beside its ``record``."""
    return record.with_suffix(".log")


def log_hint(record: Path) -> str:
    """`` (log: PATH)`` of a run that did not end well; empty where its worker said nothing."""
    log = log_path(record)
    return f" (log: {shlex.quote(str(log))})" if log.exists() else ""
