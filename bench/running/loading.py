"""Reads a task's data in two phases, and checks what the task's code returns before it is used."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.api import Budget, EvaluationData, Group, OnProgress, Split, Task, TrainingData, Units
from bench.errors import BenchError, Unsupported, line_of
from bench.records.cell import Cell, options_of


def prepared(task: Task, data_dir: Path, on_progress: OnProgress = lambda done, total: None) -> str:
    """Prepare the task's data (download or generate them) and return their fingerprint.

    Raises:
        BenchError: when the task's code raises; one line names the task and the call.
    """
    with _speaking_for(task, "prepare()", data_dir):
        task.prepare(data_dir, on_progress)
    with _speaking_for(task, "fingerprint()", data_dir):
        return task.fingerprint(data_dir)


@dataclass(frozen=True)
class DataSource:
    """The data of a task at one budget. Each part is read when its method is called, and is not kept here."""

    task: Task
    budget: Budget
    options: Any
    data_dir: Path
    seed: int  # draws the training and validation data

    @classmethod
    def of(cls, cell: Cell, task: Task, data_dir: Path) -> DataSource:
        """The data of ``cell``."""
        sizes: dict[str, Any] = dict(cell.size)
        budget = dataclasses.replace(task.card.budgets[cell.budget], **sizes)
        options = options_of(cell, task)
        return cls(task, budget, options, data_dir, cell.seed)

    def training(self) -> TrainingData:
        """The data that are read before the fit. The tensors of its splits do not share memory with other tensors.

        Raises:
            BenchError: when the task's code raises or returns invalid data.
        """
        with _speaking_for(self.task, "load()", self.data_dir):
            data: object = self.task.load(self.budget, self.options, self.data_dir, self.seed)
        check = _DataCheck(self.task, "load()")
        if not isinstance(data, TrainingData):
            raise check.fault(f"returned {type(data).__name__}; it must return a TrainingData")
        check.split("train", data.train, self.budget.train)
        check.split("val", data.val, self.budget.val)
        check.alike("val", data.val, data.train)
        check.units(data.units, data.action_in.dim)
        missing = [name for name in self.task.card.searches if name not in data.spaces]
        if missing:
            raise check.fault(f"spaces lacks {', '.join(missing)}, which card.searches names")
        # A slice of a larger tensor would keep the rest of it, and so the test examples, in memory.
        return dataclasses.replace(data, train=_apart(data.train), val=_apart(data.val))

    def group(self) -> Group | None:
        """The true group, for a method that may use it; None when the task has none."""
        with _speaking_for(self.task, "group()", self.data_dir):
            return self.task.group(self.options, self.data_dir)

    def evaluation(self, training: TrainingData) -> EvaluationData:
        """The data that are read after the fit: the test split, the references and the truth.

        Raises:
            BenchError: when the task's code raises or returns invalid data.
        """
        with _speaking_for(self.task, "load_test()", self.data_dir):
            data: object = self.task.load_test(training, self.budget, self.options, self.data_dir)
        check = _DataCheck(self.task, "load_test()")
        if not isinstance(data, EvaluationData):
            raise check.fault(f"returned {type(data).__name__}; it must return an EvaluationData")
        check.split("test", data.test, self.budget.test)
        check.alike("test", data.test, training.train)
        for name, prediction in data.references.items():
            check.reference(name, prediction, data.test)
        if data.truth is not None:
            check.generators(data.truth.textbook, training.action_in.dim)
            if self.group() is None:
                raise check.fault("returned a truth, but group() gives None; return the truth's Group from both")
        return data


@contextmanager
def _speaking_for(task: Task, call: str, data_dir: Path) -> Iterator[None]:
    """Turn any error of the task's code into a BenchError that names the task and the call."""
    try:
        yield
    except (BenchError, Unsupported, MemoryError, torch.OutOfMemoryError):
        raise
    except FileNotFoundError as error:
        raise BenchError(
            f"task {task.card.id!r}: {call} finds no file {str(error.filename)!r}. Its data belong in the data folder, "
            f"here {str(data_dir)!r}; the variable SYMMETRY_BENCH_DATA names another."
        ) from error
    except Exception as error:
        file = sys.modules[type(task).__module__].__file__
        line = line_of(error, lambda name: name == file)
        raise BenchError(f"task {task.card.id!r}: {call} raised {type(error).__name__}: {error} ({line}).") from error


def _apart(split: Split) -> Split:
    return Split(split.x.clone(), split.y.clone(), split.sizes, split.redraw)


