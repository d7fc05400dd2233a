"""Reader of the official QM9 archive: streams its xyz files into the processed ``.npz`` that ``qm9.load`` reads.

Ramakrishnan, Dral, Rupp, von Lilienfeld, Scientific Data 1, 140022 (2014); figshare collection 978904, CC0.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bench.datasets.cache import Progress, RemoteFile, save_npz_atomic
from bench.errors import BenchError

ARCHIVE = RemoteFile(
    "dsgdb9nsd.xyz.tar.bz2",
    (
        "https://ndownloader.figshare.com/files/3195389",
        "https://springernature.figshare.com/ndownloader/files/3195389",
    ),
    size=86_144_227,
    md5="ad1ebd51ee7f5b3a6e32e974e5d54012",
)
UNCHARACTERIZED = RemoteFile(
    "uncharacterized.txt",
    (
        "https://ndownloader.figshare.com/files/3195404",
        "https://springernature.figshare.com/ndownloader/files/3195404",
    ),
    size=486_752,
    md5="a361887bacb427b8a0ce7903d92a53b4",
)
TARGETS = {  # name: unit, in the order of the xyz files
    "mu": "Debye",
    "alpha": "Bohr^3",
    "homo": "Hartree",
    "lumo": "Hartree",
    "gap": "Hartree",
    "r2": "Bohr^2",
    "zpve": "Hartree",
    "u0": "Hartree",
    "u298": "Hartree",
    "h298": "Hartree",
    "g298": "Hartree",
    "cv": "cal/(mol K)",
}
N_MOLECULES = 133_885  # in the archive; gdb_id runs from 1 to this

CHARGES = {"H": 1, "C": 6, "N": 7, "O": 8, "F": 9}
_MAX_MEMBER = 1 << 16  # bytes; the longest file of the archive is far below
_AGAIN = "Delete the archive to download it again."
_DISTRUST = "This is not the official archive; delete it."


class Molecule(NamedTuple):
    """One file of the archive."""

    gdb_id: int  # in 1..133885
    charges: list[int]  # (a,), nuclear charges
    positions: npt.NDArray[np.float32]  # (a, 3), angstrom
    targets: list[float]  # (12,), in the units of TARGETS


def build(archive: Path, excluded: Path, out: Path, progress: Progress | None = None) -> Path:
    """Write the processed ``.npz`` from the official archive, without the uncharacterized molecules.

    Keys: ``gdb_id`` int32 (N), ``n_atoms`` uint8 (N), ``Z`` int8 (A), ``pos`` float32 angstrom (A, 3), ``targets``
    float64 (N, 12), ``target_names``, ``target_units`` (12), ``variant`` (``qm9-<N>``); ordered by ``gdb_id``.

    Args:
        archive: ``dsgdb9nsd.xyz.tar.bz2``, read as a stream; nothing is unpacked to disk.
        excluded: ``uncharacterized.txt`` or ``.txt.gz``, checked by its md5.
        out: the file to write.
        progress: called with molecules read and molecules in all.

    Raises:
        BenchError: if the archive is damaged, holds anything but plain files inside it, or ``out`` cannot be written.
    """
    dropped = set(read_uncharacterized(excluded).tolist())
    molecules: dict[int, Molecule] = {}
    for count, (name, text) in enumerate(_members(archive), 1):
        try:
            molecule = parse_xyz(text)
        except ValueError as error:
            raise BenchError(f"qm9: {name} in {archive.name}: {error}. {_AGAIN}") from error
        if molecule.gdb_id in molecules:
            raise BenchError(f"qm9: {archive.name} has molecule {molecule.gdb_id} twice. {_AGAIN}")
        if molecule.gdb_id not in dropped:
            molecules[molecule.gdb_id] = molecule
        if progress is not None and count % 1000 == 0:
            progress(f"reading {archive.name}", count, N_MOLECULES)
    if not molecules:
        raise BenchError(f"qm9: {archive.name} has no molecule; it must be the official {ARCHIVE.filename}.")
    kept = [molecules[gdb_id] for gdb_id in sorted(molecules)]
    try:
        save_npz_atomic(
            out,
            gdb_id=np.array([m.gdb_id for m in kept], np.int32),
            n_atoms=np.array([len(m.charges) for m in kept], np.uint8),
            Z=np.concatenate([np.array(m.charges, np.int8) for m in kept]),
            pos=np.concatenate([m.positions for m in kept]),
            targets=np.array([m.targets for m in kept], np.float64),
            target_names=np.array(list(TARGETS)),
            target_units=np.array(list(TARGETS.values())),
            variant=np.array(f"qm9-{len(kept)}"),
        )
    except OSError as error:
        raise BenchError(
            f"qm9: cannot write {out}: {error.strerror or error}. Set SYMMETRY_BENCH_DATA to a writable folder."
        ) from error
    return out


def parse_xyz(text: str) -> Molecule:
    """The molecule of one file of the archive.

    Lines: number of atoms; ``gdb``, id, three rotational constants, targets; per atom symbol, x, y, z, partial charge;
    frequencies, SMILES and InChI are not read. Numbers may be written like ``1.2*^-6``.

    Raises:
        ValueError: naming the line that does not follow this format.
    """
    lines = text.replace("*^", "e").splitlines()
    line = 1
    try:
        n = int(lines[0])
        line = 2
        tag, number, *values = lines[1].split()
        if tag != "gdb" or len(values) != 3 + len(TARGETS):
            raise ValueError
        gdb_id, targets = int(number), [float(v) for v in values[3:]]
        charges: list[int] = []
        positions: list[list[float]] = []
        for line in range(3, n + 3):
            symbol, x, y, z, _ = lines[line - 1].split()
            charges.append(CHARGES[symbol])
            positions.append([float(x), float(y), float(z)])
    except (ValueError, KeyError, IndexError):
        raise ValueError(f"line {line} is not that of a QM9 xyz file") from None
    if not (0 < n < 256 and 1 <= gdb_id <= N_MOLECULES and np.isfinite(positions).all() and np.isfinite(targets).all()):
        raise ValueError(f"molecule {gdb_id} with {n} atoms has a number out of range")
    return Molecule(gdb_id, charges, np.array(positions, np.float32), targets)


def read_uncharacterized(path: Path) -> npt.NDArray[np.int64]:
    """The ids of the 3,054 excluded molecules, from the official ``.txt`` or its ``.txt.gz``, checked by md5.

    Raises:
        BenchError: if the file is absent, damaged or not the official one.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise BenchError(f"qm9: cannot read {path}: {error}. Delete it to download it again.") from error
    if (md5 := hashlib.md5(content, usedforsecurity=False).hexdigest()) != UNCHARACTERIZED.md5:
        raise BenchError(
            f"qm9: {path} holds a list with md5 {md5}, expected {UNCHARACTERIZED.md5}. Delete it to download it again."
        )
    return parse_uncharacterized(content.decode("ascii"))


