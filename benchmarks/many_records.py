"""Times the commands on 10,000 records, which are copies of the published records with other seeds."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tabulate import tabulate

from bench.records.paths import results_dir
from bench.records.record import encode, replaced
from bench.records.store import Store


def copy(records: int, root: Path) -> int:
    """Write at least ``records`` copies of the published records below ``root``; return their number."""
    store = Store(results_dir())
    published = store.scan().records
    if not published:
        sys.exit("error: there are no published records to copy.")
    times = -(-records // len(published))
    for place, record in published.items():
        arrays = store.arrays(place)
        for number in range(times):
            copied = replaced(record, {"seed": record.seed + 100 * number})
            path = root / copied.place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(copied))
            if arrays:
                np.savez_compressed(path.with_suffix(".npz"), allow_pickle=False, **arrays)
    return times * len(published)


def seconds(*arguments: str) -> float:
    """Seconds of a command. Its exit code is ignored, because pages are missing at first."""
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
