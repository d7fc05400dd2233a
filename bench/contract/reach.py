"""What can be reached from an object by attributes, items, closures and bound methods."""

from __future__ import annotations

import gc
import types
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

#: Where the walk ends: what everything leads to, and what holds nothing.
ENDS = (type, types.ModuleType, types.CodeType, types.BuiltinFunctionType, str, bytes, int, float, bool, type(None))


def reachable(root: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every object that ``root`` leads to with the way to it, nearest first; a function's globals are not followed."""
    pending: deque[tuple[str, Any]] = deque([(name, root)])
    seen: dict[int, Any] = {}  # holds the objects, so that no id is used twice
    while pending:
        way, thing = pending.popleft()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        yield way, thing
        if not isinstance(thing, ENDS):
            pending.extend(_children(way, thing))


def _children(way: str, thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, types.FunctionType):
        names = thing.__code__.co_freevars
        for free, cell in zip(names, thing.__closure__ or (), strict=True):
            yield from ((f"{way}.__closure__[{free}]", content) for content in gc.get_referents(cell))
        for attribute in ("__defaults__", "__kwdefaults__", "__dict__"):
            yield f"{way}.{attribute}", getattr(thing, attribute)
    elif isinstance(thing, types.MethodType):
        yield f"{way}.__self__", thing.__self__
        yield f"{way}.__func__", thing.__func__
    elif isinstance(thing, partial):
        for attribute in ("func", "args", "keywords"):
            yield f"{way}.{attribute}", getattr(thing, attribute)
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield f"{way}[{key!r}]", value
            yield f"a key of {way}", key
    elif isinstance(thing, list | tuple):
        yield from ((f"{way}[{i}]", item) for i, item in enumerate(thing))
    elif isinstance(thing, np.ndarray):
        yield f"{way}.base", thing.base
    else:
        own: dict[str, Any] = getattr(thing, "__dict__", {})
        yield from ((f"{way}.{attribute}", value) for attribute, value in own.items())
        if isinstance(thing, Tensor):
            yield f"{way}._base", thing._base
        else:  # slots, generators, iterators, cells
            yield from ((f"{way} > {type(r).__name__}", r) for r in gc.get_referents(thing) if r is not own)
