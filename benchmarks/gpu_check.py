"""Checks a GPU: the same cells on CPU and GPU, steps per second, LieConv at the paper's width; writes one report.

`make gpu-check` runs the tests marked `cuda` first. Without a GPU it ends with one line. `--device cpu` rehearses it.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from tabulate import tabulate
from torch import nn

from bench.nn.lieconv import SPECIES, LieConvNet
from bench.records.record import Record, Status
from bench.records.store import Store

#: One cell of every modality: task, method.
CELLS = [("nbody_1step_id", "semola"), ("rotated_mnist_id", "semola"), ("qm9_homo", "semola")]
#: The published LieConv: width, blocks and batch. Atoms per molecule, and steps that are timed.
WIDTH, BLOCKS, BATCH, ATOMS, STEPS = 1536, 6, 75, 18, 20
REPORTS = Path(__file__).parent / "reports"


def cells(device: str, budget: str, results: Path) -> dict[str, list[Record]]:
    """The records of every cell on ``device``, by task; a failed one ends the check."""
    records = {}
    for task, method in CELLS:
        words = [
            "--method",
            method,
            "--task",
            task,
            "--budget",
            budget,
            "--seeds",
            "0-2",
            "--device",
            device,
            "--workers",
            "3",
        ]
        line = [sys.executable, "-m", "bench", "run", *words, "--no-mlflow", "--results", str(results / task)]
        subprocess.run(line, check=True)
        records[task] = [r for r in Store(results / task).scan().records.values() if r.status is Status.OK]
    return records


def primary(records: list[Record]) -> tuple[float, float]:
    """Mean and standard error of the primary metric over seeds."""
    name = next(name for name in records[0].scores if name.startswith("test/"))
    values = torch.tensor([record.scores[name].value for record in records], dtype=torch.float64)
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def steps_per_second(records: list[Record]) -> float:
    costs = [record.cost for record in records if record.cost is not None]
    return sum(cost.steps for cost in costs) / sum(cost.fit_s for cost in costs)


def lieconv_samples_per_second(device: str, dtype: torch.dtype, width: int) -> float:
    """Molecules per second of a training step of LieConv at ``width``."""
    torch.manual_seed(0)
    net = LieConvNet(width, BLOCKS, "t3").to(device)
    charges = torch.tensor(SPECIES, dtype=torch.float32)[torch.randint(0, len(SPECIES), (BATCH, ATOMS))]
    x = torch.cat([charges[..., None], 2.0 * torch.randn(BATCH, ATOMS, 3)], 2).to(device)
    y, optimiser = torch.randn(BATCH, device=device), torch.optim.Adam(net.parameters(), 1e-4, fused=True)

    def step() -> None:
        optimiser.zero_grad()
        with torch.autocast(device, dtype, enabled=dtype is not torch.float32):
            loss = nn.functional.l1_loss(net(x).float().flatten(), y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    step()
    started = _now(device)
    for _ in range(STEPS):
        step()
    return STEPS * BATCH / (_now(device) - started)


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def report(device: str, budget: str, width: int) -> str:
    """The report as markdown."""
    with tempfile.TemporaryDirectory() as folder:
        both = [cells(name, budget, Path(folder) / str(place)) for place, name in enumerate(["cpu", device])]
    rows = []
    for task, method in CELLS:
        (cpu, cpu_error), (gpu, gpu_error) = (primary(side[task]) for side in both)
        agree = abs(cpu - gpu) <= 2.0 * math.hypot(cpu_error, gpu_error) + 1e-12
        speed = [steps_per_second(side[task]) for side in both]
        rows.append([task, method, f"{cpu:.4g} ± {cpu_error:.2g}", f"{gpu:.4g} ± {gpu_error:.2g}",
                     "yes" if agree else "NO", *(f"{value:.1f}" for value in speed)])  # fmt: skip
    headers = ["task", "method", "CPU", "GPU", "within 2 standard errors", "CPU steps/s", "GPU steps/s"]
    speeds = [[str(t).removeprefix("torch."), f"{lieconv_samples_per_second(device, t, width):.1f}"]
              for t in (torch.float32, torch.bfloat16)]  # fmt: skip
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU (a rehearsal)"
    return "\n\n".join([
        f"# {name}, torch {torch.__version__}",
        f"Cells at budget `{budget}`, seeds 0-2, mean ± standard error of the primary metric.",
        tabulate(rows, headers, tablefmt="github"),
        f"LieConv, width {width}, batch {BATCH}, {ATOMS} atoms: molecules per second of a training step.",
        tabulate(speeds, ["precision", "molecules/s"], tablefmt="github"),
    ]) + "\n"  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--budget", default="small")
    parser.add_argument("--width", type=int, default=WIDTH)
    asked = parser.parse_args()
    if asked.device == "cuda" and not torch.cuda.is_available():
        print("error: torch sees no GPU; --device cpu rehearses the check.", file=sys.stderr)
        return 2
    text = report(asked.device, asked.budget, asked.width)
    print(text)
    if asked.device == "cuda":
        REPORTS.mkdir(exist_ok=True)
        file = REPORTS / f"{torch.cuda.get_device_name().lower().replace(' ', '-')}.md"
        file.write_text(text, encoding="utf-8")
        print(f"written: {file}")
    return int("| NO " in text)


if __name__ == "__main__":
    sys.exit(main())
