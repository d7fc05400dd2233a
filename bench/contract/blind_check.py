"""The check that a method has no way to the test set, the truth, or the task's name."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.api import Orientations, Problem, Task, TaskCard, TaskData, Truth
from bench.contract.check import Examination, Violation
from bench.contract.imports import imports_of, modules_behind
from bench.contract.reach import reachable
from bench.contract.spy import guard, watching
from bench.contract.subject import Subject
from bench.records.cell import Cell, stages_of

#: Modules that lead to data, truths and records.
FORBIDDEN = (
    "bench.tasks", "bench.datasets", "bench.leaderboard", "bench.records", "bench.running", "bench.contract",
    "bench.cli.app",
)  # fmt: skip
#: What a Problem must not lead to, whatever it holds.
SECRETS = (Task, TaskCard, TaskData, Truth, Orientations, Cell)


def is_blind(examination: Examination) -> None:
    """Neither the code, nor the Problem, nor what fit() does while it is watched leads to the test set or the truth."""
    for stage in stages_of(examination.method).values():
        for module in sorted(modules_behind(type(stage).__module__)):
            for imported in sorted(imports_of(module)):
                if imported.startswith(FORBIDDEN) and not module.startswith(FORBIDDEN):
                    raise Violation(
                        f"{module} imports {imported}, which leads to data and truths; take all from the Problem"
                    )
    for subject in examination.supported:
        problem = subject.problem(subject.data)
        for way in leaks(problem, subject.data, subject.name, subject.is_told):
            raise Violation(f"on {subject.name}, {way}; this is the task's fault: give the method a copy of its part")
        alarms = spied_fit(subject)
        if alarms:
            raise Violation(f"fit() on {subject.name} looked beyond the Problem: {alarms[0]}")


def spied_fit(subject: Subject) -> list[str]:
    """The alarms of one fit; what fit() raises then is of no interest here."""
    data = guard(subject.data, subject.is_told)
    problem = subject.problem(data)
    with tempfile.TemporaryDirectory() as folder, watching(subject.method, subject.data_dir) as alarms:
        with contextlib.suppress(Exception):
            subject.method.fit(problem, subject.context(0, folder))
        return list(alarms)


def leaks(problem: Problem, data: TaskData, name: str, told_group: bool) -> Iterator[str]:
    """Ways from ``problem`` to the test set of ``data``, its truth, or the task."""
    secret = _test_rows(data)
    storages = {_storage(part) for part in _test_tensors(data)}
    textbook = data.truth.textbook if data.truth is not None and not told_group else None
    for way, thing in reachable(problem, "problem"):
        if isinstance(thing, SECRETS):
            yield f"{way} is the {type(thing).__name__}"
        elif isinstance(thing, str) and thing == name:
            yield f"{way} is the task's name"
        elif isinstance(thing, Tensor | np.ndarray) and thing.dtype != object:
            tensor = torch.as_tensor(thing)
            if _storage(tensor) in storages:
                yield f"{way} shares memory with the test set"
            elif not secret.isdisjoint(_rows(tensor)):
                yield f"{way} holds examples of the test set"
            elif textbook is not None and tensor.shape == textbook.shape and torch.equal(tensor.to(textbook), textbook):
                yield f"{way} is the true generators"


def _test_tensors(data: TaskData) -> list[Tensor]:
    upright = [data.orientations.upright.x] if data.orientations is not None else []
    return [data.test.x, data.test.y, *upright]


def _test_rows(data: TaskData) -> set[bytes]:
    """Inputs of the test set, in physical and in training units, that neither training nor validation has too."""
    scaled = data.units.x_to_training
    held_out = [x for x in _test_tensors(data) if x.shape[1:] == data.test.x.shape[1:] and x.is_floating_point()]
    known = [part.x for part in (data.train, data.val)]
    rows = [{row for x in parts for row in (*_rows(x), *_rows(scaled(x)))} for parts in (held_out, known)]
    return rows[0] - rows[1]


def _rows(tensor: Tensor) -> set[bytes]:
    """The examples of ``(n, *shape)`` as float32 bytes."""
    if tensor.ndim < 2 or not tensor.is_floating_point():
        return set()
    return {row.tobytes() for row in tensor.detach().cpu().float().flatten(1).numpy()}


def _storage(tensor: Tensor) -> Any:
    return tensor.untyped_storage().data_ptr()
