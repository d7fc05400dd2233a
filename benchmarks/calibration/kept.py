"""Runs jobs in processes of their own and keeps each result as a line of JSON, so that nothing is run twice."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

Run = dict[str, Any]
#: A seed, or several words that name a run.
Job = Any


def kept_runs(
    measured: Callable[[Job], Run], jobs: Iterable[Job], job_of: Callable[[Run], Job], name: str, about: str | None
) -> list[Run]:
    """All results: those in ``build/<name>.jsonl``, and those of the jobs that are not in it.

    Args:
        measured: runs one job; a function of a module.
        jobs: all jobs.
        job_of: the job that gave a result.
        name: of the file, which ``--kept`` replaces.
        about: text of ``--help``.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path("build") / f"{name}.jsonl")
    arguments = parser.parse_args()
    kept: Path = arguments.kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    runs = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []
    done = [job_of(run) for run in runs]
    todo = [job for job in jobs if job not in done]
    with get_context("spawn").Pool(arguments.workers) as pool, kept.open("a", encoding="utf-8") as file:
        for run in pool.imap_unordered(measured, todo):
            file.write(json.dumps(run) + "\n")
            file.flush()
            runs.append(run)
            print(f"{len(runs)} of {len(done) + len(todo)}", flush=True)
    return runs
