"""`python -m bench sweep`: refuse what makes no sense, run the studies, show what was chosen."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
from tabulate import tabulate

from bench.cli.progress import progress_bar
from bench.datasets.cache import data_dir
from bench.errors import BenchError
from bench.records.cell import make_cell
from bench.records.paths import results_option
from bench.records.preset import Preset, Trial, preset_path, read_preset
from bench.records.store import Store
from bench.running.executors.choose import choose_device
from bench.running.loading import prepared
from bench.running.registry import load_registry
from bench.running.sweeps.study import FIRST_SEED, Outcome
from bench.running.sweeps.sweep import SweepPlan, Told, refuse, run_sweep


def sweep_command(
    *,
    method_name: str,
    task_name: str,
    studies: int,
    trials: int,
    budget: str,
    search: str | None,
    max_hours: float,
    fixed: Sequence[tuple[str, str]],
    workers: int,
    device_name: str,
    root: Path,
) -> None:
    """Run the sweep as far as it is missing, store its preset beside the results folder ``root``, and print it.

    Raises:
        BenchError: for any wrong choice, before anything is computed; when no trial has a result.
    """
    registry = load_registry()
    task, method = registry.task(task_name), registry.method(method_name)
    device, folder = choose_device(device_name), data_dir()
    if not 0.0 < max_hours < math.inf:
        raise BenchError(f"--max-hours is {max_hours:g}; it must be above 0 and finite.")
    choices: dict[str, Any] = {"search": search, "budget": budget, "seed": FIRST_SEED, "assignments": fixed}
    refuse(method, make_cell(task, method, fingerprint="", **choices), fixed, registry)
    with progress_bar(f"data of {task.card.id}") as on_progress:
        fingerprint = prepared(task, folder, on_progress)
    default = make_cell(task, method, fingerprint=fingerprint, **choices)
    plan = SweepPlan(task, method, default, tuple(fixed), root, device, folder, studies, trials, max_hours)
    preset = _finished(plan)
    if preset is None:
        plan = _no_less(plan)
    if preset is not None:
        typer.echo("finished before")
    else:
        Store(plan.folder).check_writable()
        typer.echo(f"{default.title.rpartition(',')[0]}: {plan.studies} studies of {plan.trials} trials over")
        typer.echo("\n".join(f"  {name}: {swept}" for name, swept in plan.space.items()))
        preset = run_sweep(plan, registry, workers, _tell(plan.trials, task.card.metric.name))
    _summary(preset, plan)


def _finished(plan: SweepPlan) -> Preset | None:
    """The preset that is there already, if it took at least as many studies and trials; None where there is none.

    Raises:
        BenchError: when it is of other code, data, ranges or settings.
    """
    path = preset_path(plan.results, plan.default)
    if not path.exists():
        return None
    preset = read_preset(path)
    if preset.identity != plan.identity:
        raise BenchError(
            f"{str(plan.folder)!r} holds a sweep by other code, data, ranges or settings; move the folder away to "
            "begin anew."
        )
    capped = preset.max_hours >= plan.max_hours
    whole = [len(study.trials) >= plan.trials or (study.capped and capped) for study in preset.studies]
    return preset if len(whole) >= plan.studies and all(whole) else None


def _no_less(plan: SweepPlan) -> SweepPlan:
    """``plan`` with the studies and trials of an earlier preset, so that none vanishes and all have the same number."""
    path = preset_path(plan.results, plan.default)
    if not path.exists():
        return plan
    earlier = read_preset(path)
    most = max(len(study.trials) for study in earlier.studies)
    return replace(plan, studies=max(plan.studies, len(earlier.studies)), trials=max(plan.trials, most))


def _tell(trials: int, metric: str) -> Told:
    name = f"val/{metric.partition('/')[2]}"

    def told(study: int, trial: Trial, outcome: Outcome, seconds: float) -> None:
        value = "" if outcome.validation is None else f", {name} {outcome.validation:.4g}"
        reason = f": {' '.join(outcome.reason.split())[:160]}" if outcome.reason else ""
        number = f"[{trial.trial + 1}/{trials}]"
        typer.echo(f"study {study} {number} {_text(trial.params)}: {trial.state}{value}{reason} ({seconds:.1f} s)")

    return told


def _text(params: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in params.items())


def _summary(preset: Preset, plan: SweepPlan) -> None:
    rows = []
    for study in preset.studies:
        best = study.best(preset.higher_is_better)
        rows.append(
            [
                f"{study.study}{' *' if study.study == preset.chosen else ''}",
                *(study.count(state) for state in ("complete", "pruned", "failed")),
                f"{study.hours:.3g}{' (cap)' if study.capped else ''}",
                _short(study.default),
                _short(None if best is None else best.validation),
                "" if best is None else _text(best.params),
            ]
        )
    names = ["study", "complete", "pruned", "failed", "hours", f"default {preset.metric}", "best", "its parameters"]
    typer.echo("\n" + tabulate(rows, names, tablefmt="simple", disable_numparse=True))
    typer.echo("* the median of the best: its parameters are the preset")
    typer.echo(f"\npreset: {preset_path(plan.results, plan.default)}")
    words = ["python", "-m", "bench", "run", "--method", preset.method, "--task", preset.task]
    words += ["--search", preset.search] if preset.search else []
    words += ["--budget", preset.budget, "--preset", preset.name, "--seeds", "0-5"]
    typer.echo(f"next: {shlex.join(words)}{results_option(plan.results)}")


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
