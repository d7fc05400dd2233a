"""A preset: the parameters that a sweep chose by validation, with all of its trials, as one JSON file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from bench.api import Method, Task
from bench.errors import BenchError, nearest
from bench.records.atomic import renamed_to
from bench.records.cell import Cell, make_cell, path_part
from bench.records.paths import results_dir
from bench.records.schema import first_breach

SCHEMA = "preset.v1"
#: The settings of the family, and what a sweep chose instead.
DEFAULT, TUNED = "default", "tuned"


@dataclass(frozen=True)
class Trial:
    """One choice of parameters, trained once."""

    trial: int
    state: str  # "complete", "pruned" (ended early) or "failed" (no result: diverged, out of time or memory, an error)
    validation: float | None  # the primary metric on the validation split; None unless complete
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """A search of its own: seed, sampler and trials are not those of the other studies."""

    study: int
    seed: int  # with which its trials train
    hours: float  # of all its trials, whatever became of them
    capped: bool  # it ended because its hours were spent
    trials: tuple[Trial, ...]

    def count(self, state: str) -> int:
        return sum(trial.state == state for trial in self.trials)

    @property
    def default(self) -> float | None:
        """The validation value of the family's settings, which are the first trial of every study."""
        return self.trials[0].validation if self.trials else None

    def best(self, higher_is_better: bool) -> Trial | None:
        """The best complete trial, of equal ones the first; None without one."""
        sign = -1.0 if higher_is_better else 1.0
        complete = [(sign * t.validation, t.trial, t) for t in self.trials if t.validation is not None]
        return min(complete)[2] if complete else None


@dataclass(frozen=True)
class Preset:
    """What a sweep chose and how."""

    schema: str
    name: str
    task: str
    version: int
    method: str
    search: str | None
    budget: str
    params: Mapping[str, Any]  # those that were searched, as chosen
    fixed: Mapping[str, Any]  # set by hand for all trials
    ranges: Mapping[str, str]  # what was searched
    metric: str
    unit: str
    higher_is_better: bool
    chosen: int  # the study whose best trial this is
    studies: tuple[Study, ...]
    max_hours: float  # cap of one study
    sampler: str
    pruner: str
    optuna: str  # its version
    git_sha: str | None
    device: str
    identity: str  # of everything that the trials must have in common

    @property
    def best(self) -> Trial:
        found = next(study for study in self.studies if study.study == self.chosen).best(self.higher_is_better)
        assert found is not None
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """Every parameter that it sets."""
        return {**self.fixed, **self.params}

    @property
    def changes(self) -> dict[str, Any]:
        """Of the parameters that were searched, those that are not the default's."""
        default = self.studies[0].trials[0].params
        return {name: value for name, value in self.params.items() if default[name] != value}

    def made(self, changed: Mapping[str, Any]) -> bool:
        """Whether a cell that is ``changed`` so is what it chose, and no other."""
        by_hand = {name: value for name, value in changed.items() if name in self.fixed}
        searched = {name: value for name, value in changed.items() if name not in self.fixed}
        return bool(searched) and searched == self.changes and by_hand.items() <= self.fixed.items()

    @property
    def hours(self) -> float:
        return sum(study.hours for study in self.studies)

    def trials(self, state: str | None = None) -> int:
        """How many trials, or how many that ended so."""
        return sum(len(study.trials) if state is None else study.count(state) for study in self.studies)


