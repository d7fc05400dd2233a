"""The store: one validated JSON record (and one .npz) per cell, written atomically, never a pickle."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.api import Array
from bench.errors import BenchError
from bench.records.atomic import renamed_to
from bench.records.cell import Cell
from bench.records.schema import first_breach

SCHEMA = "run.v1"
#: Statuses that running the same cell again would only repeat.
FINISHED = ("ok", "diverged", "unsupported")

Record = dict[str, Any]


@dataclass
class Scan:
    """All records of a store, and for each file that is no valid record the reason."""

    records: dict[Path, Record] = field(default_factory=dict)
    skipped: dict[Path, str] = field(default_factory=dict)


class Store:
    """Records below one folder: ``<task>@<version>/<method>[--<search>]/<key>/seed<k>.json``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, cell: Cell) -> Path:
        return self.root / cell.folder / f"seed{cell.seed}.json"

    def checkpoint(self, cell: Cell) -> Path:
        """Where a run of ``cell`` keeps the state of its training, until it ends."""
        return self.path(cell).with_name(f".seed{cell.seed}.checkpoint")

    def lock(self, cell: Cell) -> Path:
        """The file that whoever runs ``cell`` holds locked."""
        return self.path(cell).with_name(f".seed{cell.seed}.lock")

    def check_writable(self) -> None:
        """Fail before anything is computed.

        Raises:
            BenchError: when the folder cannot be created or written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".probe-{os.getpid()}.tmp"
            probe.write_text("", encoding="utf-8")
            probe.unlink()
        except OSError as error:
            raise BenchError(
                f"results folder {str(self.root)!r} cannot be written ({error.strerror}); choose another with "
                "--results DIR."
            ) from None

    def finished(self, cell: Cell) -> Record | None:
        """The record of ``cell`` when running it again would only repeat it; None when absent, failed or corrupt."""
        path = self.path(cell)
        if not path.exists():
            return None
        try:
            record = read_record(path)
        except BenchError:
            return None
        return record if record["status"] in FINISHED else None

    def write(self, cell: Cell, record: Record, arrays: Mapping[str, Array] | None = None) -> Path:
        """Write arrays first, then the record that names them; each by a temporary file and a rename.

        Raises:
            BenchError: when the record breaks the schema or an identity.
        """
        path = self.path(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        if arrays:
            record = {**record, "arrays": f"seed{cell.seed}.npz"}
        text = json.dumps(record, indent=1, sort_keys=True, allow_nan=False) + "\n"
        check(json.loads(text), path)  # what will be read, without subclasses of str and float
        # Both are whole before one takes its name: a full disk leaves an earlier record with its own arrays.
        with renamed_to(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
            if arrays:
                with renamed_to(path.with_suffix(".npz")) as beside, beside.open("wb") as file:
                    np.savez_compressed(file, allow_pickle=False, **arrays)
            else:
                path.with_suffix(".npz").unlink(missing_ok=True)
        return path

    def write_outcome(self, cell: Cell, record: Record, arrays: Mapping[str, Array] | None = None) -> Record:
        """Write ``record`` unless it would replace a finished one by a failure, or any by an interruption.

        Returns it either way.
        """
        if record["status"] in FINISHED or self._replaceable(cell, record["status"]):
            return read_record(self.write(cell, record, arrays))
        return record

    def _replaceable(self, cell: Cell, status: str) -> bool:
        try:
            earlier = read_record(self.path(cell))["status"]
        except BenchError:
            return True
        return earlier not in FINISHED and status != "interrupted"

    def write_log(self, cell: Cell, text: str) -> None:
        """Keep what a worker said beside its record."""
        with renamed_to(self.path(cell).with_suffix(".log")) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def scan(self) -> Scan:
        """Every record below the root, in path order; a file that is none is skipped with its reason."""
        found = Scan()
        for path in sorted(self.root.glob("*@*/*/*/seed*.json")):
            try:
                found.records[path] = read_record(path)
            except BenchError as error:
                found.skipped[path] = str(error)
        return found


def read_record(path: Path) -> Record:
    """Read and validate one record.

    Raises:
        BenchError: when the file is missing, is no JSON, or breaks the schema; names the file and the place.
    """
    try:
        record = json.loads(
            path.read_text(encoding="utf-8"), parse_constant=_refuse, parse_float=_finite, parse_int=_finite
        )
    except FileNotFoundError:
        raise BenchError(f"no record {str(path)!r}; `python -m bench run` prints the paths it writes.") from None
    except (OSError, ValueError) as error:
        raise BenchError(f"record {str(path)!r} cannot be read: {error}.") from None
    check(record, path)
    checked: Record = record
    return checked


def read_arrays(path: Path, record: Record, names: Collection[str] | None = None) -> dict[str, Array]:
    """The arrays beside the record at ``path``, or those of them in ``names``; empty when it has none.

    Raises:
        BenchError: when the named file is missing or corrupt.
    """
    if record["arrays"] is None:
        return {}
    file = path.with_name(record["arrays"])
    try:
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if names is None or name in names}
    except Exception as error:  # zipfile, numpy and the file system each have their own
        raise BenchError(f"arrays {str(file)!r} of a record cannot be read: {error}.") from None


def check(record: Any, path: Path) -> None:
    """Schema, then the identities that no correct run can break.

    Raises:
        BenchError: naming the file, the place in the record, and what is wrong.
    """
    breach = first_breach(record, "record.schema.json")
    if breach is not None:
        raise BenchError(f"record {str(path)!r} breaks the schema {SCHEMA} at {breach}.")
    for name in ("precision", "recall", "precision_on_data", "cosine", "closure_defect"):
        score = record["scores"].get(f"symmetry/{name}")
        if score is not None and not -1e-9 <= score["value"] <= 1 + 1e-9:
            raise BenchError(f"record {str(path)!r}: symmetry/{name} is {score['value']}, outside [0, 1].")
    for name, score in record["scores"].items():
        if name.startswith("equivariance/") and score["value"] < 0:
            raise BenchError(f"record {str(path)!r}: {name} is {score['value']}, below 0.")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _finite(text: str) -> float | int:
    if not math.isfinite(float(text)):
        raise ValueError(f"{text[:20]} is no finite number")
    return float(text) if {".", "e", "E"} & set(text) else int(text)
