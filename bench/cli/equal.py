"""`python -m bench equal`: does the code that made a stale record give the numbers of the present code?"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import typer

from bench.api import Array
from bench.cli.progress import progress_bar
from bench.errors import BenchError
from bench.leaderboard.board.build import setting
from bench.records.cell import TRAIN_FRACTION
from bench.records.equal_code import Digests, Equality
from bench.records.paths import results_option
from bench.records.provenance import environment
from bench.records.store import Record, Store, read_arrays, read_record
from bench.running.registry import load_registry
from bench.running.standing import Standing, present_code, recorded_code

#: The cheapest cell that runs all of a method's, a task's and the evaluation's code; the next where it gives no result
#: (EMLP refuses generators that a few epochs have found).
BUDGETS = ("smoke", "small")
#: Seconds that one cell of this budget may take, its discovery included.
LIMIT_S = 600.0


class _Differs(Exception):
    """The two codes do not give the same, or one gives nothing."""


def equal_command(root: Path) -> int:
    """Run, for each stale (family, method, code), a cell at the smallest budget by both codes; write what is equal.

    Equal means: all scores of the earlier code, as stored (nine digits), and all its arrays. Scores may be added.
    Returns 1 when a pair differs, whose records stay stale.

    Raises:
        BenchError: when this is no checkout, so that earlier code cannot be had.
    """
    standing = Standing(root, load_registry())
    pairs = _stale_pairs(root, standing)
    if not pairs:
        typer.echo("no record is stale")
        return 0
    source = Path(__file__).resolve().parent.parent
    differing = 0
    with tempfile.TemporaryDirectory(prefix="bench-equal-") as scratch, _Trees(source, Path(scratch)) as trees:
        for number, (before, record) in enumerate(pairs.items(), start=1):
            name = f"[{number}/{len(pairs)}] {record['method']['id']} on {record['task']['id']}"
            if not standing.is_stale(record):
                typer.echo(f"{name}: its code was shown equal to one that is")
                continue
            try:
                with progress_bar(name):
                    found = _compare(record, before, standing, trees)
            except _Differs as difference:
                differing += 1
                typer.echo(f"{name}: stays stale: {difference}")
                continue
            standing.equal.add([found])
            typer.echo(f"{name}: {found.scores} scores and all arrays are equal")
    option = results_option(root)
    typer.echo(f"\nwritten: {standing.equal.path}\nnext: python -m bench leaderboard{option}")
    return 1 if differing else 0


def _stale_pairs(root: Path, standing: Standing) -> dict[tuple[str, str, Digests], Record]:
    """One stale record, of the plainest settings, for each family, method and code that such records have."""
    stale = [record for record in Store(root).scan().records.values() if standing.is_stale(record)]
    stale.sort(key=lambda record: (record["status"] != "ok", len(record["changed"]), record["key"]))
    pairs: dict[tuple[str, str, Digests], Record] = {}
    for record in stale:
        family = standing.family(record)
        pairs.setdefault((family, record["method"]["id"], recorded_code(record)), record)
    return dict(sorted(pairs.items()))


class _Trees(contextlib.AbstractContextManager["_Trees"]):
    """The package as earlier commits had it, each installed into a folder of its own below ``scratch``."""

    def __init__(self, source: Path, scratch: Path) -> None:
        self.source, self.scratch = source, scratch
        self._git("rev-parse", "HEAD")

    def at(self, sha: str) -> Path:
        """The folder to import commit ``sha`` from; an import by the checkout's editable install cannot mix in."""
        target = self.scratch / f"{sha}-package"
        if not target.exists():
            tree = self.scratch / sha
            self._git("worktree", "add", "--quiet", "--detach", str(tree), sha)
            try:
                pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target)]
                _checked([*pip, str(tree)])
            finally:
                self._git("worktree", "remove", "--force", str(tree))
        return target

    def __exit__(self, *error: object) -> None:
        self._git("worktree", "prune")

    def _git(self, *arguments: str) -> None:
        _checked(["git", "-C", str(self.source), *arguments])


def _checked(line: list[str]) -> None:
    done = subprocess.run(line, capture_output=True, encoding="utf-8")
    if done.returncode:
        words = (done.stderr.strip() or "no message").splitlines()[-1]
        raise BenchError(f"`{' '.join(line[:5])} ...` failed: {words}")


def _compare(record: Record, before: tuple[str, str, Digests], standing: Standing, trees: _Trees) -> Equality:
    family, method, digests = before
    now, sha = present_code(record, standing.registry), record["env"]["git_sha"]
    if now is None:
        raise _Differs("its task, that version, or its method is gone")
    if sha is None or record["env"]["dirty"]:
        raise _Differs("it was made by code that was not committed")
    try:
        package = trees.at(sha)
    except BenchError as error:
        raise _Differs(str(error)) from None
    for budget in BUDGETS:
        with ThreadPoolExecutor(2) as both:
            old = both.submit(_run, record, budget, package, trees.scratch / f"{sha}-results")
            new = both.submit(_run, record, budget, None, trees.scratch / "present-results")
        (earlier, old_arrays), (present, new_arrays) = old.result(), new.result()
        if "ok" in (earlier["status"], present["status"]):
            break
    if recorded_code(earlier) != digests:
        raise _Differs(f"commit {sha[:12]} does not hold its code")
    for what in ("status", "reason"):  # a refusal is a result too
        if earlier[what] != present[what]:
            raise _Differs(f"{what} differs: {earlier[what]} and {present[what]}")
    for name, score in earlier["scores"].items():
        if score != present["scores"].get(name):
            raise _Differs(f"score {name} differs")
    for name, array in old_arrays.items():
        if name not in new_arrays or not np.array_equal(array, new_arrays[name]):
            raise _Differs(f"array {name} differs")
    scores, cpu = len(earlier["scores"]), str(environment("cpu")["cpu"])
    return Equality(family, record["task"]["id"], method, digests, now, sha, scores, earlier["budget"], cpu)


def _run(record: Record, budget: str, package: Path | None, results: Path) -> tuple[Record, dict[str, Array]]:
    """The record's seed, method, task and search space on the CPU, by the code in ``package`` or the present."""
    task, method, search = record["task"]["id"], record["method"]["id"], record["method"]["search"]
    line = [sys.executable, "-m", "bench", "run", "--task", task, "--method", method, "--budget", budget]
    line += ["--seed", str(record["seed"])]
    line += ["--device", "cpu", "--no-mlflow", "--results", str(results), *(["--search", search] if search else [])]
    for name, value in record["changed"].items():
        if name != TRAIN_FRACTION:
            line += ["--set", f"{name}={setting(value)}"]
    results.mkdir(exist_ok=True)
    # PYTHONSAFEPATH: nothing is imported from the folder in which this runs.
    environ = os.environ | {"PYTHONSAFEPATH": "1"} | ({"PYTHONPATH": str(package)} if package else {})
    try:
        done = subprocess.run(line, env=environ, capture_output=True, encoding="utf-8", timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        raise _Differs(f"it takes more than {LIMIT_S:g} s") from None
    folder = next((text for text in done.stdout.splitlines() if text.startswith("records: ")), None)
    if folder is None:
        words = (done.stderr.strip() or "no record").splitlines()[-1]
        raise _Differs(f"it does not run: {words}")
    path = Path(folder.removeprefix("records: ")) / f"seed{record['seed']}.json"
    found = read_record(path)
    return found, read_arrays(path, found)
