"""One study of a sweep: trial after trial from an Optuna journal that a killed process leaves whole.

Everything that is drawn has a seed of its own, by study, trial and parameter, so a study that was killed and continued
makes the trials of one that was not.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.api import seed_for
from bench.api.parameters import Sweep
from bench.errors import BenchError
from bench.records.preset import Study, Trial, TrialEnd

#: Seeds of the boards' cells are small; study k trains with this one more.
FIRST_SEED = 1000
#: Trials drawn at random (the first is the default) before the sampler has a model.
RANDOM_TRIALS = 5
#: Complete trials before one is pruned, and the share of the epochs that every trial is given.
COMPLETE_FIRST, WARMUP = 4, 1 / 3
#: Significant digits of a value that was drawn.
DIGITS = 3

SAMPLER = f"TPE, {RANDOM_TRIALS} random trials first"
PRUNER = f"median of the validation loss, after {COMPLETE_FIRST} complete trials and a third of the epochs"

#: Told validation losses (epoch, loss) as they come: whether the trial is to end.
Prune = Callable[[Sequence[tuple[int, float]]], bool]


@dataclass(frozen=True)
class Outcome:
    """How a trial ended."""

    state: TrialEnd
    validation: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Search:
    """What every study of a sweep has in common."""

    space: Mapping[str, Sweep]
    default: Mapping[str, Any]  # a value for each name of the space
    higher_is_better: bool
    epochs: int
    identity: str
    run: Callable[[int, Mapping[str, Any], Prune], Outcome]  # (seed, parameters, prune) -> how it ended
    told: Callable[[int, Trial, Outcome, float], None]  # (study, trial, outcome, seconds)


def run_study(search: Search, number: int, journal: Path, trials: int, max_hours: float) -> Study:
    """Bring the study in ``journal`` to ``trials`` trials, or as far as ``max_hours`` go.

    Raises:
        BenchError: when the journal is of a sweep of something else, or cannot be read.
    """
    study = _open(search, number, journal)
    while True:
        known = study.get_trials(deepcopy=False)
        finished = [trial for trial in known if trial.state.is_finished()]
        hours = sum(trial.user_attrs.get("seconds", 0.0) for trial in known) / 3600
        open_trials = [trial for trial in known if trial.state.name == "RUNNING"]
        capped = len(finished) < trials and hours >= max_hours
        if not open_trials and (capped or len(finished) >= trials):
            ended = tuple(_trial(search, trial) for trial in sorted(finished, key=lambda trial: trial.number))
            return Study(number, FIRST_SEED + number, round(hours, 4), capped, ended)
        _one_trial(search, number, study, open_trials[0] if open_trials else None)


def _one_trial(search: Search, number: int, study: Any, begun: Any | None) -> None:
    """Run a new trial, or go on with the one that a killed process had ``begun``."""
    from optuna.trial import Trial as Asked

    asked = study.ask() if begun is None else Asked(study, begun._trial_id)
    earlier = 0.0 if begun is None else begun.user_attrs.get("seconds", 0.0)
    params, started = _params(search, number, study, asked), time.monotonic()
    reported = set() if begun is None else set(begun.intermediate_values)
    sign = -1.0 if search.higher_is_better else 1.0  # losses are minimised, the study may maximise

    def seconds() -> float:
        return float(earlier + time.monotonic() - started)

    def prune(losses: Sequence[tuple[int, float]]) -> bool:
        for epoch, loss in losses:
            if epoch not in reported:
                reported.add(epoch)
                asked.report(sign * loss, epoch)
                if asked.should_prune():
                    return True
        asked.set_user_attr("seconds", seconds())  # so that a kill does not make them free
        return False

    # A kill may have come between a report and its consequence.
    due = bool(reported) and asked.should_prune()
    outcome = Outcome("pruned") if due else search.run(FIRST_SEED + number, params, prune)
    asked.set_user_attr("seconds", seconds())
    asked.set_user_attr("state", outcome.state)
    _tell(search, study, asked, outcome)
    trial = Trial(asked.number, outcome.state, outcome.validation, params)
    search.told(number, trial, outcome, seconds())


def _tell(search: Search, study: Any, asked: Any, outcome: Outcome) -> None:
    from optuna.trial import TrialState

    if outcome.state == "pruned":
        study.tell(asked, state=TrialState.PRUNED)
    else:  # without a result it counts as the worst, so that the sampler keeps away from there
        worst = float("-inf") if search.higher_is_better else float("inf")
        study.tell(asked, worst if outcome.validation is None else outcome.validation)


def _open(search: Search, number: int, journal: Path) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    _mend(journal)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            study = optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(journal))),
                study_name=f"study{number}",
                direction="maximize" if search.higher_is_better else "minimize",
                pruner=optuna.pruners.MedianPruner(COMPLETE_FIRST, int(WARMUP * search.epochs)),
                load_if_exists=True,
            )
        except (ValueError, KeyError) as error:  # a line that is no JSON, or that Optuna does not know
            raise BenchError(f"journal {str(journal)!r} cannot be read: {error}.") from None
    if study.user_attrs.setdefault("identity", search.identity) != search.identity:
        raise BenchError(
            f"{str(journal.parent)!r} holds a sweep by other code, data, ranges or settings; move the folder away to "
            "begin anew."
        )
    study.set_user_attr("identity", search.identity)
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(dict(search.default))
    return study


def _mend(journal: Path) -> None:
    """What a killed process may leave: the lock of its last write, and half a line."""
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if journal.exists():
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)


def _params(search: Search, number: int, study: Any, asked: Any) -> dict[str, Any]:
    for name, swept in search.space.items():
        # One sampler per parameter: a trial that was killed between two of them is completed with the same numbers.
        study.sampler = _sampler(seed_for(FIRST_SEED + number, f"sweep {asked.number} {name}"))
        low, high = swept.low, swept.high
        if swept.choices:
            asked.suggest_categorical(name, list(swept.choices))
        elif swept.whole:
            asked.suggest_int(name, int(low), int(high), log=swept.log)
        else:
            asked.suggest_float(name, low, high, log=swept.log)
    return _rounded(search, asked)


def _sampler(seed: int) -> Any:
    from optuna.exceptions import ExperimentalWarning
    from optuna.samplers import TPESampler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(
            seed=seed % 2**32, n_startup_trials=RANDOM_TRIALS, multivariate=False, group=False, constant_liar=False
        )


def _rounded(search: Search, trial: Any) -> dict[str, Any]:
    """The parameters with which ``trial`` was trained: the first are the default's own, drawn ones have few digits."""
    if trial.number == 0:
        return dict(search.default)
    params = {}
    for name, swept in search.space.items():
        value = trial.params[name]
        if isinstance(value, float):
            value = min(max(float(f"{value:.{DIGITS}g}"), swept.low), swept.high)
        params[name] = value
    return params


def _trial(search: Search, trial: Any) -> Trial:
    state = trial.user_attrs["state"]
    return Trial(trial.number, state, trial.value if state == "complete" else None, _rounded(search, trial))
