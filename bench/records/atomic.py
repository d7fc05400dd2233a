"""Writes files that are either complete or absent: under another name first, then renamed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError


@contextlib.contextmanager
def renamed_to(path: Path) -> Iterator[Path]:
    """Yield a temporary file next to ``path``. It is renamed to ``path`` on success and removed otherwise."""
    temporary = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):  # the caller must see the earlier error
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(place: str) -> Iterator[None]:
    """Turn errors of the file system into one line that names ``place``, which the body writes.

    Raises:
        BenchError: when the file system refuses a write, for instance because the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise BenchError(
            f"{place} cannot be written: {error.strerror or error}. Stored results are kept. Fix the cause and run the "
            "same command again to continue."
        ) from None
