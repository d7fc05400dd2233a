"""Finds methods and tasks: the modules of bench.methods and bench.tasks, installed entry points, then plugin files."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

from bench.api import Method, MethodCard, Task, TaskCard
from bench.api.cards import card_fault
from bench.api.pipeline import Pipeline
from bench.errors import BenchError, nearest
from bench.records.command_line import plugin_files
from bench.running.plugins import ENTRY_POINTS, load_plugin

E = TypeVar("E", Method, Task)


@dataclass
class Registry:
    """Methods and tasks by id, and the reason for each module that could not be imported."""

    methods: dict[str, Method] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    _origin: dict[tuple[str, str], str] = field(default_factory=dict)  # (method or task, a name of it) -> file

    def method(self, name: str) -> Method:
        """The method ``name``, one of its aliases, or the pipeline ``discoverer+consumer``.

        Raises:
            BenchError: when there is none; names the nearest match.
        """
        if "+" in name:
            parts = name.split("+")
            if len(parts) != 2 or not all(parts):
                raise BenchError(
                    f"method {name!r} is not a pipeline; it must be one discoverer, one plus and one consumer, like "
                    f"semola+augment.{nearest(name, self._pipelines())}"
                )
            return Pipeline(self.method(parts[0]), self.method(parts[1]))
        method = self.methods.get(self._aliases().get(name, name))
        if method is None:
            known = [*self.methods, *self._aliases(), *self._pipelines()]
            raise BenchError(
                f"unknown method {name!r}.{nearest(name, known)} `python -m bench list methods` shows all "
                f"{len(self.methods)}.{self._hint(name)}"
            )
        return method

    def method_card(self, name: str) -> MethodCard | None:
        """The card of the method ``name``; None when it is not installed, like that of a plugin or a removed method."""
        try:
            return self.method(name).card
        except BenchError:
            return None

    def task(self, name: str) -> Task:
        """The task ``name``.

        Raises:
            BenchError: when there is none; names the nearest match.
        """
        if name not in self.tasks:
            raise BenchError(
                f"unknown task {name!r}.{nearest(name, self.tasks)} `python -m bench list tasks` shows all "
                f"{len(self.tasks)}.{self._hint(name)}"
            )
        return self.tasks[name]

    def add(self, module: ModuleType) -> None:
        """Register the METHODS and TASKS of ``module``.

        Raises:
            BenchError: when an id or an alias is taken, naming both files.
            TypeError, ValueError: when METHODS or TASKS is not a tuple of instances whose cards can be used; nothing of
                the module is registered then.
        """
        methods, tasks = tuple(getattr(module, "METHODS", ())), tuple(getattr(module, "TASKS", ()))
        for method in methods:
            _check_entry(method, Method, MethodCard)
        for task in tasks:
            _check_entry(task, Task, TaskCard)
        for method in methods:
            self._shelve(self.methods, method, (method.card.id, *method.card.aliases), module)
        for task in tasks:
            self._shelve(self.tasks, task, (task.card.id,), module)

    def _shelve(self, shelf: dict[str, E], entry: E, names: tuple[str, ...], module: ModuleType) -> None:
        word = "method" if isinstance(entry, Method) else "task"
        file = module.__file__ or module.__name__
        for name in names:
            earlier = self._origin.setdefault((word, name), file)
            taken = name in shelf or (word == "method" and name in self._aliases())
            if taken:
                raise BenchError(f"{word} {name!r} is defined twice: {earlier} and {file}.")
        shelf[names[0]] = entry

    def _aliases(self) -> dict[str, str]:
        return {alias: name for name, method in self.methods.items() for alias in method.card.aliases}

    def _pipelines(self) -> Iterator[str]:
        cards = [method.card for method in self.methods.values()]
        pairs = itertools.product((c.id for c in cards if c.discovers), (c.id for c in cards if c.consumes))
        return map("+".join, pairs)

    def _hint(self, name: str) -> str:
        reason = self.broken.get(name)
        return f" Its module could not be imported: {reason}." if reason else ""


def _check_entry(entry: object, kind: type[Method] | type[Task], card: type[MethodCard] | type[TaskCard]) -> None:
    """Raise when ``entry`` cannot be registered. Ids become folders, files, and words on a command line."""
    word = kind.__name__
    if not isinstance(entry, kind):
        raise TypeError(f"{word.upper()}S must be a tuple of {word} instances, it holds {entry!r:.80}")
    if not isinstance(getattr(entry, "card", None), card):
        raise TypeError(f"{type(entry).__name__} has no card of type {card.__name__}")
    if (fault := card_fault(entry.card)) is not None:
        raise ValueError(f"{word.lower()} {type(entry).__name__}: {fault}")


def load_registry() -> Registry:
    """The registry of all methods and tasks: of the package, of entry points, and of plugin files.

    A module that cannot be imported is listed in ``broken``. A plugin file that cannot be imported is an error.

    Raises:
        BenchError: when two entries have the same name, or a plugin file cannot be loaded.
    """
    registry = Registry()
    for kind, group in ENTRY_POINTS.items():
        package = importlib.import_module(f"bench.{kind}")
        for info in pkgutil.iter_modules(package.__path__):
            _load(registry, info.name, f"{package.__name__}.{info.name}")
        for point in entry_points(group=group):
            _load(registry, point.name, point.value)
    for file in plugin_files():
        load_plugin(file, registry.add)
    return registry


def _load(registry: Registry, name: str, module: str) -> None:
    try:
        registry.add(importlib.import_module(module))
    except BenchError:
        raise
    except Exception as error:  # whatever an optional dependency raises on import
        registry.broken[name] = f"{type(error).__name__}: {error}"
