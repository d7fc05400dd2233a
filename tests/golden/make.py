"""The golden scores: every method, and every pipeline, at the budget `smoke` on one task of each modality, seed 0.

No number of them means anything; that they stay as they are says that nobody's change moved numbers unnoticed.

    make golden
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import torch

from bench.api import Method, Task
from bench.contract.subject import Subject
from bench.datasets.cache import data_dir
from bench.records.cell import versions_of
from bench.records.record import Status
from bench.running.registry import Registry

PATH = Path(__file__).resolve().parent / "scores.json"
#: Modality -> task.
TASKS = {"vectors": "nbody_1step_id", "points": "toy_se3", "images": "rotated_mnist_id"}
BUDGET = "smoke"
#: Words of a reason that are kept: its beginning says which one it is, its end may hold a number.
REASON_WORDS = 5

#: One cell of the file: versions, status, reason, scores.
Golden = dict[str, Any]


def names(registry: Registry) -> list[str]:
    """The methods of this repository, then every pipeline of two of them."""
    own = {name: m for name, m in registry.methods.items() if type(m).__module__.startswith("bench.methods.")}
    discoverers = [name for name, m in own.items() if m.card.discovers]
    consumers = [name for name, m in own.items() if m.card.consumes]
    alone = [name for name in own if name not in consumers]
    return sorted(alone) + sorted(map("+".join, product(discoverers, consumers)))


def is_here(task: str) -> bool:
    """Whether the data of ``task`` need no download."""
    return task != TASKS["images"] or (data_dir() / "mnist" / "train-images-idx3-ubyte.gz").exists()


def versions(task: Task, method: Method) -> dict[str, int]:
    """What the scores hold for: the version of the task, and of the method or both stages of a pipeline."""
    names = method.card.id.split("+")
    return {task.card.id: task.card.version, **dict(zip(names, versions_of(method), strict=True))}


def golden(task: Task, method: Method) -> Golden:
    """Run one cell in this process; times and costs are left out."""
    record, _ = Subject(method, task, data_dir(), BUDGET).run()
    cell: Golden = {"versions": versions(task, method), "status": str(record.status)}
    if record.status is not Status.OK:
        cell["reason"] = " ".join((record.reason or "").split()[:REASON_WORDS])
    # Six digits: the others are rounding, and would fill every diff.
    cell["scores"] = {name: float(f"{score.value:.6g}") for name, score in sorted(record.scores.items())}
    return cell


def read() -> dict[str, Any]:
    """The committed file: the torch that made it, and ``cells``, task -> method -> golden cell."""
    content: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return content


def main() -> None:
    """Write the file anew."""
    from bench.running.registry import load_registry

    torch.set_num_threads(1)
    registry = load_registry()
    cells: dict[str, dict[str, Golden]] = {}
    for name in TASKS.values():
        task = registry.task(name)
        task.prepare(data_dir(), lambda done, total: None)
        cells[name] = {method: golden(task, registry.method(method)) for method in names(registry)}
        print(f"{name}: {len(cells[name])} cells")
    text = json.dumps({"torch": torch.__version__.partition("+")[0], "cells": cells}, indent=1, ensure_ascii=False)
    PATH.write_text(text + "\n", encoding="utf-8")
    print(f"written: {PATH}")


if __name__ == "__main__":
    main()
