"""Milliseconds of a training step of every kind of method and task, from the records of one-epoch cells.

Each cell runs as a user runs it, at budget small with one epoch, one thread. `python benchmarks/method_steps.py`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tabulate import tabulate

from bench.records.store import Store

METHODS = {
    "nbody_1step_id": ["plain", "semola", "augerino_plus", "true+augment", "liegan", "true+emlp"],
    "rotated_mnist_id": ["plain", "semola", "gcnn", "liegan"],
    "qm9_homo": ["plain", "semola"],
}


def step_ms(task: str, method: str, folder: Path) -> float:
    """Milliseconds per step of one epoch, the validation after it included."""
    results = folder / task / method
    line = [sys.executable, "-m", "bench", "run", "--method", method, "--task", task, "--set", "epochs=1"]
    subprocess.run([*line, "--no-mlflow", "--results", str(results)], check=True, stdout=subprocess.DEVNULL)
    costs = [record.cost for record in Store(results).scan().records.values() if record.cost and record.cost.steps]
    return 1e3 * costs[-1].fit_s / costs[-1].steps


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [[task, m, step_ms(task, m, Path(folder))] for task, methods in METHODS.items() for m in methods]
    print(tabulate(rows, ["task", "method", "ms a step"], floatfmt=".2f"))


if __name__ == "__main__":
    main()
