"""`python -m bench sweep`: checks the options, runs the studies, and prints the selected parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
from tabulate import tabulate

from bench.cli.cells import REASON_LENGTH, CellOptions, number_text, with_data
from bench.errors import BenchError
from bench.records.command_line import command_line
from bench.records.preset import Preset, Trial, preset_path, read_preset
from bench.running.executors.choose import Resources, choose_executor
from bench.running.jobs import jobs_of
from bench.running.registry import load_registry
from bench.running.sweeps.search import FIRST_SEED, TrialOutcome, other_sweep
from bench.running.sweeps.sweep import OnEnd, SweepPlan, SweepSize, refuse, run_sweep, trial_store


def sweep_command(options: CellOptions, size: SweepSize, root: Path, resources: Resources) -> None:
    """Run the missing trials of a sweep, store its preset next to the results folder ``root``, and print it.

    Raises:
        BenchError: when an option is wrong, before anything is computed, or no trial has a result.
    """
    registry = load_registry()
    if not 0.0 < size.max_hours < math.inf:
        raise BenchError(f"--max-hours is {size.max_hours:g}; it must be above 0 and finite.")
    method, start = registry.method(options.method), options.cell(registry, root, FIRST_SEED)
    refuse(method, start, options.assignments, registry)
    jobs = jobs_of(start, method, [FIRST_SEED], tested=False)
    with choose_executor(resources, jobs, trial_store(root, start), registry) as executor:
        default = with_data(jobs, executor.session)[-1].cell
        plan = SweepPlan(executor.session, default, options.assignments, root, size)
        preset = _finished(plan)
        if preset is not None:
            typer.echo("finished before")
        else:
            plan = _no_less(plan)
            executor.session.store.check_writable()
            studies, trials = plan.size.studies, plan.size.trials
            typer.echo(f"{default.title.rpartition(',')[0]}: {studies} studies of {trials} trials over")
            typer.echo("\n".join(f"  {name}: {swept}" for name, swept in plan.space.items()))
            preset = run_sweep(plan, executor, _teller(trials, plan.task.card.metric.name))
    _print_preset(preset, plan)


def _finished(plan: SweepPlan) -> Preset | None:
    """The existing preset, if it has at least as many studies and trials; else None.

    Raises:
        BenchError: when it belongs to other code, data, ranges or settings.
    """
    path, size = preset_path(plan.results, plan.default), plan.size
    if not path.exists():
        return None
    preset = read_preset(path)
    if preset.identity != plan.identity:
        raise other_sweep(plan.folder)
    capped = preset.max_hours >= size.max_hours
    whole = [len(study.trials) >= size.trials or (study.capped and capped) for study in preset.studies]
    return preset if len(whole) >= size.studies and all(whole) else None


def _no_less(plan: SweepPlan) -> SweepPlan:
    """``plan`` with at least the studies and trials of an earlier preset, so that no trial is lost."""
    path, size = preset_path(plan.results, plan.default), plan.size
    if not path.exists():
        return plan
    earlier = read_preset(path)
    most = max(len(study.trials) for study in earlier.studies)
    size = replace(size, studies=max(size.studies, len(earlier.studies)), trials=max(size.trials, most))
    return replace(plan, size=size)


def _teller(trials: int, metric: str) -> OnEnd:
    name = f"val/{metric.partition('/')[2]}"

    def tell(study: int, trial: Trial, outcome: TrialOutcome, seconds: float) -> None:
        value = "" if outcome.validation is None else f", {name} {outcome.validation:.4g}"
        reason = f": {' '.join(outcome.reason.split())[:REASON_LENGTH]}" if outcome.reason else ""
        number = f"[{trial.trial + 1}/{trials}]"
        typer.echo(f"study {study} {number} {_text(trial.params)}: {trial.state}{value}{reason} ({seconds:.1f} s)")

    return tell


def _text(params: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in params.items())


def _print_preset(preset: Preset, plan: SweepPlan) -> None:
    rows = []
    for study in preset.studies:
        best = study.best(preset.higher_is_better)
        rows.append(
            [
                f"{study.study}{' *' if study.study == preset.chosen else ''}",
                *(study.count(state) for state in ("complete", "pruned", "failed")),
                f"{study.hours:.3g}{' (cap)' if study.capped else ''}",
                number_text(study.default),
                number_text(None if best is None else best.validation),
                "" if best is None else _text(best.params),
            ]
        )
    names = ["study", "complete", "pruned", "failed", "hours", f"default {preset.metric}", "best", "its parameters"]
    typer.echo("\n" + tabulate(rows, names, tablefmt="simple", disable_numparse=True))
    typer.echo("* the median of the best: its parameters are the preset")
    typer.echo(f"\npreset: {preset_path(plan.results, plan.default)}")
    words = ["--method", preset.method, "--task", preset.task, *(["--search", preset.search] if preset.search else [])]
    words += ["--budget", preset.budget, "--preset", preset.name, "--seeds", "0-5"]
    typer.echo(f"next: {command_line('run', *words, results=plan.results)}")
