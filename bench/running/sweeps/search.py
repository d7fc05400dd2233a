"""What a sweep searches and how: the ranges that a method declares, how values are drawn, the settings of a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.api import Method
from bench.api.parameters import Sweep, sweeps_of
from bench.errors import BenchError
from bench.records.cell import Cell, stages_of
from bench.records.preset import Trial, TrialEnd

if TYPE_CHECKING:
    import optuna

#: Significant digits of a drawn value.
DIGITS = 3
#: Study k trains with this seed plus k, which is larger than the seeds of the boards.
FIRST_SEED = 1000
#: Trials drawn at random (the first is the default) before the sampler has a model.
RANDOM_TRIALS = 5
#: Number of complete trials before pruning starts, and the share of the passes that every trial may run.
COMPLETE_FIRST, WARMUP = 4, 1 / 3

SAMPLER = f"TPE, {RANDOM_TRIALS} random trials first"
PRUNER = f"median of the validation loss, after {COMPLETE_FIRST} complete trials and a third of the passes"
#: Called with each new (passes, validation loss); returns True to stop the trial.
Prune = Callable[[Sequence[tuple[int, float]]], bool]


@dataclass(frozen=True)
class TrialOutcome:
    """How a trial ended."""

    state: TrialEnd
    validation: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class StudySettings:
    """Settings that all studies of a sweep share."""

    space: Mapping[str, Sweep]
    default: Mapping[str, Any]  # a value for each name of the space
    higher_is_better: bool
    passes: int
    identity: str
    run: Callable[[int, Mapping[str, Any], Prune], TrialOutcome]  # (seed, parameters, prune) -> how it ended
    on_end: Callable[[int, Trial, TrialOutcome, float], None]  # (study, trial, outcome, seconds)


def space_of(method: Method, default: Cell, fixed: Sequence[tuple[str, str]]) -> dict[str, Sweep]:
    """Full name -> range of each searched parameter, wide enough to include its ``default``.

    Raises:
        BenchError: when a range cannot include it.
    """
    set_by_hand = {name for name, _ in fixed}
    space = {}
    for prefix, stage in stages_of(method).items():
        for name, swept in sweeps_of(stage.Params).items():
            full = f"{prefix}{name}"
            if full not in set_by_hand:
                space[full] = _holding(swept, full, default.params[full])
    return space


def _holding(swept: Sweep, name: str, value: Any) -> Sweep:
    """``swept``, widened to include ``value``."""
    if swept.choices:
        return swept
    if value is None or (swept.log and value <= 0):
        raise BenchError(f"parameter {name!r} is {value}, which no sweep over {swept} can hold; fix it by --set.")
    return swept._replace(low=min(swept.low, value), high=max(swept.high, value))


def draw(space: Mapping[str, Sweep], trial: optuna.Trial) -> dict[str, Any]:
    """A value for every name of ``space``, from the sampler of the trial's study."""
    values: dict[str, Any] = {}
    for name, swept in space.items():
        if swept.choices:
            values[name] = trial.suggest_categorical(name, list(swept.choices))
        elif swept.whole:
            values[name] = trial.suggest_int(name, int(swept.low), int(swept.high), log=swept.log)
        else:
            values[name] = trial.suggest_float(name, swept.low, swept.high, log=swept.log)
    return values


def rounded(space: Mapping[str, Sweep], default: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with which a trial trains: the exact default, or other values rounded to few digits."""
    params = {name: values[name] for name in space}
    if params == dict(default):
        return params
    for name, value in params.items():
        if isinstance(value, float):
            params[name] = min(max(float(f"{value:.{DIGITS}g}"), space[name].low), space[name].high)
    return params


def other_sweep(folder: Path) -> BenchError:
    """The error for a ``folder`` that holds a sweep with other settings."""
    return BenchError(
        f"{str(folder)!r} holds a sweep by other code, data, ranges or settings; move the folder away to start again."
    )
