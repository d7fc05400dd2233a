"""Plugin files: modules with methods and tasks whose paths a user gives on the command line or in a variable."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

from bench.errors import BenchError, nearest
from bench.records.command_line import PLUGINS, plugin_files

#: Entry-point groups by which another package adds methods (attribute METHODS) and tasks (attribute TASKS).
ENTRY_POINTS = {"methods": "symmetry_bench.methods", "tasks": "symmetry_bench.tasks"}
PREFIX = "symmetry_bench_plugin_"


def use_plugins(files: Iterable[Path]) -> None:
    """Add ``files`` to the plugins of this process and of the workers that it starts.

    Raises:
        BenchError: when a file does not exist.
    """
    plugins = {str(file): None for file in plugin_files()}
    for file in files:
        if not file.is_file():
            beside = [str(p) for p in file.parent.glob("*.py")] if file.parent.is_dir() else []
            raise BenchError(f"no plugin file {str(file)!r}.{nearest(str(file), beside)}")
        plugins[str(file.resolve())] = None
    os.environ[PLUGINS] = os.pathsep.join(plugins)


def load_plugin(file: Path, register: Callable[[ModuleType], None]) -> None:
    """Import ``file`` as a module, once per process, and register its METHODS and TASKS.

    Raises:
        BenchError: when the file does not exist, cannot be imported, or has neither METHODS nor TASKS.
    """
    name = PREFIX + re.sub(r"\W", "_", file.stem)
    module = sys.modules.get(name)
    if module is None:
        module = _import(file, name)
    elif Path(str(module.__file__)) != file:
        raise BenchError(f"plugin files {module.__file__} and {file} have one name; rename one of them.")
    if not (getattr(module, "METHODS", ()) or getattr(module, "TASKS", ())):
        raise BenchError(
            f"plugin file {str(file)!r} has neither METHODS nor TASKS; it must define a tuple of at least one of them."
        )
    try:
        register(module)
    except (TypeError, ValueError) as error:
        raise BenchError(f"plugin file {str(file)!r}: {error}.") from None


def _import(file: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise BenchError(f"plugin file {str(file)!r} does not exist or is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs, because dataclasses look up their module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever it raises on import
        del sys.modules[name]
        line = next((f" (line {f})" for f in _lines(error, file)), "")
        raise BenchError(
            f"plugin file {str(file)!r} cannot be loaded: {type(error).__name__}: {error}{line}."
        ) from None
    return module


def _lines(error: BaseException, file: Path) -> list[int]:
    """Numbers of the lines of ``file`` in the traceback of ``error``, the innermost first."""
    lines, frame = [], error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == str(file):
            lines.append(frame.tb_lineno)
        frame = frame.tb_next
    return lines[::-1]
