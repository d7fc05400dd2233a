"""The cache folder of real and generated data: checked downloads with resume and mirrors, and atomic ``.npz`` files.

A file with the right size and checksum is never downloaded again. RFC 9110, section 14 (Range requests).
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.errors import BenchError

Progress = Callable[[str, int, int], None]
"""Called as ``progress(what, done, total)``, in bytes for a download, in molecules or trajectories for a build."""

BLOCK = 1 << 20  # bytes read at a time
TIMEOUT = 60.0  # seconds without an answer before the next mirror is tried

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """A file with its mirrors, its exact size and at least one checksum.

    Raises:
        ValueError: without a mirror or without a checksum.
    """

    filename: str
    urls: tuple[str, ...]  # mirrors, tried in this order
    size: int  # bytes
    md5: str = ""  # lower-case hexadecimal; empty: not checked
    sha256: str = ""  # lower-case hexadecimal; empty: not checked

    def __post_init__(self) -> None:
        if not self.urls or not (self.md5 or self.sha256):
            raise ValueError(f"{self.filename} needs a mirror and an md5 or sha256")

    @property
    def sums(self) -> str:
        """Size and checksum, for a person who brings the file."""
        return f"{self.size} bytes, {f'sha256 {self.sha256}' if self.sha256 else f'md5 {self.md5}'}"


class NotDownloaded(BenchError):
    """No mirror delivered the file."""

    def __init__(self, folder: Path, remote: RemoteFile, failures: Sequence[str]) -> None:
        super().__init__(
            f"{folder.name}: cannot download {remote.filename} from {', '.join(failures)}. Check the internet "
            f"connection and run again, or put the file ({remote.sums}) into {folder} by hand."
        )
        self.remote, self.failures = remote, failures


def data_dir() -> Path:
    """``$SYMMETRY_BENCH_DATA``, else ``$XDG_CACHE_HOME/symmetry-bench``, else ``~/.cache/symmetry-bench``.

    Raises:
        BenchError: when the home folder that it takes cannot be determined.

    Source: XDG Base Directory Specification 0.8 (a relative ``$XDG_CACHE_HOME`` is ignored).
    """
    configured = os.environ.get("SYMMETRY_BENCH_DATA", "")
    try:
        if configured:
            return Path(configured).expanduser()
        return user_cache()
    except RuntimeError:  # no such user, or neither HOME nor an entry for this one
        where = f"SYMMETRY_BENCH_DATA is {configured!r}" if configured else "SYMMETRY_BENCH_DATA is not set"
        raise BenchError(
            f"{where}, and the home folder of that user cannot be determined; set SYMMETRY_BENCH_DATA to the "
            "whole path of a folder for data."
        ) from None


def user_cache() -> Path:
    """``$XDG_CACHE_HOME/symmetry-bench``, else ``~/.cache/symmetry-bench``; RuntimeError without a home folder."""
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (xdg if xdg.is_absolute() else Path.home() / ".cache") / "symmetry-bench"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 lower-case hexadecimal digits."""
    return _digest(path, "sha256")


def mismatch(remote: RemoteFile, path: Path) -> str | None:
    """``None`` when ``path`` has the size and checksums of ``remote``, else ``"has …, expected …"``."""
    size = path.stat().st_size
    if size != remote.size:
        return f"has {size} bytes, expected {remote.size}"
    for algorithm, expected in (("md5", remote.md5), ("sha256", remote.sha256)):
        if expected and (actual := _digest(path, algorithm)) != expected:
            return f"has {algorithm} {actual}, expected {expected}"
    return None


