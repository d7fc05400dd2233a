"""Measures the overhead of a suite and the gain from a second worker, on the same small cells.

The overhead is the time of a worker per cell without fitting and prediction. It includes the start of the process,
data, evaluation, record and MLflow mirror, and a share of the start of the command.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from bench.records.store import Store

SUITE = """
budget = "smoke"
seeds = "0-{last}"
[[cells]]
tasks = ["nbody_1step_id"]
methods = ["plain", "persistence"]
"""


def measure(cells: int, workers: int, folder: Path) -> tuple[float, float]:
    """Wall seconds of the suite, and overhead per cell in seconds."""
    file, results = folder / "suite.toml", folder / f"results-{workers}"
    file.write_text(SUITE.format(last=cells // 2 - 1), encoding="utf-8")
    begun = time.monotonic()
    line = [sys.executable, "-m", "bench", "suite", str(file), "--workers", str(workers), "--results", str(results)]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - begun
    records = Store(results).scan().records.values()
    assert len(records) == cells, f"{len(records)} records of {cells} cells"
    fitted = sum(record.cost.fit_s + record.cost.predict_s for record in records)
    return wall, (wall * workers - fitted) / cells


def main(cells: int = 24) -> None:
    with tempfile.TemporaryDirectory() as folder:
        measured = {workers: measure(cells, workers, Path(folder)) for workers in (1, 2)}
    rows = [[workers, wall, overhead] for workers, (wall, overhead) in measured.items()]
    print(tabulate(rows, ["workers", f"{cells} cells (s)", "overhead per cell (s)"], floatfmt=".2f"))
    print(f"\ntwo workers: {measured[1][0] / measured[2][0]:.2f} x the throughput of one")


if __name__ == "__main__":
    main()
