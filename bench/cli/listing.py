"""`python -m bench list` and `show`: prints cards and records as short tables."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import typer
from tabulate import tabulate

from bench.api import Method, Task
from bench.api.parameters import Parameters, describe
from bench.records.cell import stages_of
from bench.records.record import Record
from bench.running.registry import Registry, load_registry

#: Least width of a column, in characters. On a narrower terminal the lines break.
NARROWEST = 8


def list_entries(kind: str, name: str) -> None:
    """Print the methods, the tasks or both, or one entry in detail.

    Raises:
        BenchError: when the entry is unknown.
    """
    registry = load_registry()
    if name:
        if kind == "methods":
            _show_method(registry.method(name))
        else:
            _show_task(registry.task(name))
        return
    if kind in {"", "methods"}:
        typer.echo(_table([_method_row(m) for _, m in sorted(registry.methods.items())]))
        typer.echo("\nA consumer needs generators: use discoverer+consumer, like semola+augment.")
    if not kind:
        typer.echo("")
    if kind in {"", "tasks"}:
        typer.echo(_table([_task_row(t) for _, t in sorted(registry.tasks.items())]))
    _show_broken(registry)
    if not kind:
        typer.echo("\nnext: python -m bench run --method semola --task nbody_1step_id --budget smoke")


def show_record(record: Record, log: str = "") -> None:
    """Print ``record``, with ``log`` after its status."""
    task, method = record.task, record.method
    reason = f": {record.reason}" if record.reason else ""
    typer.echo(f"{record.label} on {task.id}@{task.version}, {record.budget}, seed {record.seed}")
    typer.echo(f"status {record.status}{reason}{log}; key {record.key}; tier {method.knowledge}\n")
    scores = [{"score": n, "value": f"{s.value:.6g}", "unit": s.unit} for n, s in record.scores.items()]
    if scores:
        typer.echo(_table(scores) + "\n")
    parts = {
        "references": record.references,
        "cost": msgspec.structs.asdict(record.cost) if record.cost else {},
        "params": record.params,
        "env": msgspec.structs.asdict(record.env),
    }
    for title, values in parts.items():
        if values:
            typer.echo(_table([{title: name, "value": _value_text(value)} for name, value in values.items()]) + "\n")


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
    typer.echo(_table(rows))
    for stage in stages.values():
        for family, settings in stage.settings.items():
            text = ", ".join(f"{name}={_value_text(value)}" for name, value in settings.items())
            typer.echo(f"\nsettings of {stage.card.id} on {family}: {text}")


def _show_task(task: Task) -> None:
    card = task.card
    typer.echo(f"{card.id}: {card.title}. {card.summary}.\n{card.citation}\n")
    rows = [
        {
            "budget": name,
            "train / val / test": f"{b.train} / {b.val} / {b.test}",
            "epochs": b.epochs,
            "batch": b.batch_size,
            "lr": b.lr,
            "wall limit (s)": b.wall_limit_s,
        }
        for name, b in card.budgets.items()
    ]
    typer.echo(_table(rows))
    options = _parameter_rows("task.", task.Options)
    if options:
        typer.echo("\n" + _table(options))


def _parameter_rows(prefix: str, cls: type[Parameters]) -> list[dict[str, Any]]:
    return [{**row, "name": prefix + row["name"], "default": _value_text(row["default"])} for row in describe(cls)]


def _show_broken(registry: Registry) -> None:
    for name, reason in registry.broken.items():
        typer.echo(f"\n{name} could not be imported: {reason}")


def _value_text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(rows: list[dict[str, Any]]) -> str:
    return table_within(rows, shutil.get_terminal_size().columns if sys.stdout.isatty() else None)


def table_within(rows: Sequence[Mapping[str, Any]], width: int | None) -> str:
    """A table of ``rows``. The widest columns are wrapped until it fits into ``width`` characters (None: no limit)."""
    names = list(rows[0]) if rows else []
    cells = [names, *([str(row[name]) for name in names] for row in rows)]
    columns = [max(map(len, column)) for column in zip(*cells, strict=True)]
    while width is not None and columns and sum(columns) + 2 * (len(columns) - 1) > width:
        widest = columns.index(max(columns))
        if columns[widest] <= NARROWEST:
            break
        columns[widest] -= 1
    return tabulate(cells[1:], headers=names, tablefmt="simple", disable_numparse=True, maxcolwidths=columns or None)
