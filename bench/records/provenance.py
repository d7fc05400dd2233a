"""The origin of a record (code, versions, hardware), and the record of a cell that has no result yet."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import torch

from bench.api import Method, Task, tier_of
from bench.records.cell import Cell, versions_of
from bench.records.record import Environment, MethodEntry, Record, Status, TaskEntry, replaced

CPUINFO = Path("/proc/cpuinfo")
#: Names of vendor, family, model and stepping in Linux's file, on x86 and on ARM.
CPU_FIELDS = (
    ("vendor_id", "cpu family", "model", "stepping"),
    ("CPU implementer", "CPU architecture", "CPU part", "CPU revision"),
)


def blank_record(cell: Cell, task: Task, method: Method, device: str) -> Record:
    """The record of a cell before it runs, with the status failed."""
    return Record(
        key=cell.key,
        status=Status.FAILED,
        seed=cell.seed,
        budget=cell.budget,
        task=TaskEntry(id=cell.task, version=cell.task_version, data=cell.data),
        method=MethodEntry(
            id=cell.method,
            versions=versions_of(method),
            search=cell.search,
            knowledge=tier_of(method.card, cell.search or "", task.card),
        ),
        params=dict(cell.params),
        changed=dict(cell.changed),
        preset=cell.preset,
        env=environment(device),
        started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def without_discovery(cell: Cell, task: Task, method: Method, device: str, discovery: Record) -> Record:
    """The record of a consumer that cannot run because its ``discovery`` has no result."""
    status = Status.UNSUPPORTED if discovery.status is Status.UNSUPPORTED else Status.FAILED
    reason = f"its discoverer {discovery.label}: {discovery.status}: {discovery.reason}"
    return replaced(blank_record(cell, task, method, device), {"status": status, "reason": reason})


def environment(device: str) -> Environment:
    """State of the code, versions, and the hardware that a run on ``device`` ("cpu" or "cuda") uses."""
    root = Path(__file__).resolve().parents[2]
    # In an installed package, an enclosing repository is not the source of this code.
    sha = _git(root, "rev-parse", "HEAD") if (root / "pyproject.toml").exists() else None
    # Pages and results below leaderboard/ change while cells run, but they are not code.
    dirty = None if sha is None else bool(_git(root, "status", "--porcelain", "--", ".", ":!leaderboard"))
    accelerated = device != "cpu" and torch.cuda.is_available()
    return Environment(
        git_sha=sha,
        dirty=dirty,
        python=platform.python_version(),
        torch=str(torch.__version__),
        cpu=cpu_identity(),
        gpu=torch.cuda.get_device_name() if accelerated else None,
        threads=torch.get_num_threads(),
        deterministic=device == "cpu",
    )


def cpu_identity(cpuinfo: Path = CPUINFO) -> str:
    """The processor as what decides its rounding: vendor, family, model, stepping, and torch's instruction set.

    Two processors of one marketing name may differ in all of these, and gave different numbers. Where the kernel does
    not tell them, the platform's name stands for them.
    """
    capability = torch.backends.cpu.get_cpu_capability()
    try:
        first = cpuinfo.read_text(encoding="utf-8", errors="replace").strip().split("\n\n")[0]
    except OSError:
        first = ""
    pairs = (line.partition(":") for line in first.splitlines())
    told = {name.strip(): value.strip() for name, _, value in pairs}
    for names in CPU_FIELDS:
        if all(name in told for name in names):
            vendor, family, model, stepping = (told[name] for name in names)
            return f"{vendor} family {family} model {model} stepping {stepping}, {capability}"
    return f"{platform.processor() or platform.machine()}, {capability}"


def _git(root: Path, *arguments: str) -> str | None:
    # git refuses a checkout of another user, whose configuration could run commands. This code is already trusted.
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
