"""`python -m bench list` and `show`: prints cards and records as short tables."""

from __future__ import annotations

from typing import Any

import msgspec
import typer

from bench.api import Method, Task
from bench.api.parameters import Parameters, describe
from bench.cli.table import table
from bench.records.cell import stages_of
from bench.records.record import Record
from bench.running.registry import load_registry

#: Kind -> rows of its table.
Rows = dict[str, list[dict[str, str]]]


def show_entry(kind: str, name: str) -> None:
    """Print the method or the task ``name`` in detail.

    Raises:
        BenchError: when it is unknown.
    """
    registry = load_registry()
    if kind == "methods":
        _show_method(registry.method(name))
    else:
        _show_task(registry.task(name))


def entry_rows() -> Rows:
    """The rows of all methods and tasks, and the reasons why modules could not be imported."""
    registry = load_registry()
    return {
        "methods": [_method_row(method) for _, method in sorted(registry.methods.items())],
        "tasks": [_task_row(task) for _, task in sorted(registry.tasks.items())],
        "broken": [{"name": name, "reason": reason} for name, reason in registry.broken.items()],
    }


def show_record(record: Record, log: str = "") -> None:
    """Print ``record``, with ``log`` after its status."""
    task, method = record.task, record.method
    reason = f": {record.reason}" if record.reason else ""
    typer.echo(f"{record.label} on {task.id}@{task.version}, {record.budget}, seed {record.seed}")
    typer.echo(f"status {record.status}{reason}{log}; key {record.key}; tier {method.knowledge}\n")
    scores = [{"score": n, "value": f"{s.value:.6g}", "unit": s.unit} for n, s in record.scores.items()]
    if scores:
        typer.echo(table(scores) + "\n")
    parts = {
        "references": record.references,
        "cost": msgspec.structs.asdict(record.cost) if record.cost else {},
        "params": record.params,
        "env": msgspec.structs.asdict(record.env),
    }
    for title, values in parts.items():
        if values:
            typer.echo(table([{title: name, "value": _value_text(value)} for name, value in values.items()]) + "\n")


def _method_row(method: Method) -> dict[str, str]:
    card = method.card
    role = "consumer" if card.consumes else "discoverer" if card.discovers else "predictor"
    return {"method": ", ".join((card.id, *card.aliases)), "role": role, "tier": card.knowledge, "what": card.summary}


def _task_row(task: Task) -> dict[str, str]:
    card = task.card
    metric = f"{card.metric.name} ({card.metric.unit})"
    return {
        "task": card.id,
        "metric": metric,
        "search spaces": ", ".join(card.searches),
        "budgets": ", ".join(card.budgets),
        "what": card.summary,
    }


def _show_method(method: Method) -> None:
    typer.echo(f"{method.card.id}: {method.card.title}. {method.card.summary}.\n{method.card.citation}\n")
    stages = stages_of(method)
    rows = [row for prefix, stage in stages.items() for row in _parameter_rows(prefix, stage.Params)]
    typer.echo(table(rows))
    for stage in stages.values():
        for family, settings in stage.published.items():
            text = ", ".join(f"{name}={_value_text(value)}" for name, value in settings.items())
            typer.echo(f"\n--preset published of {stage.card.id} on {family}: {text}")


def _show_task(task: Task) -> None:
    card = task.card
    typer.echo(f"{card.id}: {card.title}. {card.summary}.\n{card.citation}\n")
    rows = [
        {
            "budget": name,
            "train / val / test": f"{b.train} / {b.val} / {b.test}",
            "passes": b.passes,
            "batch": b.batch_size,
            "lr": b.lr,
            "wall limit (s)": b.wall_limit_s,
        }
        for name, b in card.budgets.items()
    ]
    typer.echo(table(rows))
    options = _parameter_rows("task.", task.Options)
    if options:
        typer.echo("\n" + table(options))


def _parameter_rows(prefix: str, cls: type[Parameters]) -> list[dict[str, Any]]:
    return [{**row, "name": prefix + row["name"], "default": _value_text(row["default"])} for row in describe(cls)]


def _value_text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