def fetch(remote: RemoteFile, folder: Path, progress: Progress | None = None) -> Path:
    """The checked file in ``folder``, downloaded (or resumed from its ``.part``) only when it is not there yet.

    Args:
        remote: what to fetch; its mirrors are tried in order until one gives the right content.
        folder: created if absent; its name stands for the dataset in errors.
        progress: called with the file name, the bytes there and the bytes in all.

    Returns:
        ``folder / remote.filename``, of the right size and checksum.

    Raises:
        BenchError: if no mirror answers, the content is wrong (kept as ``.bad``), or ``folder`` cannot be written.
    """
    target = folder / remote.filename
    part = folder / f"{remote.filename}.part"
    try:
        if target.exists():
            if (wrong := mismatch(remote, target)) is None:
                return target
            raise _set_aside(folder, target, remote.filename, wrong)
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("ab"):  # fails here if the folder is not writable, so that no mirror is blamed
            pass
    except OSError as error:
        raise BenchError(
            f"{folder.name}: cannot use {error.filename or folder} for {remote.filename}: {error.strerror or error}. "
            f"Make the folder writable or set SYMMETRY_BENCH_DATA to another one."
        ) from error
    failures: list[str] = []
    wrong_content: BenchError | None = None
    for url in remote.urls:
        # A stale .part must not condemn a good mirror: wrong content after a resume is downloaded once more in full.
        for _ in range(2 if part.exists() and part.stat().st_size else 1):
            failure = _download(remote, url, part, progress)
            if failure is None and (wrong := mismatch(remote, part)) is None:
                part.replace(target)
                return target
            if failure is None:
                wrong_content = _set_aside(folder, part, remote.filename, str(wrong))
            if part.exists():  # interrupted, not wrong: the next mirror or the next run goes on from here
                break
        if failure is not None:
            failures.append(f"{url} ({failure})")
    if part.exists() and part.stat().st_size == 0:
        part.unlink()
    if wrong_content is not None:
        raise wrong_content
    raise NotDownloaded(folder, remote, failures)


def fetch_all(remotes: Iterable[RemoteFile], folder: Path, progress: Progress | None = None) -> None:
    """:func:`fetch` each file. Failed downloads are reported together, after the other files are complete.

    Raises:
        BenchError: if no mirror answers for one or more files; any other error of :func:`fetch` is raised at once.
    """
    absent: list[NotDownloaded] = []
    for remote in remotes:
        try:
            fetch(remote, folder, progress)
        except NotDownloaded as error:
            absent.append(error)
    if len(absent) == 1:
        raise absent[0]
    if absent:
        files = "; ".join(f"{e.remote.filename} ({e.remote.sums}) from {e.remote.urls[0]}" for e in absent)
        raise BenchError(
            f"{folder.name}: cannot download {len(absent)} files ({absent[0].failures[-1]}). Check the internet "
            f"connection and run again, or put them into {folder} by hand: {files}."
        )


def save_npz_atomic(path: Path, **arrays: npt.NDArray[Any]) -> None:
    """Write arrays to an ``.npz`` so that ``path`` holds all of them or, after a crash, what it held before.

    Uncompressed: equal arrays give equal bytes, whatever zlib is installed, so a SHA-256 of the file names its content.

    Raises:
        ValueError: if an array would need pickle.
        OSError: if the folder cannot be written.
    """
    if objects := [name for name, array in arrays.items() if array.dtype.hasobject]:
        raise ValueError(f"{path.name}: arrays {objects} hold Python objects")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # the stub reads **arrays as allow_pickle
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an ``.npz``, each taken out once, without pickle.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it is damaged, saying how.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    if not zipfile.is_zipfile(path):
        raise ValueError("not a complete .npz (zip) file")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # damage surfaces anywhere in zipfile, zlib, tokenize or numpy
        raise ValueError(str(error).partition("\n")[0] or type(error).__name__) from error


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        # MD5 detects damage here and is not used for security, so it must also work where FIPS forbids it for security.
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _set_aside(folder: Path, path: Path, filename: str, wrong: str) -> BenchError:
    """Rename a file of wrong content to ``.bad`` and return the error that says so."""
    bad = folder / f"{filename}.bad"
    path.replace(bad)
    return BenchError(f"{folder.name}: {filename} {wrong}; the file was kept as {bad.name}. Delete it and run again.")


def _download(remote: RemoteFile, url: str, part: Path, progress: Progress | None) -> str | None:
    """Append what is missing to ``part``; ``None`` when it is complete, else why not."""
    have = part.stat().st_size if part.exists() else 0
    if have >= remote.size:
        return None
    headers = {"User-Agent": "symmetry-bench"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as response:
            if response.status != http.HTTPStatus.PARTIAL_CONTENT:
                have = 0  # the server does not know Range and sends everything
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                return f"answers {response.headers.get('Content-Range')!r} to bytes={have}-"
            length = response.headers.get("Content-Length")
            if length is not None and have + int(length) != remote.size:
                return f"offers {have + int(length)} bytes, expected {remote.size}"
            with part.open("ab" if have else "wb") as file:
                while have <= remote.size and (block := response.read(BLOCK)):
                    file.write(block)
                    have += len(block)
                    if progress is not None:
                        progress(remote.filename, have, remote.size)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # the part is longer than the server's file: it belongs to something else
        return f"HTTP {error.code} {error.reason}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return str(getattr(error, "reason", error)) or type(error).__name__
    return None if have >= remote.size else f"the connection ended after {have} of {remote.size} bytes"
