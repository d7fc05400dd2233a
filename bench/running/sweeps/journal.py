"""The journal of a study. It is repaired and continued after a kill; an unreadable one is refused."""

from __future__ import annotations

import contextlib
import json
import math
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from bench.errors import BenchError
from bench.records.preset import TrialEnd
from bench.running.sweeps.search import other_sweep


def open_study(journal: Path, higher_is_better: bool, identity: str) -> optuna.Study:
    """The study in ``journal``, which is created if it does not exist.

    Raises:
        BenchError: when the journal cannot be read or belongs to another sweep.
        OSError: when the journal cannot be written.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # the sweep itself reports how its trials end
    _repair(journal)
    _check_lines(journal)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            storage = JournalStorage(JournalFileBackend(str(journal)))
            study = optuna.create_study(
                storage=storage,
                study_name=journal.stem,
                direction="maximize" if higher_is_better else "minimize",
                load_if_exists=True,
            )
            known = study.user_attrs.get("identity", identity)
        except OSError:
            raise
        except Exception as error:  # inconsistent operations raise errors of many types
            raise _unreadable(journal, f"{type(error).__name__}: {error}") from None
    if known != identity:
        raise other_sweep(journal.parent)
    study.set_user_attr("identity", identity)
    return study


def queue_killed(study: optuna.Study, default: Mapping[str, Any]) -> None:
    """Fail every trial that a kill has left open, and queue its parameters again; in a new study queue ``default``.

    The repetition is queued first and names the trial that it repeats, so a kill in between loses nothing.
    """
    trials = study.trials
    if not trials:
        study.enqueue_trial(dict(default), user_attrs={"queued": dict(default)})
    repeated = {trial.user_attrs.get("repeats") for trial in trials}
    for trial in trials:
        if trial.state in (TrialState.RUNNING, TrialState.FAIL):
            params = {**trial.user_attrs.get("queued", {}), **trial.params}
            if params and trial.number not in repeated:
                study.enqueue_trial(params, user_attrs={"queued": params, "repeats": trial.number})
            if trial.state is TrialState.RUNNING:
                study.tell(trial.number, state=TrialState.FAIL)


@contextlib.contextmanager
def journal_errors() -> Iterator[None]:
    """Inside, a journal that cannot be written is an OSError: Optuna buries it under an AssertionError of its own."""
    try:
        yield
    except AssertionError as error:
        cause = error.__context__
        if isinstance(cause, OSError):
            raise cause from None
        raise


def ended_trials(study: optuna.Study, journal: Path, names: Collection[str]) -> list[FrozenTrial]:
    """The trials that ended by themselves, in order, each with its ``state`` and a value for all ``names``.

    Raises:
        BenchError: when a trial lacks its state, a parameter or its value.
    """
    ended = [trial for trial in study.trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    for trial in ended:
        state = trial.user_attrs.get("state")
        if state not in get_args(TrialEnd):
            raise _unreadable(journal, f"trial {trial.number} has ended, and its state is {state!r}")
        missing = sorted(set(names) - trial.params.keys())
        if missing:
            raise _unreadable(journal, f"trial {trial.number} has no {missing[0]!r}")
        if state == "complete" and (trial.value is None or not math.isfinite(trial.value)):
            raise _unreadable(journal, f"trial {trial.number} is complete, and its value is {trial.value}")
    return ended


def _unreadable(journal: Path, why: str) -> BenchError:
    return BenchError(
        f"journal {str(journal)!r} cannot be read ({' '.join(why.split())}). Move it away to begin its study again; "
        "trials whose cells are stored next to it are not trained again."
    )


def _repair(journal: Path) -> None:
    """Remove the lock and the incomplete last line that a killed process may leave."""
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if journal.exists():
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)


def _check_lines(journal: Path) -> None:
    lines = journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            operation = json.loads(line)
        except (ValueError, RecursionError):
            raise _unreadable(journal, f"line {number} is not JSON: {line[:40]!r}") from None
        if not isinstance(operation, dict) or not isinstance(operation.get("op_code"), int):
            raise _unreadable(journal, f"line {number} is not an operation of a study: {line[:40]!r}")
