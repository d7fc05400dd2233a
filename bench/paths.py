"""Where results live unless the user says otherwise."""

from __future__ import annotations

from pathlib import Path


def results_dir() -> Path:
    """``leaderboard/results`` of the checkout that bench is imported from, else of the current folder."""
    root = Path(__file__).resolve().parent.parent
    base = root if (root / "pyproject.toml").exists() else Path.cwd()
    return base / "leaderboard" / "results"
