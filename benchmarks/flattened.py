"""Measures whether discoverers had settled when they stopped, from the traces of published records; writes one report.

`python -m benchmarks.flattened` needs no truth: it asks how far the learned span still turns near the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import torch
from tabulate import tabulate

from bench.api import Array
from bench.records.paths import results_dir
from bench.records.record import Record, Status
from bench.records.store import Store

REPORT = Path(__file__).parent / "reports" / "flattened.md"
#: Shares of the training from which on the turn to the end is measured.
FROM = (0.5, 0.8, 0.9)
#: A span that turns by less than this in the last tenth has settled, radians: a twentieth of a right angle.
SETTLED = 0.08


def turn(trace: Array, share: float) -> float:
    """The largest principal angle between the spans of ``trace (m, k, d, d)`` at ``share`` of it and at its end."""
    last = len(trace) - 1
    ends = (torch.from_numpy(trace[place]).double() for place in (round(share * last), last))
    spans = [torch.linalg.qr(generators.flatten(1).mT)[0] for generators in ends]
    return float(torch.linalg.svdvals(spans[0].mT @ spans[1]).clamp(max=1.0).arccos().max())


def report(rows: Iterable[tuple[Record, Array]]) -> str:
    """The report as markdown, one line for each board row that has traces."""
    turns: defaultdict[tuple[str, ...], list[list[float]]] = defaultdict(list)
    for record, trace in rows:
        method = record.method
        search, preset = method.search or "", record.preset or "default"
        turns[record.task.id, record.budget, method.id, search, preset].append([turn(trace, share) for share in FROM])
    table = []
    for key, runs in sorted(turns.items()):
        last = [run[-1] for run in runs]
        medians = [f"{median(run[place] for run in runs):.3f}" for place in range(len(FROM))]
        table.append([*key, len(runs), *medians, f"{max(last):.3f}", f"{sum(x < SETTLED for x in last)}/{len(runs)}"])
    shares = [f"from {share:.0%}" for share in FROM]
    headers = ["task", "budget", "method", "space", "preset", "n", *shares, "most", "settled"]
    blocks = [
        "# Have the discoverers settled?",
        "Written by `python -m benchmarks.flattened` from the traces of the published records. The largest principal "
        "angle, in radians, between the span of the generators at a share of the training and the span at its end: "
        "medians over seeds, and the most in the last tenth. A run has *settled* when its span turns by less than "
        f"{SETTLED} in the last tenth. No truth is used. The rates of methods that train the task's network fall to "
        "zero at the end; those of LieGAN and SymmetryGAN do not.",
        tabulate(table, headers, tablefmt="github", disable_numparse=True),
    ]
    return "\n\n".join(blocks) + "\n"


def main() -> None:
    """Write the report."""
    store = Store(results_dir())
    kept = {p: r for p, r in store.scan().records.items() if r.status is Status.OK and "trace" in r.arrays}
    traced = [(record, store.arrays(place, ["trace"])["trace"]) for place, record in kept.items()]
    REPORT.write_text(report(pair for pair in traced if len(pair[1]) >= 10), encoding="utf-8")
    print(REPORT)


if __name__ == "__main__":
    main()
