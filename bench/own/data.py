"""Data of a user's own: arrays with names, the blocks of columns that share a unit, and what was cleaned away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bench.api import Array
from bench.errors import BenchError, nearest

#: Fewest rows that say anything, and most input numbers of one row.
MIN_ROWS, MAX_INPUTS = 200, 64
#: Most distinct integers that count as classes without being asked.
MAX_CLASSES = 10
KINDS = ("auto", "classes", "numbers")


@dataclass(frozen=True)
class Block:
    """Columns that share a unit and turn into each other, such as the components of a vector."""

    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class OwnData:
    """Inputs ``(n, t, d)`` float64; targets ``(n, t_out, d_out)`` float64, or classes ``(n,)`` int64."""

    x: Array
    y: Array
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    blocks: tuple[Block, ...]  # every column is in exactly one
    classes: tuple[str, ...] = ()  # names of the classes; empty for numbers
    notes: tuple[str, ...] = ()  # what was found and dropped, one sentence each
    kept: tuple[int, ...] = ()  # the inputs' columns in the user's own x
    alike: bool = field(default=False)  # the targets have the columns of the inputs, so they could move as these do

    def __len__(self) -> int:
        return len(self.x)


def parse_groups(text: str, inputs: Sequence[str]) -> tuple[Block, ...]:
    """The blocks of ``"q1:x1,y1 q2:x2,y2"``; every other column is a block of its own.

    Raises:
        BenchError: for a group without columns, an unknown column, or a column that is named twice.
    """
    blocks: list[Block] = []
    seen: dict[str, str] = {}
    for part in text.split():
        name, _, listed = part.partition(":")
        columns = [column for column in listed.split(",") if column]
        if not name or not columns:
            raise BenchError(f"--group holds {part!r}; it must be like 'q1:x1,y1 q2:x2,y2'.")
        for column in columns:
            if column not in inputs:
                raise BenchError(
                    f"group {name!r} names the unknown column {column!r}.{nearest(column, inputs)} "
                    f"Inputs: {_few(inputs)}."
                )
            if column in seen:
                raise BenchError(f"column {column!r} is in group {seen[column]!r} and again in {name!r}.")
            seen[column] = name
        blocks.append(Block(name, tuple(list(inputs).index(column) for column in columns)))
    rest = [Block(column, (i,)) for i, column in enumerate(inputs) if column not in seen]
    return (*blocks, *rest)


def make_data(
    x: Any, y: Any, *, inputs: Sequence[str] = (), targets: Sequence[str] = (), group: str = "", kind: str = "auto"
) -> OwnData:
    """Checked and cleaned data from arrays: ``x`` ``(n, d)`` or ``(n, t, d)``; ``y`` numbers or classes.

    Rows with a missing or infinite number and repeated rows are dropped, and so are constant columns.

    Raises:
        BenchError: when the arrays cannot be used; one line says why.
    """
    if kind not in KINDS:
        raise BenchError(f"the kind of target is {kind!r}.{nearest(kind, KINDS)} Allowed: {', '.join(KINDS)}.")
    values = _numbers(x)
    names = tuple(inputs) or tuple(f"x{i + 1}" for i in range(values.shape[-1]))
    if len(names) != values.shape[-1]:
        raise BenchError(f"{len(names)} names of inputs are given for {values.shape[-1]} columns.")
    target, classes, notes = _target(np.asarray(y), kind)
    if len(target) != len(values):
        raise BenchError(f"x has {len(values)} rows and y has {len(target)}; they must be equally many.")
    shape = target.shape
    wide = tuple(targets) or tuple(f"y{i + 1}" for i in range(1 if classes else shape[-1]))
    data = OwnData(values, target, names, wide, parse_groups(group, names), classes, notes)
    data = _rows_dropped(data)
    if len(data) < MIN_ROWS:
        raise BenchError(f"{len(data)} rows are left, at least {MIN_ROWS} are needed. {' '.join(data.notes)}".strip())
    data = replace(data, alike=not classes and shape[-1] == values.shape[-1] and shape[-1] > 1)
    data = _constants_dropped(data)
    if data.x.shape[-1] > MAX_INPUTS:
        raise BenchError(
            f"{data.x.shape[-1]} input columns are too many, at most {MAX_INPUTS}; choose some with --inputs, for "
            f"example --inputs '{data.inputs[0]},{data.inputs[1]}'."
        )
    return data


def _numbers(x: Any) -> Array:
    """``x`` as ``(n, t, d)`` float64."""
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise BenchError(f"x has the type {array.dtype}; it must hold numbers.")
    if array.ndim == 4:
        raise BenchError(f"x has the shape {array.shape}: images are not supported yet, only (n, d) and (n, t, d).")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise BenchError(f"x has the shape {array.shape}; it must be (n, d), or (n, t, d) with a time axis.")
    return array.astype(np.float64).reshape(len(array), -1, array.shape[-1])


def _target(y: Array, kind: str) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    """Targets ``(n, t, d)`` float64 or classes ``(n,)``, the names of the classes, and notes."""
    if y.ndim == 0 or 0 in y.shape:
        raise BenchError(f"y has the shape {y.shape}; it must have one target per row.")
    one = y.reshape(len(y)) if y.size == len(y) else None
    text = y.dtype.kind in "OUSb"
    if one is not None and kind != "numbers":
        distinct = len(set(one.tolist())) if text or y.dtype.kind in "iu" else MAX_CLASSES + 1
        if kind == "classes" or text or distinct <= MAX_CLASSES:
            return _classes(one)
    if y.dtype.kind not in "fiub":
        raise BenchError(f"y has the type {y.dtype}; it must hold numbers, or one class per row.")
    if y.ndim > 3:
        raise BenchError(f"y has the shape {y.shape}; it must be (n,), (n, d) or (n, t, d).")
    numbers = y.astype(np.float64)
    if bool(np.isnan(numbers).all()):
        raise BenchError("the target holds no number in any row.")
    return numbers.reshape(len(y), 1 if y.ndim < 3 else y.shape[1], -1), (), ()


def _classes(y: Array) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    """Class numbers, -1 where the class is missing."""
    missing = np.array([v is None or v != v for v in y.tolist()])
    if bool(missing.all()):
        raise BenchError("the target holds no class in any row.")
    kept = np.array([str(v) for v in y[~missing].tolist()])
    names, counts = np.unique(kept, return_counts=True)
    if len(names) < 2 or len(names) > 100:
        raise BenchError(f"the target has {len(names)} different values; classes must be 2 to 100.")
    numbers = np.full(len(y), -1, dtype=np.int64)
    numbers[~missing] = np.searchsorted(names, kept)
    listed = ", ".join(f"{name} ({count})" for name, count in list(zip(names, counts, strict=True))[:8])
    return numbers, tuple(map(str, names)), (f"The target is read as {len(names)} classes: {listed}.",)


def _rows_dropped(data: OwnData) -> OwnData:
    """Without rows that hold a missing or infinite number, then without repeated rows."""
    n = len(data)
    flat = data.x.reshape(n, -1)
    target = data.y.reshape(n, -1)
    good = np.isfinite(flat).all(1) & (np.isfinite(target).all(1) if not data.classes else target[:, 0] >= 0)
    notes = list(data.notes)
    if not good.all():
        notes.append(f"{int((~good).sum())} of {n} rows hold a missing or infinite number and are dropped.")
    both = np.concatenate([flat, target.astype(np.float64)], 1)[good]
    _, first = np.unique(both, axis=0, return_index=True)
    kept = np.flatnonzero(good)[np.sort(first)]
    if len(kept) < good.sum():
        notes.append(f"{int(good.sum()) - len(kept)} rows repeat another row and are dropped.")
    return replace(data, x=data.x[kept], y=data.y[kept], notes=tuple(notes))


def _constants_dropped(data: OwnData) -> OwnData:
    """Without columns that never change."""
    spread = np.ptp(data.x.reshape(-1, data.x.shape[-1]), axis=0)
    size = np.abs(data.x).max(axis=(0, 1))
    keep = np.flatnonzero(spread > 1e-12 * size)
    if data.classes == () and not bool((np.ptp(data.y, axis=0) > 0).any()):
        raise BenchError("the target is the same in all rows; there is nothing to learn.")
    gone = [name for i, name in enumerate(data.inputs) if i not in keep]
    if len(keep) == 0:
        raise BenchError(f"every input column is constant: {_few(data.inputs)}.")
    notes = [*data.notes, *([f"Constant columns are left out: {_few(gone)}."] if gone else []), *_twins(data, keep)]
    place = {int(old): new for new, old in enumerate(keep)}
    blocks = [Block(b.name, tuple(place[c] for c in b.columns if c in place)) for b in data.blocks]
    return replace(
        data,
        x=data.x[..., keep],
        y=data.y[..., keep] if data.alike else data.y,
        inputs=tuple(data.inputs[i] for i in keep),
        targets=tuple(data.targets[i] for i in keep) if data.alike else data.targets,
        blocks=tuple(b for b in blocks if b.columns),
        notes=tuple(notes),
        kept=tuple(int(i) for i in keep),
    )


def _twins(data: OwnData, keep: Array) -> list[str]:
    """A note per pair of columns that are equal in every row."""
    seen: dict[bytes, str] = {}
    notes = []
    for i in keep:
        key = np.ascontiguousarray(data.x[..., i]).tobytes()
        if key in seen:
            notes.append(f"Columns {seen[key]} and {data.inputs[i]} are equal in every row.")
        seen.setdefault(key, data.inputs[i])
    return notes


def _few(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
