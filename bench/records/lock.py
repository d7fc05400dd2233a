"""A lock that lets one process at a time work on a cell. The system releases it when its holder ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bench.errors import BenchError
from bench.records.atomic import writing
from bench.records.cell import Cell
from bench.records.store import Store


class Busy(BenchError):
    """Another process is running the cell."""


class CellLock:
    """An exclusive lock on the file ``path``. The worker inherits its descriptor, so the lock outlives the parent.

    Args:
        path: the file; it holds the number of the process that has the lock.
        what: what the holder runs, for the error text.

    Raises:
        Busy: when another process holds it.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        self._file: IO[str] | None = None

    def __enter__(self) -> int:
        while True:
            file = self.path.open("a", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise Busy(f"{self.what} is being run by {self._holder()}; wait until it ends, or end it.") from None
            # The previous holder may have removed the file after it was opened here.
            with contextlib.suppress(FileNotFoundError):
                if self.path.stat().st_ino == _inode(file):
                    self._file = file
                    _sign(file.fileno())
                    return file.fileno()
            file.close()

    def __exit__(self, *_: object) -> None:
        assert self._file is not None
        self.path.unlink(missing_ok=True)
        self._file.close()

    def _holder(self) -> str:
        with contextlib.suppress(OSError):
            pid = self.path.read_text(encoding="utf-8", errors="replace").strip()
            if pid:
                return f"process {pid}"
        return "another process"


@contextlib.contextmanager
def claimed(store: Store, cell: Cell) -> Iterator[int]:
    """Hold the lock of ``cell`` while the store is written. Creates the folder and yields the lock's descriptor.

    Raises:
        Busy: when another process holds it.
        BenchError: when the store cannot be written, for instance because the disk is full.
    """
    with writing(f"results folder {str(store.root)!r}"):
        store.path(cell).parent.mkdir(parents=True, exist_ok=True)
        with CellLock(store.lock(cell), cell.title) as held:
            yield held


def _inode(file: IO[str]) -> int:
    return os.fstat(file.fileno()).st_ino


def _sign(descriptor: int) -> None:
    """Write the number of this process into the lock file. The lock also works if the disk is full."""
    with contextlib.suppress(OSError):
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
