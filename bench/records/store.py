"""The store: a workspace with one file per cell, over packed files of published records. It never uses pickle.

A record lives at ``<task>@<version>/<method>[--<search>]/<key>/seed<k>.json`` below the workspace. Its arrays are
in the ``.npz`` file next to it. Packed records (`bench.records.packed`) are read where the workspace has none.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.api import Array
from bench.errors import BenchError, EarlierProtocol
from bench.records.atomic import renamed_to
from bench.records.cell import Cell
from bench.records.packed import Packed
from bench.records.paths import packed_dir
from bench.records.record import Record, Status, checked, encode, read_record, replaced


@dataclass
class Scan:
    """All records of a store by place, the reason for each file that is not a valid record, and the number of records
    of an earlier protocol."""

    records: dict[str, Record] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    earlier: int = 0


class Store:
    """Reads and writes records of the workspace ``root``, and reads the published records that belong to it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def packed(self) -> Packed:
        """The published records, which are read on first use."""
        return Packed(packed_dir(self.root))

    def place(self, cell: Cell) -> str:
        """Path of the record of ``cell``, relative to the root."""
        return f"{cell.folder}/seed{cell.seed}.json"

    def path(self, cell: Cell) -> Path:
        """Path to which the record of ``cell`` is written."""
        return self.root / self.place(cell)

    def checkpoint(self, cell: Cell) -> Path:
        """Path of the checkpoint that a run of ``cell`` keeps until it ends."""
        return self.path(cell).with_name(f".seed{cell.seed}.checkpoint")

    def lock(self, cell: Cell) -> Path:
        """Path of the lock file that the process running ``cell`` holds."""
        return self.path(cell).with_name(f".seed{cell.seed}.lock")

    def check_writable(self) -> None:
        """Check, before anything is computed, that records can be written.

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

    def record(self, cell: Cell) -> Record | None:
        """The record of ``cell`` from the workspace, else from the packed files; None when neither can be read."""
        return self._at(self.place(cell))

    def finished(self, cell: Cell) -> Record | None:
        """The record of ``cell`` when rerunning it would not change the outcome; None otherwise."""
        record = self.record(cell)
        return record if record is not None and record.status.is_final else None

    def read(self, place: str) -> Record:
        """The record at ``place`` from the workspace, else from the packed files.

        Raises:
            BenchError: when there is no record, or its file cannot be read.
        """
        path = self.root / place
        if not path.exists() and (packed := self.packed.record(place)) is not None:
            return packed
        record = read_record(path)
        if record.place != place:
            raise BenchError(f"record {str(path)!r} belongs at {record.place!r}: it is a copy, and is not counted.")
        return record

    def arrays(self, place: str, names: Collection[str] | None = None) -> dict[str, Array]:
        """The arrays of the record at ``place``, or those of them in ``names``; empty when it has none.

        Raises:
            BenchError: when the record or its file of arrays is missing or corrupt.
        """
        path = self.root / place
        if not path.exists():
            return self.packed.arrays(place, names)
        return read_arrays(path, self.read(place), names)

    def arrays_problem(self, record: Record) -> str | None:
        """Why the arrays of ``record`` cannot be read, by the archive's table of contents; None if they can."""
        path = self.root / record.place
        if not record.arrays:
            return None
        if not path.exists():
            return self.packed.arrays_problem(record.place)
        try:
            with zipfile.ZipFile(path.with_suffix(".npz")) as archive:
                missing = set(record.arrays) - {name.removesuffix(".npy") for name in archive.namelist()}
        except (OSError, zipfile.BadZipFile) as error:
            return f"arrays {str(path.with_suffix('.npz'))!r} of a record cannot be read: {error}."
        return f"arrays {str(path.with_suffix('.npz'))!r} lack {', '.join(sorted(missing))}." if missing else None

    def write(self, cell: Cell, record: Record, arrays: Mapping[str, Array] | None = None) -> Record:
        """Write the arrays and then the record that names them, both atomically; return the record as it will be read.

        Raises:
            BenchError: when the record could not be read again.
        """
        path = self.path(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = checked(replaced(record, {"arrays": tuple(sorted(arrays or {}))}), str(path))
        # Both files are complete before either is renamed: a full disk leaves an earlier record and its arrays intact.
        with renamed_to(path) as temporary:
            temporary.write_bytes(encode(written))
            if arrays:
                with renamed_to(path.with_suffix(".npz")) as beside, beside.open("wb") as file:
                    np.savez_compressed(file, allow_pickle=False, **arrays)
            else:
                path.with_suffix(".npz").unlink(missing_ok=True)
        return written

    def write_outcome(self, cell: Cell, record: Record, arrays: Mapping[str, Array] | None = None) -> Record:
        """Write ``record`` and return it. It is not written if it would replace a finished record by a failure.

        An interruption does not replace any record.
        """
        if record.status.is_final or self._is_replaceable(cell, record.status):
            return self.write(cell, record, arrays)
        return record

    def _is_replaceable(self, cell: Cell, status: Status) -> bool:
        earlier = self.record(cell)
        return earlier is None or not (earlier.status.is_final or status is Status.INTERRUPTED)

    def write_log(self, cell: Cell, text: str) -> None:
        """Write the output of a worker to the log next to its record."""
        with renamed_to(self.path(cell).with_suffix(".log")) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def scan(self) -> Scan:
        """All records in order of their places. A file that is not a valid record is skipped, with the reason."""
        records, skipped, earlier = self.packed.scan()
        for path in self.root.glob("*@*/*/*/seed*.json"):
            place = path.relative_to(self.root).as_posix()
            try:
                records[place] = self.read(place)
            except EarlierProtocol:
                earlier += 1
            except BenchError as error:
                skipped[place] = str(error)
        return Scan(dict(sorted(records.items())), dict(sorted(skipped.items())), earlier)

    def _at(self, place: str) -> Record | None:
        try:
            return self.read(place)
        except BenchError:
            return None


def read_arrays(path: Path, record: Record, names: Collection[str] | None = None) -> dict[str, Array]:
    """The arrays next to the record at ``path``, or those of them in ``names``; empty when it has none.

    Raises:
        BenchError: when the file is missing or corrupt.
    """
    wanted = [name for name in record.arrays if names is None or name in names]
    if not wanted:
        return {}
    file = path.with_suffix(".npz")
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in wanted}
    except Exception as error:  # zipfile, numpy and the file system raise different types
        raise BenchError(f"arrays {str(file)!r} of a record cannot be read: {error}.") from None
