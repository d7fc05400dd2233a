"""Checks that the code of a method does not import data, truths or records."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

from bench.contract.check import Examination, Violation
from bench.records.cell import stages_of

#: The packages and modules of bench that a method may import.
ALLOWED = ("bench.api", "bench.lie", "bench.nn", "bench.metrics", "bench.methods", "bench.errors")


def imports_what_it_may(examination: Examination) -> None:
    """A method's module, and the modules of its package that it imports, import only allowed parts of bench."""
    for stage in stages_of(examination.method).values():
        for module, imported in forbidden_imports(type(stage).__module__):
            raise Violation(
                f"{module} imports {imported}; of bench a method may import {', '.join(ALLOWED)}, and takes data from "
                "its Problem"
            )


def forbidden_imports(method_module: str) -> Iterator[tuple[str, str]]:
    """``(importer, imported)`` for each import of bench that is not allowed, imports within functions included."""
    package = "bench.methods" if _is_in(method_module, "bench") else method_module.partition(".")[0]
    pending, seen = [method_module], set[str]()
    while pending:
        module = pending.pop()
        seen.add(module)
        for imported in sorted(imports_of(module)):
            if _is_in(imported, "bench") and not any(_is_in(imported, room) for room in ALLOWED):
                yield module, imported
            elif _is_in(imported, package) and imported not in seen:
                pending.append(imported)


def imports_of(name: str) -> set[str]:
    """The modules that the code of ``name`` imports; ``from x import y`` is ``x.y`` where that is a module."""
    spec = _spec(name)
    imported = set[str]()
    if spec is None or not str(spec.origin).endswith(".py"):
        return imported
    for node in ast.walk(ast.parse(Path(str(spec.origin)).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), spec.parent)
            parts = [f"{origin}.{alias.name}" for alias in node.names]
            imported.update(part if _spec(part) else origin for part in parts)
    return imported


def _is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):  # its parent is a module, not a package
        return None
