"""What a run costs, and on which hardware. Source: docs/metrics.md, section 8."""

from __future__ import annotations

import platform
import resource
import sys
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn


def parameter_count(module: nn.Module) -> int:
    """Number of trainable scalars; shared parameters count once."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def peak_memory_mb() -> float:
    """Largest resident memory of this process since its start, in units of 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6  # macOS reports bytes, Linux kibibytes


class Hardware(NamedTuple):
    """What a run's speed and rounding depend on."""

    cpu: str  # model name
    gpu: str | None  # name of the first one; None without
    threads: int  # of torch, within an operation


def hardware_fingerprint() -> Hardware:
    """The hardware of this process."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return Hardware(_cpu_name(), gpu, torch.get_num_threads())


def _cpu_name() -> str:
    """The kernel's model name where there is one, else what the platform calls its processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
