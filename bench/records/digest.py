"""Digests of code, to tell a record made by other code: a module's statements and those of its imports.

Followed are imports from bench, and from the module's own package where another package brings a method.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import tokenize
from functools import cache
from pathlib import Path

#: Modules of texts and checks, which no number depends on.
WITHOUT_NUMBERS = frozenset({"bench.api.parameters", "bench.errors", "bench.cli.progress"})
#: Attributes of a class that change no number of a record with the same key.
TABLES = frozenset({"settings", "known_failures"})


@cache
def code_sha256(*modules: str) -> str:
    """SHA-256 over the source of ``modules`` and all modules behind them, without comments and docstrings.

    The text itself is hashed, not a syntax tree: the digest is the same under every version of Python.
    """
    text = "\n".join(f"{name}\n{statements(_source(name))}" for name in sorted(modules_behind(*modules)))
    return hashlib.sha256(text.encode()).hexdigest()


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
def statements(source: str) -> str:
    """``source`` without comments, docstrings, blank lines and the tables of settings and of known failures.

    A setting is a parameter's value, and those are all in a cell's key: a new family's line changes no older record.
    """
    lines = source.splitlines()

    def blank(statement: ast.stmt) -> None:
        assert statement.end_lineno is not None
        lines[statement.lineno - 1 : statement.end_lineno] = [""] * (statement.end_lineno - statement.lineno + 1)

    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            blank(first)
        for statement in node.body:
            if isinstance(node, ast.ClassDef) and _target(statement) in TABLES:
                blank(statement)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _target(statement: ast.stmt) -> str | None:
    """The name that an annotated assignment sets."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    return None


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
    return frozenset(n for n in found if n.startswith(own) and n not in WITHOUT_NUMBERS and _exists(n))


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
