"""MNIST: 70,000 handwritten digits, 28 x 28 grey values, from the four original files.

LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86, 2278 (1998); the IDX format is that of LeCun's page on the data set.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from bench.datasets.cache import Progress, RemoteFile, fetch_all, mismatch
from bench.errors import BenchError

NAME = "mnist"
LICENCE = "CC BY-SA 3.0, as commonly stated"
N_TRAIN, N_TEST, SIDE, CLASSES = 60_000, 10_000, 28, 10  # SIDE in pixels
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")

_AGAIN = "delete it and run `python -m bench data prepare mnist`"
_UNSIGNED_BYTE = 0x08  # the IDX type code

ByteArray = npt.NDArray[np.uint8]


def _remote(filename: str, size: int, sha256: str) -> RemoteFile:
    return RemoteFile(filename, tuple(mirror + filename for mirror in MIRRORS), size=size, sha256=sha256)


# content_sha256 uses this order, so a change of it changes every record's data fingerprint.
FILES = {
    "train_images": _remote(
        "train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train_labels": _remote(
        "train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "test_images": _remote(
        "t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "test_labels": _remote(
        "t10k-labels-idx1-ubyte.gz", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
# One count for the images and the labels of a part, so that files of different length cannot both be accepted.
SHAPES: dict[str, tuple[int, ...]] = {
    "train_images": (N_TRAIN, SIDE, SIDE),
    "train_labels": (N_TRAIN,),
    "test_images": (N_TEST, SIDE, SIDE),
    "test_labels": (N_TEST,),
}


@dataclass(frozen=True, eq=False)
class Digits:
    """The published training or test part in its published order; 0 is background, 255 is ink."""

    images: ByteArray  # (n, 28, 28): row from the top, column from the left; n is 60000 or 10000
    labels: npt.NDArray[np.int64]  # (n,), in 0..9


def content_sha256() -> str:
    """SHA-256 over the declared checksums, as ``sha256sum`` lists the files in the order of FILES; reads no file."""
    listing = "".join(f"{remote.sha256}  {remote.filename}\n" for remote in FILES.values())
    return hashlib.sha256(listing.encode()).hexdigest()


def prepare(data_dir: Path, progress: Progress | None = None) -> Path:
    """The folder with the four checked files (11.6 MB); existing files are neither downloaded nor written.

    Raises:
        BenchError: if a download fails, a file has the wrong content, or a missing file cannot be written.
    """
    folder = data_dir / NAME
    fetch_all(FILES.values(), folder, progress)
    return folder


def verify(data_dir: Path) -> list[tuple[str, str]]:
    """``(file, status)`` of the four files; the status begins with ``ok``, ``missing`` or ``bad``."""
    report: list[tuple[str, str]] = []
    for remote in FILES.values():
        path = data_dir / NAME / remote.filename
        try:
            wrong = mismatch(remote, path)
            status = f"bad: {wrong}" if wrong else "ok"
        except FileNotFoundError:
            status = "missing"
        except OSError as error:
            status = f"bad: cannot be read: {error.strerror or error}"
        report.append((f"{NAME}/{remote.filename}", status))
    return report


def load(data_dir: Path, part: Literal["train", "test"]) -> Digits:
    """One part from the cache folder, its two files checked by size, SHA-256, header and range of labels.

    Raises:
        BenchError: if one is absent, damaged or not the published file.
    """
    images, labels = (_read(f"{part}_{kind}", data_dir / NAME) for kind in ("images", "labels"))
    return Digits(images, _labels(labels, FILES[f"{part}_labels"].filename))


def parse_idx(raw: bytes, shape: tuple[int, ...], name: str) -> ByteArray:
    """The array of an unpacked IDX file of unsigned bytes, which must have exactly this shape.

    Layout: two zero bytes, the type code, the number of dimensions, each dimension as big-endian uint32, the entries
    in C order.

    Args:
        raw: the whole file.
        shape: what the header must declare.
        name: the file's name, for errors.

    Returns:
        uint8 of ``shape``, a writable copy.

    Raises:
        BenchError: if the type or shape differs, or the length is not what the header declares.
    """
    magic = bytes([0, 0, _UNSIGNED_BYTE, len(shape)])
    header = len(magic) + 4 * len(shape)
    if len(raw) < header:
        raise _error(name, f"holds {len(raw)} bytes unpacked, expected an IDX header of {header}")
    if raw[:4] != magic:
        raise _error(name, f"begins with the IDX magic {raw[:4].hex()}, expected {magic.hex()}")
    declared = struct.unpack_from(f">{len(shape)}I", raw, 4)
    if declared != shape:
        raise _error(name, f"declares the shape {declared}, expected {shape}")
    if len(raw) != header + math.prod(shape):
        raise _error(name, f"holds {len(raw)} bytes unpacked, expected {header + math.prod(shape)}")
    # A copy: frombuffer's view is read-only, which torch.from_numpy warns of.
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape).copy()


def _read(name: str, folder: Path) -> ByteArray:
    return parse_idx(_unpack(FILES[name], folder), SHAPES[name], FILES[name].filename)


def _unpack(remote: RemoteFile, folder: Path) -> bytes:
    """The file's content without gzip, after its size and checksum were found right."""
    path = folder / remote.filename
    try:
        if wrong := mismatch(remote, path):
            raise _error(remote.filename, wrong)
        packed = path.read_bytes()
    except FileNotFoundError:
        raise BenchError(
            f"mnist: {remote.filename} is missing from {folder}; `python -m bench data prepare mnist` downloads it."
        ) from None
    except OSError as error:
        raise BenchError(
            f"mnist: {remote.filename} cannot be read: {error.strerror or error}; make {path} a readable file."
        ) from error
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise _error(remote.filename, f"is damaged, expected a gzip file: {error}") from error


def _labels(labels: ByteArray, name: str) -> npt.NDArray[np.int64]:
    """``(n,)`` int64, in 0..9."""
    if (worst := int(labels.max(initial=0))) >= CLASSES:
        where = int(labels.argmax())
        raise _error(name, f"has the label {worst} at index {where}, expected labels in 0..{CLASSES - 1}")
    return labels.astype(np.int64)


def _error(name: str, wrong: str) -> BenchError:
    return BenchError(f"mnist: {name} {wrong}; {_AGAIN}.")
