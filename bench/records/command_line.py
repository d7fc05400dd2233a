"""Complete command lines for a user to paste, with the plugin files in use and the results folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from bench.records.paths import is_default

#: Variable that names the plugin files, joined by os.pathsep. ``--plugin`` adds to it, and workers inherit it.
PLUGINS = "SYMMETRY_BENCH_PLUGINS"


def plugin_files() -> list[Path]:
    """The plugin files in use, in order, as absolute paths."""
    return [Path(part).resolve() for part in os.environ.get(PLUGINS, "").split(os.pathsep) if part]


def command_line(*words: str, results: Path | None = None, plugins: Iterable[Path] | None = None) -> str:
    """``python -m bench WORDS``, with ``--results`` unless it is the default folder, and ``--plugin`` for each file.

    Args:
        words: the command and its options, as separate words.
        results: the results folder; None for a command that takes none.
        plugins: the plugin files; None for those in use.
    """
    line = ["python", "-m", "bench", *words]
    if results is not None and not is_default(results):
        line += ["--results", str(results)]
    for file in plugin_files() if plugins is None else plugins:
        line += ["--plugin", str(file)]
    return shlex.join(line)
