"""A spy on fit(): the test set and the truth give an alarm when touched, and so does code that looks around.

Two nets beside the walk of `reach.py`. Tensors of the test set and the truth are replaced by ones that report any use.
And the interpreter's audit tells of looks at frames and at the garbage collector from the method's own files, and of
files opened in the data cache. One process cannot hide a thing from code that is bent on it: memory read through
ctypes, a module of tasks imported by a made-up name, or a child process that loads the data, pass unseen.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.api import AlgebraSampler, Method, Split, TaskData, Truth
from bench.records.cell import stages_of

#: Events of the interpreter's audit by which code looks beyond what it is given.
LOOKS = frozenset({"sys._getframe", "gc.get_objects", "gc.get_referrers", "gc.get_referents", "object.__getattr__"})


class Touched(RuntimeError):
    """What a guarded tensor raises when it is used."""


class Guarded(Tensor):
    """A tensor that reports every operation on it."""

    alarms: ClassVar[list[str]] = []

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        cls.alarms.append(f"a tensor of the test set or the truth was used ({getattr(func, '__name__', func)})")
        raise Touched(cls.alarms[-1])


class _Listener:
    """The audit hook, which cannot be taken out again: idle while there is no one to tell."""

    def __init__(self) -> None:
        self.files: tuple[str, ...] = ()
        self.cache = ""
        self.alarms: list[str] | None = None
        self.installed = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.alarms is None or not (event in LOOKS or event == "open"):
            return
        alarms, self.alarms = self.alarms, None  # what follows causes events of its own
        try:
            if event == "open":
                if str(arguments[0]).startswith(self.cache):
                    alarms.append(f"the data cache was read ({Path(str(arguments[0])).name})")
                return
            frame = sys._getframe(1)
            while frame.f_back is not None and frame.f_code.co_filename == inspect.__file__:
                frame = frame.f_back
            if frame.f_code.co_filename.startswith(self.files):
                place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                what = f"{event} {arguments[1]}" if event == "object.__getattr__" else event
                alarms.append(f"{what} was called at {place}")
        finally:
            self.alarms = alarms


_listener = _Listener()


@contextmanager
def watching(method: Method, data_dir: Path) -> Iterator[list[str]]:
    """The alarms of the block, in the order in which they come."""
    alarms: list[str] = []
    Guarded.alarms = alarms
    if not _listener.installed:
        sys.addaudithook(_listener.hear)
        _listener.installed = True
    _listener.files, _listener.cache, _listener.alarms = own_files(method), str(data_dir.resolve()), alarms
    try:
        yield alarms
    finally:
        _listener.alarms = None


def own_files(method: Method) -> tuple[str, ...]:
    """The package (or the file) of a method and of a pipeline's stages."""
    found = []
    for stage in stages_of(method).values():
        name = type(stage).__module__
        top = importlib.util.find_spec(name.partition(".")[0])
        places: Sequence[str] = list(top.submodule_search_locations or ()) if top else ()
        found += [*places, inspect.getfile(type(stage))]
    return tuple(found)


def guard(data: TaskData, told_group: bool) -> TaskData:
    """``data`` whose test set, and truth unless the method is told it, report every use."""
    orientations = data.orientations
    if orientations is not None:
        orientations = replace(
            orientations, upright=_guarded_split(orientations.upright), direction=_guarded(orientations.direction)
        )
    truth = data.truth if told_group or data.truth is None else _guarded_truth(data.truth)
    return replace(data, test=_guarded_split(data.test), truth=truth, orientations=orientations)


def _guarded_truth(truth: Truth) -> Truth:
    def sample(n: int, generator: torch.Generator) -> Tensor:
        raise _alarm("the true group was sampled")

    def algebra(space: Any) -> Tensor:
        raise _alarm("the true algebra was computed")

    parts: dict[str, AlgebraSampler] = dict.fromkeys(truth.parts, sample)
    return Truth(_guarded(truth.textbook), algebra, sample, names=truth.names, parts=parts)


def _alarm(words: str) -> Touched:
    Guarded.alarms.append(words)
    return Touched(words)


def _guarded_split(split: Split) -> Split:
    return Split(_guarded(split.x), _guarded(split.y), split.sizes)


def _guarded(tensor: Tensor) -> Tensor:
    return tensor.detach().clone().as_subclass(Guarded)