def parse_uncharacterized(text: str) -> npt.NDArray[np.int64]:
    """Ids between the second and the third ruler of ``=`` signs, first column, increasing.

    Raises:
        BenchError: if a ruler is missing or a line does not begin with an id.
    """
    lines = text.splitlines()
    rulers = [i for i, line in enumerate(lines) if line.startswith("====")]
    rows = [line.split() for line in lines[rulers[1] + 1 : rulers[2]]] if len(rulers) == 3 else []
    if not rows or not all(row and row[0].isdigit() for row in rows):
        raise BenchError(
            "qm9: the list of uncharacterized molecules must have three rulers of = signs, and between the second and "
            "the third one molecule per line, its id first. Delete it to download it again."
        )
    return np.array(sorted(int(row[0]) for row in rows), np.int64)


def _members(archive: Path) -> Iterator[tuple[str, str]]:
    """Name and text of every ``.xyz`` file of the archive, in its order, read as a stream."""
    try:
        with bz2.open(archive) as raw, tarfile.open(fileobj=raw, mode="r|") as tar:
            for member in tar:
                if _escapes(member.name):
                    raise BenchError(
                        f"qm9: {archive.name} has a member outside the archive: {member.name!r}. {_DISTRUST}"
                    )
                if member.isdir():
                    continue
                if not member.isreg() or member.size > _MAX_MEMBER:
                    raise BenchError(
                        f"qm9: {archive.name} has a member that is not a plain file of at most {_MAX_MEMBER} bytes: "
                        f"{member.name!r}. {_DISTRUST}"
                    )
                file = tar.extractfile(member)
                if file is not None and member.name.endswith(".xyz"):
                    yield member.name, file.read().decode("ascii", "replace")
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise BenchError(
            f"qm9: {archive} cannot be read to its end ({error}); it must be the official {ARCHIVE.filename} of "
            f"{ARCHIVE.size} bytes. Delete it to download it again."
        ) from error


def _escapes(name: str) -> bool:
    path = PurePosixPath(name)
    windows = PureWindowsPath(name)
    return path.is_absolute() or bool(windows.anchor) or ".." in path.parts or ".." in windows.parts