@dataclass(frozen=True)
class _DataCheck:
    """Checks of what one call of a task returned. Each raises a BenchError with one line."""

    task: Task
    call: str

    def fault(self, words: str) -> BenchError:
        """The error that says which task and call is at fault."""
        return BenchError(f"task {self.task.card.id!r}: {self.call} {words}.")

    def split(self, name: str, split: object, asked: int) -> None:
        """Check that ``split`` holds finite examples, as many as the budget asks for."""
        if not isinstance(split, Split):
            raise self.fault(f"{name} is a {type(split).__name__}; it must be a Split")
        self._tensors(name, split)
        n = len(split)
        if len(split.y) != n or (split.sizes is not None and len(split.sizes) != n):
            sizes = "" if split.sizes is None else f" and {len(split.sizes)} sizes"
            raise self.fault(f"{name} holds {n} inputs, {len(split.y)} targets{sizes}; they must be equally many")
        if n > asked or n == 0 or (n < asked and not self.task.may_be_short):
            raise self.fault(
                f"{name} holds {n} examples, the budget asks for {asked}; give it as many, or change the card's budgets"
            )

    def _tensors(self, name: str, split: Split) -> None:
        for part, value in (("x", split.x), ("y", split.y)):
            held: object = value
            if not isinstance(held, Tensor) or held.ndim < 1:
                raise self.fault(f"{name}.{part} is {_type_text(held)}; it must be a tensor with the examples first")
            labels = part == "y" and held.dtype == torch.int64
            if not (labels or held.dtype == torch.float32):
                allowed = "float32" if part == "x" else "float32, or int64 for the labels of classes"
                raise self.fault(f"{name}.{part} is {_type_text(held)}; it must be {allowed}")
            bad = (~held.isfinite()).reshape(len(held), -1).sum(1) if len(held) else held
            if bool(bad.any()):
                first = int(bad.nonzero()[0])
                raise self.fault(
                    f"{name}.{part} holds numbers that are not finite ({int(bad.sum())}, the first in example "
                    f"{first}); leave such examples out"
                )

    def alike(self, name: str, split: Split, train: Split) -> None:
        """Check that examples have the shape of the training examples; the padded length of point clouds may differ."""
        free = 0 if train.sizes is None else 1
        shapes = tuple(split.x.shape[1 + free :]), tuple(train.x.shape[1 + free :])
        targets = tuple(split.y.shape[1:]), tuple(train.y.shape[1:])
        for part, (here, there) in (("x", shapes), ("y", targets)):
            if here != there:
                raise self.fault(f"examples of {name}.{part} have shape {here}, those of train.{part} {there}")
        if split.y.dtype != train.y.dtype or (split.sizes is None) != (train.sizes is None):
            raise self.fault(f"{name} and train differ in the kind of their targets, or in having sizes")

    def units(self, units: Units, dim: int) -> None:
        """Check that scales are finite and positive and have the right shape."""
        for name in ("scale_in", "scale_out", "generator_scale"):
            scale: Tensor = getattr(units, name)
            if not bool((scale.isfinite() & (scale > 0)).all()):
                raise self.fault(
                    f"units.{name} is {scale.tolist()}; a scale must be finite and > 0 (a quantity that never changes "
                    "has no standard deviation to be divided by)"
                )
        if not bool(units.shift_out.isfinite().all()):
            raise self.fault(f"units.shift_out is {units.shift_out.tolist()}; it must be finite")
        if tuple(units.generator_scale.shape) != (dim,):
            raise self.fault(f"units.generator_scale has shape {tuple(units.generator_scale.shape)}, expected ({dim},)")

    def reference(self, name: str, prediction: object, test: Split) -> None:
        """Check that a reference predicts every test target with finite numbers."""
        if not isinstance(prediction, Tensor) or len(prediction) != len(test):
            raise self.fault(
                f"references[{name!r}] is {_type_text(prediction)}; it must predict all {len(test)} test targets"
            )
        if not bool(prediction.isfinite().all()):
            raise self.fault(f"references[{name!r}] holds predictions that are not finite")

    def generators(self, textbook: Tensor, dim: int) -> None:
        """Check the shape of the true generators and that they are finite."""
        shape = tuple(textbook.shape)
        if len(shape) != 3 or shape[1:] != (dim, dim) or not bool(textbook.isfinite().all()):
            raise self.fault(f"the truth's textbook has shape {shape}, expected (r, {dim}, {dim}) and finite entries")


def _type_text(value: object) -> str:
    """The type of a value in words: ``float64 of shape (3, 1)``."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"
