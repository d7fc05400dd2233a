"""Whether the present code stands behind a record."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from bench.errors import BenchError
from bench.records.equal_code import Digests, EqualCode
from bench.records.provenance import method_digest, task_digest
from bench.records.store import Record
from bench.running.registry import Registry


class Standing:
    """Tells of a record whether the present code stands behind it."""

    def __init__(self, root: Path, registry: Registry) -> None:
        """``root`` is the results folder, whose equal_code.json says which earlier codes give equal numbers.

        Raises:
            BenchError: when that file is corrupt.
        """
        self.registry = registry
        self.equal = EqualCode(root)

    def __call__(self, record: Record) -> Literal["current", "equal", "stale"]:
        """``equal``: its code has changed since, and a cell run by both gave the same numbers; ``stale``: no such."""
        now, before = present_code(record, self.registry), recorded_code(record)
        if before == now:
            return "current"
        if now is None:
            return "stale"
        return "equal" if self.equal.leads(self.family(record), record["method"]["id"], before, now) else "stale"

    def family(self, record: Record) -> str:
        """Of its task; the task's own name where the registry has none such."""
        task = self.registry.tasks.get(record["task"]["id"])
        return task.card.family if task else str(record["task"]["id"])

    def is_stale(self, record: Record) -> bool:
        return self(record) == "stale"


def recorded_code(record: Record) -> Digests:
    """The digests of the code that made it."""
    return Digests(record["task"]["code_sha256"], record["method"]["code_sha256"])


def present_code(record: Record, registry: Registry) -> Digests | None:
    """The digests that its cell would get now; None when its task, that version, or its method is gone."""
    try:
        task, method = registry.task(record["task"]["id"]), registry.method(record["method"]["id"])
    except BenchError:
        return None
    return Digests(task_digest(task), method_digest(method)) if record["task"]["version"] == task.card.version else None
