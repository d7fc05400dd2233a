"""Reads a user's file: `.npz` with x and y, or a table (`.csv`, `.parquet`) whose columns are chosen by patterns."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.errors import BenchError, nearest
from bench.own.data import OwnData, make_data

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".npz", ".csv", ".parquet")


def read_data(path: Path, target: str = "", inputs: str = "", group: str = "", kind: str = "auto") -> OwnData:
    """The data of a file.

    Args:
        path: `.npz` with the arrays ``x`` and ``y``, `.csv` or `.parquet`.
        target: patterns of the target's columns, with commas between them; needed for tables.
        inputs: patterns of the inputs' columns; by default all others. For `.npz` the names of the columns of x.
        group: see :func:`bench.own.data.parse_groups`.
        kind: auto, classes or numbers.

    Raises:
        BenchError: when the file cannot be read or used; one line says why.
    """
    if not path.is_file():
        beside = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise BenchError(f"{str(path)!r} is not a file.{nearest(path.name, beside)}")
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise BenchError(f"{path.name!r} ends in {ending!r}; it must be one of {', '.join(ENDINGS)}.")
    if ending == ".npz":
        return _from_arrays(path, target, inputs, group, kind)
    table = _table(path)
    if not target:
        raise BenchError(f"name the target's column: --target NAME. Columns: {', '.join(map(str, table.columns))}.")
    wanted = _matched(target, list(table.columns), "--target")
    others = [column for column in table.columns if column not in wanted]
    used = [c for c in _matched(inputs, list(table.columns), "--inputs") if c not in wanted] if inputs else others
    if not used:
        raise BenchError("no input column is left beside the target.")
    text = [c for c in used if table[c].dtype.kind not in "fiub"]
    if text:
        raise BenchError(
            f"column {text[0]!r} holds {_example(table[text[0]])!r}, which is text; leave text columns out with "
            f"--inputs ({', '.join(text[:8])})."
        )
    y = table[wanted].to_numpy() if len(wanted) > 1 else table[wanted[0]].to_numpy()
    x = table[used].to_numpy(dtype=np.float64)
    return make_data(x, y, inputs=used, targets=wanted, group=group, kind=kind)


def _from_arrays(path: Path, target: str, inputs: str, group: str, kind: str) -> OwnData:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise BenchError(f"{path.name!r} cannot be read as .npz: {str(error).splitlines()[0]}") from None
    missing = [name for name in ("x", "y") if name not in held]
    if missing:
        raise BenchError(f"{path.name!r} lacks the array {missing[0]!r}; it holds {', '.join(held) or 'nothing'}.")
    named = [part for part in inputs.split(",") if part]
    wanted = [part for part in target.split(",") if part]
    return make_data(held["x"], held["y"], inputs=named, targets=wanted, group=group, kind=kind)


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd  # here: it is slow to import

    try:
        table = pd.read_csv(path) if path.suffix.lower() == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BenchError(f"{path.name!r} cannot be read: {str(error).strip().splitlines()[0]}") from None
    table.columns = [str(column).strip() for column in table.columns]
    if table.columns.has_duplicates:
        raise BenchError(f"{path.name!r} names the column {table.columns[table.columns.duplicated()][0]!r} twice.")
    return table


def _matched(patterns: str, columns: Sequence[str], option: str) -> list[str]:
    """The columns that match any of the patterns, in the order of the table."""
    found: set[str] = set()
    for pattern in (part.strip() for part in patterns.split(",") if part.strip()):
        matches = [column for column in columns if column == pattern or fnmatchcase(column, pattern)]
        if not matches:
            listed = ", ".join(columns[:20]) + (" …" if len(columns) > 20 else "")
            raise BenchError(f"{option} {pattern!r} matches no column.{nearest(pattern, columns)} Columns: {listed}.")
        found.update(matches)
    return [column for column in columns if column in found]


def _example(column: pd.Series[str]) -> str:
    values = column.dropna()
    return str(values.iloc[0])[:40] if len(values) else "nothing"
