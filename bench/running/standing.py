"""Decides whether a record belongs to the installed versions of its task and method."""

from __future__ import annotations

from bench.errors import BenchError
from bench.records.cell import versions_of
from bench.records.record import Record
from bench.running.registry import Registry


def is_stale(record: Record, registry: Registry) -> bool:
    """Whether the task or the method now has another version, or is not installed."""
    try:
        task, method = registry.task(record.task.id), registry.method(record.method.id)
    except BenchError:
        return True
    return record.task.version != task.card.version or record.method.versions != versions_of(method)
