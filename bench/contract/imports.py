"""What a module imports, directly or not."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path


def modules_behind(*modules: str) -> set[str]:
    """``modules`` and what they import, directly or not, from bench and from their own packages."""
    pending, seen = list(modules), set[str]()
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(imports_of(name))
    return seen


@cache
def _source(name: str) -> str:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).read_text(encoding="utf-8")


@cache
def imports_of(name: str) -> frozenset[str]:
    """Modules of bench, and of the module's own package, that the code of ``name`` imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(_source(name))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, name)
            found.add(origin)
            found.update(f"{origin}.{alias.name}" for alias in node.names)
    own = ("bench.", f"{name.partition('.')[0]}.")
    return frozenset(n for n in found if n.startswith(own) and _exists(n))


def _absolute(node: ast.ImportFrom, importer: str) -> str:
    """The module that ``from x import y`` in ``importer`` means, relative or not."""
    if not node.level:
        return str(node.module)
    spec = importlib.util.find_spec(importer)
    package = spec.parent if spec is not None else None
    return importlib.util.resolve_name("." * node.level + (node.module or ""), package)


@cache
def _exists(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return False
    return spec is not None and spec.origin is not None
