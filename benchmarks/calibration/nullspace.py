"""Measures how often LieGG declares wrongly and rightly over its largest share, on systems of no board; one report.

`python -m benchmarks.calibration.nullspace` runs both sets of seeds: the rule was chosen with the first in view, the
second checks it. Finished runs are kept in a file of JSON lines and not repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from bench.api import RunContext
from bench.api.training_problem import make_problem
from bench.methods.liegg import EXPLAINED, LARGEST_SHARE, LieGGTold
from bench.metrics.discovery import DEFECT
from bench.records.cell import make_cell
from bench.running.worker import stage_params
from benchmarks.calibration.declaring import defect_of, share_of, system_data, table
from benchmarks.calibration.kept import Run, kept_runs
from benchmarks.calibration.systems import FLAVOURS, PLANTED, System, kind_of

CPU = torch.device("cpu")
REPORT = Path(__file__).parents[1] / "reports" / "nullspace.md"
#: Seeds of systems. (Seeds 2000 to 2035 were looked at when the form of the rule was chosen.)
SETS = {"calibration": range(162), "fresh": range(4000, 4108)}


def measured(seed: int) -> Run:
    """One run: the share and the true defect of every direction, and the explained share of the variance."""
    torch.set_num_threads(1)
    task, method = System(seed), LieGGTold()
    data = system_data(task)
    cell = make_cell(
        task, method, search=None, budget="small", seed=seed, fingerprint="",
        assignments=[("n_generators", str(task.dim**2))],
    )  # fmt: skip
    ctx = RunContext(stage_params(cell, method), seed, CPU, Path())
    estimate = method.fit(make_problem(data, "full", CPU), ctx).symmetry()
    return {
        "seed": seed,
        "share": [share for _, share in ctx.history["spectrum/share"]],
        "defect": [defect_of(data, one) for one in estimate.generators],
        "explained": ctx.history["spectrum/explained"][0][1],
    }


def declared(run: Run, largest: float) -> list[float]:
    """The defects of the directions that are declared: all before the first whose share is too large."""
    if run["explained"] < EXPLAINED:
        return []
    number = next((i for i, share in enumerate(run["share"]) if share > largest), len(run["share"]))
    return list(run["defect"][:number])


def false_runs(runs: Sequence[Run], largest: float) -> int:
    """The number of runs that declare a direction which is not a symmetry."""
    return sum(any(d > DEFECT for d in declared(run, largest)) for run in runs)


def right_runs(runs: Sequence[Run], largest: float) -> int:
    """The number of runs that declare something, and nothing wrong."""
    return sum(bool(found := declared(run, largest)) and max(found) <= DEFECT for run in runs)


def report(runs: Sequence[Run]) -> str:
    """The report as markdown."""
    blocks = [
        "# The largest share of LieGG, calibrated",
        "Written by `python -m benchmarks.calibration.nullspace`, on the systems of "
        "`benchmarks/calibration/systems.py`. LieGG declares the directions of its spectrum before the first share "
        f"above **{LARGEST_SHARE}**, the square of the largest defect of a symmetry ({DEFECT}), and none when the "
        f"network explains less than {EXPLAINED:.0%} of the variance. *false*: runs that declare a direction of defect "
        f"above {DEFECT}. *right*: runs that declare something, and nothing false.",
    ]
    for title, flavours in (
        ("All systems", FLAVOURS), ("Outputs that move", ("field",)), ("Outputs that do not", ("smooth", "polynomial")),
    ):  # fmt: skip
        sets = {n: [r for r in runs if r["seed"] in s and kind_of(r["seed"])[1] in flavours] for n, s in SETS.items()}
        counts = (false_runs, right_runs)
        blocks += [
            f"## {title}",
            table([_line(name, some) for name, some in sets.items()], _HEADERS),
            table(
                [[largest, *(f"{count(some, largest)}/{len(some)}" for some in sets.values() for count in counts)]
                 for largest in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)],
                ["largest share", *(f"{name}: {word}" for name in sets for word in ("false", "right"))],
            ),
        ]  # fmt: skip
    kinds = [[f, p, *_counts([r for r in runs if kind_of(r["seed"]) == (p, f)])] for f in FLAVOURS for p in PLANTED]
    blocks += [
        "## By kind, both sets",
        table(kinds, ["flavour", "planted", "false", "right", "declined for its fit"]),
    ]
    return "\n\n".join(blocks) + "\n"


_HEADERS = ["runs of", "n", "false", "share", "95 % interval", "planted", "right"]


def _line(name: str, runs: Sequence[Run]) -> list[object]:
    false, planted = false_runs(runs, LARGEST_SHARE), [r for r in runs if kind_of(r["seed"])[0] != "none"]
    _, share, interval = share_of(false, len(runs))
    return [name, len(runs), false, share, interval, len(planted), right_runs(planted, LARGEST_SHARE)]


def _counts(runs: Sequence[Run]) -> tuple[str, str, str]:
    unfit = sum(run["explained"] < EXPLAINED for run in runs)
    false, right = false_runs(runs, LARGEST_SHARE), right_runs(runs, LARGEST_SHARE)
    return f"{false}/{len(runs)}", f"{right}/{len(runs)}", f"{unfit}/{len(runs)}"


def main() -> None:
    """Run what is not done and write the report."""
    jobs = [seed for seeds in SETS.values() for seed in seeds]
    runs = kept_runs(measured, jobs, lambda run: run["seed"], "nullspace", __doc__)
    REPORT.write_text(report(runs), encoding="utf-8")
    print(REPORT)


if __name__ == "__main__":
    main()
