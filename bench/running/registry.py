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

from bench.api import Method, MethodCard, Task
from bench.api.pipeline import Pipeline
from bench.errors import BenchError, nearest
from bench.records.command_line import plugin_files
from bench.running.plugins import load_plugin

#: Entry-point groups by which another package adds methods (attribute METHODS) and tasks (attribute TASKS).
ENTRY_POINTS = {"methods": "symmetry_bench.methods", "tasks": "symmetry_bench.tasks"}


E = TypeVar("E", Method, Task)


@dataclass
class Registry:
    """Methods and tasks by id, and for each module that could not be imported the reason why."""

    methods: dict[str, Method] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    _origin: dict[str, str] = field(default_factory=dict)

    def method(self, name: str) -> Method:
        """The method ``name``, one of its aliases, or the pipeline ``discoverer+consumer``.

        Raises:
            BenchError: naming the nearest match.
        """
        if "+" in name:
            discoverer, consumer = (self.method(part) for part in name.split("+", 1))
            return Pipeline(discoverer, consumer)
        found = self.methods.get(self._aliases().get(name, name))
        if found is None:
            known = [*self.methods, *self._aliases(), *self._pipelines()]
            raise BenchError(
                f"unknown method {name!r}.{nearest(name, known)} `python -m bench list methods` shows all "
                f"{len(self.methods)}.{self._hint(name)}"
            )
        return found

    def method_card(self, name: str) -> MethodCard | None:
        """The card of the method ``name``; None where this installation has none, like a plugin's or a removed one."""
        try:
            return self.method(name).card
        except BenchError:
            return None

    def task(self, name: str) -> Task:
        """The task ``name``.

        Raises:
            BenchError: naming the nearest match.
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
            BenchError: when an id is taken, naming both files.
            TypeError: when METHODS or TASKS is no tuple of instances.
        """
        for method in getattr(module, "METHODS", ()):
            self._shelve(self.methods, Method, method, module)
        for task in getattr(module, "TASKS", ()):
            self._shelve(self.tasks, Task, task, module)

    def _shelve(self, shelf: dict[str, E], kind: type[E], entry: E, module: ModuleType) -> None:
        word = kind.__name__
        if not isinstance(entry, kind):
            raise TypeError(f"{word.upper()}S must be a tuple of {word} instances, it holds {entry!r}")
        if not hasattr(entry, "card"):
            raise TypeError(f"{type(entry).__name__} has no card")
        name, file = entry.card.id, module.__file__ or module.__name__
        if name in shelf:
            raise BenchError(f"{word.lower()} {name!r} is defined twice: {self._origin[name]} and {file}.")
        shelf[name] = entry
        self._origin[name] = file

    def _aliases(self) -> dict[str, str]:
        return {alias: name for name, method in self.methods.items() for alias in method.card.aliases}

    def _pipelines(self) -> Iterator[str]:
        cards = [method.card for method in self.methods.values()]
        pairs = itertools.product((c.id for c in cards if c.discovers), (c.id for c in cards if c.consumes))
        return map("+".join, pairs)

    def _hint(self, name: str) -> str:
        reason = self.broken.get(name)
        return f" Its module could not be imported: {reason}." if reason else ""


def load_registry() -> Registry:
    """Scan the tree, the entry points and the plugin files that the user names.

    A module that cannot be imported is listed with its reason, never fatal; a plugin file was asked for, so it is.

    Raises:
        BenchError: for two entries of one name, or a plugin file that cannot be loaded.
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
