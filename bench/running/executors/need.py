"""What a cell takes of the machine that it runs on."""

from __future__ import annotations

from typing import NamedTuple

from bench.api import Task
from bench.running.suite import Job


class Need(NamedTuple):
    """Threads, and the share of one GPU (0: it runs on none)."""

    threads: int
    gpus: float

    def fits(self, cpus: float, gpus: float) -> int:
        """How many such cells a machine of ``cpus`` cores and ``gpus`` GPUs runs at once."""
        at_once = int(cpus) // self.threads
        if not self.gpus:
            return at_once
        # A share of 0.4 fits twice on each GPU: what is left of two is no third.
        return min(at_once, int(gpus) * int(1.0 / self.gpus + 1e-9))


def need_of(job: Job, tasks: dict[str, Task], device: str) -> Need:
    """That of one cell, on ``device``, by its task's budget."""
    budget = tasks[job.cell.task].card.budgets[job.cell.budget]
    return Need(budget.threads, min(1.0, budget.gpus) if device == "cuda" else 0.0)
