"""Packed records: all finished cells of a board in two files, ``<task>@<version>.jsonl`` and ``….npz``.

Each line of the first file holds a record and the digests of its arrays. The second file holds each array under its
digest, so that equal arrays are stored once. The same records always give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from bench.api import Array
from bench.errors import BenchError, EarlierProtocol
from bench.records.atomic import renamed_to
from bench.records.record import Record, Strict, decode, replaced

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
#: The earliest date of the zip format. It is used for all files, so that the bytes do not depend on the time.
EPOCH = (1980, 1, 1, 0, 0, 0)


class PackedLine(Strict, frozen=True, kw_only=True):
    """A line of a packed file: one record and the digests of its arrays, by name."""

    arrays: dict[str, Digest]
    record: msgspec.Raw


class PackedEntry(Strict, frozen=True, kw_only=True):
    """A decoded line: one record and the digests of its arrays, by name."""

    record: Record
    arrays: dict[str, Digest]


class PackedBoard(NamedTuple):
    """A packed file: entries by place, the reason for each line that is not a valid record, and the number of records
    of an earlier protocol."""

    entries: dict[str, PackedEntry]
    skipped: dict[str, str]
    earlier: int


class Packed:
    """The packed records in the folder ``root``. Each board is read on first use."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._boards: dict[str, PackedBoard] = {}

    def record(self, place: str) -> Record | None:
        """The record at ``place``; None when no packed file holds it."""
        entry = self._board(place.partition("/")[0]).entries.get(place)
        return None if entry is None else entry.record

    def arrays(self, place: str, names: Collection[str] | None = None) -> dict[str, Array]:
        """The arrays of the record at ``place``, or those of them in ``names``.

        Raises:
            BenchError: when there is no such record, or the file of arrays is missing or corrupt.
        """
        board = place.partition("/")[0]
        entry = self._board(board).entries.get(place)
        if entry is None:
            raise BenchError(f"no record {place!r}, neither in a file of its own nor packed in {str(self.root)!r}.")
        wanted = {name: digest for name, digest in entry.arrays.items() if names is None or name in names}
        if not wanted:
            return {}
        file = self.root / f"{board}.npz"
        try:
            archive = _opened(file, file.stat().st_mtime_ns)
            return {name: _array(archive.read(f"{digest}.npy")) for name, digest in wanted.items()}
        except Exception as error:  # zipfile, numpy and the file system raise different types
            raise BenchError(f"packed arrays {str(file)!r} cannot be read: {error}.") from None

    def arrays_problem(self, place: str) -> str | None:
        """Why the arrays of the record at ``place`` cannot be read; None if they can."""
        board = place.partition("/")[0]
        entry, file = self._board(board).entries[place], self.root / f"{board}.npz"
        try:
            held = {name.removesuffix(".npy") for name in _opened(file, file.stat().st_mtime_ns).namelist()}
        except Exception as error:  # zipfile, numpy and the file system raise different types
            return f"packed arrays {str(file)!r} cannot be read: {error}."
        return None if held.issuperset(entry.arrays.values()) else f"packed arrays {str(file)!r} lack some of {place}."

    def scan(self) -> tuple[dict[str, Record], dict[str, str], int]:
        """All records by place, the reason for each line that is not a valid record, and the number of records of an
        earlier protocol."""
        records: dict[str, Record] = {}
        skipped: dict[str, str] = {}
        earlier = 0
        for path in sorted(self.root.glob("*@*.jsonl")):
            board = self._board(path.stem)
            records |= {place: entry.record for place, entry in board.entries.items()}
            skipped |= board.skipped
            earlier += board.earlier
        return records, skipped, earlier

    def _board(self, name: str) -> PackedBoard:
        if name not in self._boards:
            self._boards[name] = _read(self.root / f"{name}.jsonl")
        return self._boards[name]


def pack(root: Path, board: str, records: Iterable[tuple[Record, Mapping[str, Array]]]) -> tuple[Path, Path]:
    """Write the records of ``board`` (``task@version``) and their arrays below ``root``; returns both files.

    Raises:
        BenchError: when a file cannot be written.
    """
    lines: dict[str, bytes] = {}
    contents: dict[str, bytes] = {}
    for record, arrays in records:
        digests = {}
        for name, array in sorted(arrays.items()):
            content = _npy(array)
            digests[name] = hashlib.sha256(content).hexdigest()[:16]
            contents[digests[name]] = content
        packed = replaced(record, {"arrays": tuple(sorted(digests))})
        line = PackedLine(arrays=digests, record=msgspec.Raw(msgspec.json.encode(packed, order="sorted")))
        lines[record.place] = msgspec.json.encode(line, order="sorted")
    text, archive = root / f"{board}.jsonl", root / f"{board}.npz"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with renamed_to(archive) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
            for digest in sorted(contents):
                file.writestr(zipfile.ZipInfo(f"{digest}.npy", EPOCH), contents[digest], zipfile.ZIP_DEFLATED, 9)
        with renamed_to(text) as temporary:
            temporary.write_bytes(b"".join(lines[place] + b"\n" for place in sorted(lines)))
    except OSError as error:
        raise BenchError(f"packed records in {str(root)!r} cannot be written ({error.strerror}).") from None
    return text, archive


def _read(path: Path) -> PackedBoard:
    """The contents of a packed file; empty when it does not exist."""
    entries: dict[str, PackedEntry] = {}
    skipped: dict[str, str] = {}
    earlier = 0
    if not path.exists():
        return PackedBoard(entries, skipped, earlier)
    for number, content in enumerate(path.read_bytes().splitlines(), start=1):
        where = f"{path.name}:{number}"
        try:
            line = msgspec.json.decode(content, type=PackedLine)
            record = decode(bytes(line.record), f"{path}:{number}")
            _check_line(record, line, path)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            skipped[where] = f"line {number} of {str(path)!r} cannot be read: {' '.join(str(error).split())[:300]}."
        except EarlierProtocol:
            earlier += 1
        except BenchError as error:
            skipped[where] = str(error)
        else:
            entries[record.place] = PackedEntry(record=record, arrays=line.arrays)
    return PackedBoard(entries, skipped, earlier)


def _check_line(record: Record, line: PackedLine, path: Path) -> None:
    board = record.place.partition("/")[0]
    if board != path.stem:
        raise BenchError(f"record of {board} in {str(path)!r} belongs in {board}.jsonl: it is a copy, and not counted.")
    if tuple(sorted(line.arrays)) != record.arrays:
        raise BenchError(f"record {record.place} in {str(path)!r} names other arrays than its line.")


@cache
def _opened(file: Path, changed_ns: int) -> zipfile.ZipFile:
    """The archive in memory (about a megabyte), read again only after the file has changed."""
    return zipfile.ZipFile(io.BytesIO(file.read_bytes()))


def _array(content: bytes) -> Array:
    array: Array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def _npy(array: Array) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, np.ascontiguousarray(array) if array.ndim else array, allow_pickle=False)
    return content.getvalue()
