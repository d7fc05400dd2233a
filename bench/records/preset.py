"""A preset: one JSON file with the parameters that a sweep selected by validation, and all of its trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Unpack

import msgspec
from msgspec import Meta

from bench.api import Method, Task
from bench.errors import BenchError, nearest
from bench.records.atomic import renamed_to
from bench.records.cell import Cell, Choices, make_cell, path_part, stages_of
from bench.records.command_line import command_line
from bench.records.paths import pages_dir, results_dir
from bench.records.record import Amount, Count, Name, Number, Seed, Strict, Value, Version

#: The defaults, the settings that the method's authors printed for the family, and those that a sweep selected.
DEFAULT, PUBLISHED, TUNED = PRESETS = "default", "published", "tuned"


#: How a trial ends; pruned: early; failed: without a result (diverged, out of time or memory, an error).
TrialEnd = Literal["complete", "pruned", "failed"]


class Trial(Strict, frozen=True, kw_only=False):
    """One set of parameters, trained once."""

    trial: Count
    state: TrialEnd
    validation: Number | None  # the primary metric on the validation split; None unless complete
    params: dict[str, Value]


class Study(Strict, frozen=True, kw_only=False):
    """One independent search, with its own seed, sampler and trials."""

    study: Count
    seed: Seed  # its trials train with this seed
    hours: Amount  # of all its trials, however they ended
    capped: bool  # it ended because its hours were spent
    trials: tuple[Trial, ...]

    def count(self, state: str) -> int:
        """How many trials ended in ``state``."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def default(self) -> float | None:
        """The validation value of the family's settings, which are the first trial of every study."""
        return self.trials[0].validation if self.trials else None

    def best(self, higher_is_better: bool) -> Trial | None:
        """The best complete trial, the first of equal ones; None when no trial is complete."""
        sign = -1.0 if higher_is_better else 1.0
        complete = [(sign * t.validation, t.trial, t) for t in self.trials if t.validation is not None]
        return min(complete)[2] if complete else None


class Preset(Strict, frozen=True, kw_only=True):
    """The parameters that a sweep selected, and how."""

    schema: Literal["preset.v2"] = "preset.v2"
    name: Literal["tuned"] = "tuned"
    task: Name
    version: Version  # of the task
    method: Name
    search: Name | None
    budget: Name
    params: Annotated[dict[str, Value], Meta(min_length=1)]  # the searched parameters, as selected
    fixed: dict[str, Value]  # set by hand for all trials
    ranges: Annotated[dict[str, str], Meta(min_length=1)]  # what was searched
    metric: Annotated[str, Meta(pattern="^val/[a-z0-9_]+$")]
    unit: str
    higher_is_better: bool
    chosen: Count  # the study whose best trial this is
    studies: Annotated[tuple[Study, ...], Meta(min_length=1)]
    max_hours: Amount  # cap of one study
    sampler: str
    pruner: str
    optuna: str  # its version
    git_sha: str | None
    device: str
    identity: str  # of everything that the trials must have in common

    @property
    def best(self) -> Trial:
        """The trial whose parameters were selected."""
        best = next(study for study in self.studies if study.study == self.chosen).best(self.higher_is_better)
        assert best is not None
        return best

    @property
    def settings(self) -> dict[str, Any]:
        """All parameters that the preset sets."""
        return {**self.fixed, **self.params}

    @property
    def changes(self) -> dict[str, Any]:
        """The searched parameters whose selected value is not the default."""
        default = self.studies[0].trials[0].params
        return {name: value for name, value in self.params.items() if default[name] != value}

    def made(self, changed: Mapping[str, Any]) -> bool:
        """Whether a cell with the changes ``changed`` uses exactly the parameters of this preset."""
        by_hand = {name: value for name, value in changed.items() if name in self.fixed}
        searched = {name: value for name, value in changed.items() if name not in self.fixed}
        return bool(searched) and searched == self.changes and by_hand.items() <= self.fixed.items()

    @property
    def hours(self) -> float:
        """Hours of all studies together."""
        return sum(study.hours for study in self.studies)

    def trials(self, state: str | None = None) -> int:
        """How many trials there are in all studies, or how many ended in ``state``."""
        return sum(len(study.trials) if state is None else study.count(state) for study in self.studies)