def median_study(studies: Iterable[Study], higher_is_better: bool) -> Study | None:
    """The study whose best trial is the median of the studies' best, so that a lucky search is not rewarded.

    Of an even number the worse of the two in the middle; of equal ones the first. None when no
    study has a complete trial.
    """
    sign = -1.0 if higher_is_better else 1.0
    found = []
    for study in studies:
        best = study.best(higher_is_better)
        if best is not None and best.validation is not None:
            found.append((sign * best.validation, study.study, study))
    if not found:
        return None
    median = sorted(found)[len(found) // 2][0]
    return next(study for value, _, study in found if value == median)


def sweeps_dir(results: Path) -> Path:
    """Beside the ``results`` folder."""
    return results.parent / "sweeps"


def sweep_folder(results: Path, cell: Cell) -> Path:
    """Where the sweep of a cell's task, method, search space and budget lives."""
    return sweeps_dir(results) / cell.row_folder / path_part(cell.budget)


def preset_path(results: Path, cell: Cell) -> Path:
    return sweep_folder(results, cell) / "preset.json"


def find_preset(results: Path, cell: Cell) -> Path | None:
    """The preset beside ``results``, else the committed one; None without either."""
    found = [path for root in (results, results_dir()) if (path := preset_path(root, cell)).exists()]
    return found[0] if found else None


def sweep_command_line(cell: Cell) -> str:
    """The command that makes the preset of a cell."""
    search = f" --search {cell.search}" if cell.search else ""
    return f"python -m bench sweep --method {cell.method} --task {cell.task}{search} --budget {cell.budget}"


def preset_cell(
    preset: str,
    results: Path,
    task: Task,
    method: Method,
    assignments: Iterable[tuple[str, str]] = (),
    **choices: Any,
) -> Cell:
    """`bench.records.cell.make_cell` with the parameters of ``preset`` under the ``assignments``.

    A preset that changes nothing gives the default's own cell, whose ``preset`` is None.

    Raises:
        BenchError: as make_cell does; for an unknown preset, or one that no sweep has made.
    """
    if preset not in (DEFAULT, TUNED):
        raise BenchError(f"unknown preset {preset!r}.{nearest(preset, (DEFAULT, TUNED))} Allowed: {DEFAULT}, {TUNED}.")
    assignments = list(assignments)
    plain = make_cell(task, method, assignments=assignments, **choices)
    if preset == DEFAULT:
        return plain
    path = find_preset(results, plain)
    if path is None:
        raise BenchError(f"no preset {preset!r} of {_place(plain)}; `{sweep_command_line(plain)}` makes it.")
    chosen = [(name, str(value)) for name, value in read_preset(path).settings.items()]
    tuned = make_cell(task, method, assignments=[*chosen, *assignments], **choices)
    return plain if tuned.key == plain.key else replace(tuned, preset=preset)


def _place(cell: Cell) -> str:
    return cell.title.rpartition(",")[0]


def write_preset(path: Path, preset: Preset) -> None:
    """Check ``preset`` and write it in one piece."""
    text = json.dumps(asdict(preset), indent=1, sort_keys=True) + "\n"
    _check(json.loads(text), path)
    with renamed_to(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@cache
def _parsed(text: str, path: Path) -> Preset:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BenchError(f"preset {str(path)!r} cannot be read: {error}.") from None
    _check(content, path)
    studies = tuple(
        Study(**{**study, "trials": tuple(Trial(**trial) for trial in study["trials"])}) for study in content["studies"]
    )
    return Preset(**{**content, "studies": studies})


def read_preset(path: Path) -> Preset:
    """The preset at ``path``.

    Raises:
        BenchError: when the file cannot be read or breaks the schema; names the file and the place.
    """
    try:
        return _parsed(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"preset {str(path)!r} cannot be read: {error}.") from None


def read_presets(results: Path) -> list[Preset]:
    """All presets beside the ``results`` folder, in path order.

    Raises:
        BenchError: when one of them is corrupt.
    """
    return [read_preset(path) for path in sorted(sweeps_dir(results).glob("*@*/*/*/preset.json"))]


def _check(content: Any, path: Path) -> None:
    breach = first_breach(content, "preset.schema.json")
    if breach is not None:
        raise BenchError(f"preset {str(path)!r} breaks the schema {SCHEMA} at {breach}.")
    values = [trial["validation"] for study in content["studies"] for trial in study["trials"]]
    if not all(value is None or math.isfinite(value) for value in values):
        raise BenchError(f"preset {str(path)!r} holds a validation value that is no finite number.")
