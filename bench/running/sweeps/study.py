"""One study of a sweep: Optuna's loop with a journal, which the same command continues after a kill."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from bench.api import seed_for
from bench.records.preset import Study, Trial
from bench.running.sweeps.journal import ended_trials, journal_errors, open_study, queue_killed
from bench.running.sweeps.search import (
    COMPLETE_FIRST,
    FIRST_SEED,
    RANDOM_TRIALS,
    WARMUP,
    StudySettings,
    draw,
    rounded,
)

#: Trials are compared at this many shares of the passes: with other copies, rounds end at other numbers of them.
TICKS = 12


def run_study(settings: StudySettings, number: int, journal: Path, trials: int, max_hours: float) -> Study:
    """Continue the study in ``journal`` until it has ``trials`` trials or has used ``max_hours``, and return it.

    Raises:
        BenchError: when the journal cannot be read or belongs to another sweep.
        OSError: when the journal cannot be written.
    """
    study = open_study(journal, settings.higher_is_better, settings.identity)
    queue_killed(study, settings.default)
    # A continued study uses another seed than before, so that it does not draw the same values again.
    seed = seed_for(FIRST_SEED + number, f"sweep {len(study.trials)}") % 2**32
    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=RANDOM_TRIALS)
    study.pruner = optuna.pruners.MedianPruner(COMPLETE_FIRST, int(WARMUP * TICKS))

    def ended() -> list[FrozenTrial]:
        return ended_trials(study, journal, settings.space)

    def hours() -> float:
        return sum(float(trial.user_attrs.get("seconds", 0.0)) for trial in study.trials) / 3600

    def stop_at_the_cap(study: optuna.Study, trial: FrozenTrial) -> None:
        if hours() >= max_hours:
            study.stop()

    def objective(trial: optuna.Trial) -> float:
        return _run_trial(settings, number, len(ended()), trial)

    missing = trials - len(ended())
    if missing > 0 and hours() < max_hours:
        with journal_errors():
            study.optimize(objective, missing, callbacks=[stop_at_the_cap])
    results = []
    for place, trial in enumerate(ended()):
        state, params = trial.user_attrs["state"], rounded(settings.space, settings.default, trial.params)
        results.append(Trial(place, state, trial.value if state == "complete" else None, params))
    return Study(number, FIRST_SEED + number, round(hours(), 4), len(results) < trials, tuple(results))


def _run_trial(settings: StudySettings, number: int, place: int, trial: optuna.Trial) -> float:
    """The value of ``trial``, which is number ``place`` of the study. Raises TrialPruned when it is stopped early."""
    started, reported = time.monotonic(), set[int]()
    sign = -1.0 if settings.higher_is_better else 1.0  # losses are minimised, the study may maximise

    def prune(losses: Sequence[tuple[int, float]]) -> bool:
        for passes, loss in losses:
            tick = TICKS * passes // max(settings.passes, 1)
            if tick not in reported:
                reported.add(tick)
                trial.report(sign * loss, tick)
                if trial.should_prune():
                    return True
        trial.set_user_attr(
            "seconds", time.monotonic() - started
        )  # so that the cap also counts the time of a killed trial
        return False

    params = rounded(settings.space, settings.default, draw(settings.space, trial))
    outcome = settings.run(FIRST_SEED + number, params, prune)
    seconds = time.monotonic() - started
    trial.set_user_attr("seconds", seconds)
    trial.set_user_attr("state", outcome.state)
    settings.on_end(number, Trial(place, outcome.state, outcome.validation, params), outcome, seconds)
    if outcome.state == "pruned":
        raise optuna.TrialPruned
    # A trial without a result counts as the worst, so that the sampler avoids its parameters.
    return sign * float("inf") if outcome.validation is None else outcome.validation
