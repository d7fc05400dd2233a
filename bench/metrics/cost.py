"""What a run costs. Source: docs/metrics.md, section 8."""

from __future__ import annotations

import resource
import sys

from torch import nn


def parameter_count(module: nn.Module) -> int:
    """Number of trainable scalars; shared parameters count once."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def peak_memory_mb() -> float:
    """Largest resident memory of this process since its start, in units of 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6  # macOS reports bytes, Linux kibibytes
