"""Milliseconds of a training step of every kind of method and task, from the records of short cells.

Each cell runs as a user runs it, one thread, but goes once through the data, with what the validation after it takes.
`python benchmarks/method_steps.py`, or with another budget than `small`: `python benchmarks/method_steps.py smoke`
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from pathlib import Path

from tabulate import tabulate

from bench.api import Budget
from bench.methods.liegan import LieGANParameters
from bench.records.store import Store
from bench.running.registry import load_registry

METHODS = {
    "nbody_1step_id": ["plain", "semola", "augerino_plus", "true+augment", "liegan", "true+emlp"],
    "rotated_mnist_id": ["plain", "semola", "gcnn", "liegan"],
    "qm9_homo": ["plain", "semola"],
}
#: Methods that send more than one row per example through the network, by default.
ROWS = {"semola": 2, "true+augment": 2}


def step_ms(task: str, method: str, name: str, folder: Path) -> float:
    """Milliseconds per step at the budget of this name."""
    results = folder / task / method
    amount = once_through(method, load_registry().task(task).card.budgets[name])
    cell = ["--method", method, "--task", task, "--budget", name, "--set", amount]
    line = [sys.executable, "-m", "bench", "run", *cell, "--no-mlflow", "--results", str(results)]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    costs = [record.cost for record in Store(results).scan().records.values() if record.cost and record.cost.steps]
    return 1e3 * costs[-1].fit_s / costs[-1].steps


def once_through(method: str, budget: Budget) -> str:
    """The assignment that makes a training as long as the data are large."""
    if method == "liegan":
        return f"steps={math.ceil(budget.train / LieGANParameters().batch_size)}"
    return f"passes={ROWS.get(method, 1) * budget.train}"


def main(budget: str = "small") -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [[task, m, step_ms(task, m, budget, Path(folder))] for task, methods in METHODS.items() for m in methods]
    print(tabulate(rows, ["task", "method", "ms a step"], floatfmt=".2f"))


if __name__ == "__main__":
    main(*sys.argv[1:])
