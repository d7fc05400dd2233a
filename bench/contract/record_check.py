"""The check that a run of the method ends as a record that the store takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from bench.api import Array
from bench.contract.check import Examination, Violation
from bench.contract.subject import Subject
from bench.records.record import Record, Status
from bench.records.store import Store
from bench.running.worker import run_cell


def run(subject: Subject) -> tuple[Record, dict[str, Array]]:
    """One run of seed 0 as a worker does it: fit, all scores, the record."""
    return run_cell(
        subject.cell(0), subject.task, subject.method, torch.device("cpu"), subject.data_dir, lambda **message: None
    )


def record_is_written(examination: Examination) -> None:
    """A whole run, with all scores, ends as a record `ok` that the schema and the store take."""
    for subject in examination.supported:
        record, arrays = run(subject)
        if record.status is not Status.OK:
            raise Violation(f"the run on {subject.name} ended as {record.status}: {record.reason}")
        with tempfile.TemporaryDirectory() as folder:
            written = Store(Path(folder)).write_outcome(subject.cell(0), record, arrays)
        counted = subject.trial(0).ctx.steps
        steps = written.cost.steps if written.cost else 0
        if steps != counted:
            raise Violation(f"the record on {subject.name} tells {steps} steps, counted {counted}")