def median_study(studies: Iterable[Study], higher_is_better: bool) -> Study | None:
    """The study whose best trial is the median of the best trials, so that a lucky search is not rewarded.

    For an even number it is the worse of the two in the middle; of equal ones it is the first. None when no study has
    a complete trial.
    """
    sign = -1.0 if higher_is_better else 1.0
    candidates = []
    for study in studies:
        best = study.best(higher_is_better)
        if best is not None and best.validation is not None:
            candidates.append((sign * best.validation, study.study, study))
    if not candidates:
        return None
    median = sorted(candidates)[len(candidates) // 2][0]
    return next(study for value, _, study in candidates if value == median)


def sweeps_dir(results: Path) -> Path:
    """Folder of the sweeps and presets that belong to the workspace ``results``."""
    return pages_dir(results) / "sweeps"


def sweep_folder(results: Path, cell: Cell) -> Path:
    """Folder of the sweep with the task, method, search space and budget of ``cell``."""
    return sweeps_dir(results) / cell.row_folder / path_part(cell.budget)


def preset_path(results: Path, cell: Cell) -> Path:
    """Path of the preset for ``cell``."""
    return sweep_folder(results, cell) / "preset.json"


def find_preset(results: Path, cell: Cell) -> Path | None:
    """Path of the preset next to ``results``, else of the committed one; None when neither exists."""
    existing = [path for root in (results, results_dir()) if (path := preset_path(root, cell)).exists()]
    return existing[0] if existing else None


def sweep_command_line(cell: Cell, results: Path) -> str:
    """The command that makes the preset of a cell."""
    search = ["--search", cell.search] if cell.search else []
    words = ["--method", cell.method, "--task", cell.task, *search, "--budget", cell.budget]
    return command_line("sweep", *words, results=results)


def preset_cell(preset: str, results: Path, task: Task, method: Method, **choices: Unpack[Choices]) -> Cell:
    """The cell of `bench.records.cell.make_cell` with the parameters of ``preset``; assignments win over them.

    A preset that changes nothing gives the cell of the default, whose ``preset`` is None.

    Raises:
        BenchError: as make_cell does; also when ``preset`` is unknown or no sweep has written it.
    """
    if preset not in PRESETS:
        raise BenchError(f"unknown preset {preset!r}.{nearest(preset, PRESETS)} Allowed: {', '.join(PRESETS)}.")
    choices["assignments"] = assignments = list(choices.get("assignments", ()))
    plain = make_cell(task, method, **choices)
    if preset == DEFAULT:
        return plain
    settings = _published(task, method) if preset == PUBLISHED else _tuned(results, plain)
    choices["assignments"] = [*((name, str(value)) for name, value in settings.items()), *assignments]
    changed = make_cell(task, method, **choices)
    return plain if changed.key == plain.key else replace(changed, preset=preset)


def _tuned(results: Path, plain: Cell) -> Mapping[str, Any]:
    path = find_preset(results, plain)
    if path is None:
        raise BenchError(
            f"no preset {TUNED!r} of {_title_without_seed(plain)}; `{sweep_command_line(plain, results)}` makes it."
        )
    return read_preset(path).settings


def _published(task: Task, method: Method) -> Mapping[str, Any]:
    """The printed settings of each stage, under the stage's prefix."""
    family = task.card.family
    settings = {
        f"{prefix}{name}": value
        for prefix, stage in stages_of(method).items()
        for name, value in stage.published.get(family, {}).items()
    }
    if not settings:
        raise BenchError(
            f"no preset {PUBLISHED!r} of {method.card.id}: its authors print no settings for the family {family!r}."
        )
    return settings


def _title_without_seed(cell: Cell) -> str:
    return cell.title.rpartition(",")[0]


def write_preset(path: Path, preset: Preset) -> None:
    """Check ``preset`` and write it atomically.

    Raises:
        BenchError: when it could not be read again.
    """
    content = msgspec.json.format(msgspec.json.encode(preset, order="sorted"), indent=1) + b"\n"
    _parsed(content, path)
    with renamed_to(path) as temporary:
        temporary.write_bytes(content)


@cache
def _parsed(content: bytes, path: Path) -> Preset:
    try:
        return msgspec.json.decode(content, type=Preset)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        earlier = ": it is of an earlier layout; sweep again" if b'"preset.v1"' in content else ""
        raise BenchError(f"preset {str(path)!r} cannot be read{earlier}: {' '.join(str(error).split())}.") from None


def read_preset(path: Path) -> Preset:
    """The preset at ``path``.

    Raises:
        BenchError: when the file cannot be read or is not a preset; names the file and the place.
    """
    try:
        return _parsed(path.read_bytes(), path)
    except OSError as error:
        raise BenchError(f"preset {str(path)!r} cannot be read: {error}.") from None


def read_presets(results: Path) -> list[Preset]:
    """All presets next to the ``results`` folder, in order of their paths.

    Raises:
        BenchError: when one of them is corrupt.
    """
    return [read_preset(path) for path in sorted(sweeps_dir(results).glob("*@*/*/*/preset.json"))]
