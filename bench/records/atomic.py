"""Files that are either whole or absent: written under another name, then renamed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError


@contextlib.contextmanager
def renamed_to(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name once it is whole, and is gone otherwise."""
    temporary = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):  # what went wrong before is what the caller must hear of
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(place: str) -> Iterator[None]:
    """Inside, ``place`` is written.

    Raises:
        BenchError: in one line, for whatever the file system refuses, for instance because the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise BenchError(
            f"{place} cannot be written: {error.strerror or error}. What is stored stays; once there is room the same "
            "command continues."
        ) from None
