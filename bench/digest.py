"""Digests of code, to tell a record made by other code: a module's statements and those of its imports from bench."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

#: Modules of texts and checks, which no number depends on.
WITHOUT_NUMBERS = frozenset({"bench.params", "bench.errors"})


def code_sha256(*modules: str) -> str:
    """SHA-256 over the statements (no comments, no docstrings) of ``modules`` and their imports within bench."""
    pending, seen = list(modules), set[str]()
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(_imports(name))
    text = "\n".join(f"{name}\n{_statements(name)}" for name in sorted(seen))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _tree(name: str) -> ast.Module:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


@cache
def _statements(name: str) -> str:
    tree = ast.parse(ast.unparse(_tree(name)))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = body[1:]
    return ast.unparse(tree)


@cache
def _imports(name: str) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(n for n in found if n.startswith("bench.") and n not in WITHOUT_NUMBERS and _exists(n))


@cache
def _exists(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return False
    return spec is not None and spec.origin is not None
