"""Making all boards from 10,000 records, and listing beside them: the committed records, copied under other seeds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from bench.records.paths import results_dir
from bench.records.store import Store


def copy(records: int, root: Path) -> int:
    """Copies of the committed records below ``root``, at least so many; returns how many."""
    source = results_dir()
    found = Store(source).scan().records
    times = -(-records // len(found))
    for path, record in found.items():
        folder = root / path.parent.relative_to(source)
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(times):
            seed = record["seed"] + 100 * number
            named = {"seed": seed, "arrays": record["arrays"] and f"seed{seed}.npz"}
            (folder / f"seed{seed}.json").write_text(json.dumps(record | named, indent=1), encoding="utf-8")
            if record["arrays"]:
                shutil.copy(path.with_name(record["arrays"]), folder / f"seed{seed}.npz")
    for file in source.glob("*.json"):
        shutil.copy(file, root)
    return times * len(found)


def seconds(*arguments: str) -> float:
    """Of a command; its exit code does not matter, pages are missing at first."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "bench", *arguments], check=False, capture_output=True)
    return time.monotonic() - begun


def main(records: int = 10_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        results = str(Path(folder) / "results")
        made = copy(records, Path(results))
        rows = [
            ["leaderboard --check", seconds("leaderboard", "--check", "--results", results)],
            ["leaderboard, and drawing every figure", seconds("leaderboard", "--results", results)],
            ["leaderboard, all figures there", seconds("leaderboard", "--results", results)],
            ["collect", seconds("collect", "--results", results)],
            ["list", seconds("list")],
        ]
    print(f"{made:,} records\n")
    print(tabulate(rows, ["command", "s"], floatfmt=".1f"))


if __name__ == "__main__":
    main()
