"""QM9: equilibrium geometries and twelve properties of small organic molecules (B3LYP/6-31G(2df,p)).

Ramakrishnan, Dral, Rupp, von Lilienfeld, Scientific Data 1, 140022 (2014); figshare collection 978904, CC0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.datasets.cache import Progress, fetch_all, mismatch, read_npz, sha256_of
from bench.datasets.qm9_archive import (
    ARCHIVE,
    CHARGES,
    N_MOLECULES,
    TARGETS,
    UNCHARACTERIZED,
    build,
    read_uncharacterized,
)
from bench.errors import BenchError, nearest

NAME = "qm9"
LICENCE = "CC0"
N_TRAIN, N_VALID = 100_000, 17_748  # of the published split; the rest, 13,083 of 130,831, is the test part

_FORMAT = {"gdb_id": "i4", "n_atoms": "u1", "Z": "i1", "pos": "f4", "targets": "f8"}
_AGAIN = "Delete it and run `python -m bench data prepare qm9` to build it again."

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class QM9:
    """N molecules; molecule k has the atoms ``offsets[k]:offsets[k + 1]`` of the flat arrays, A atoms in all."""

    gdb_id: npt.NDArray[np.int32]  # (N,), increasing, in 1..133885
    n_atoms: npt.NDArray[np.uint8]  # (N,)
    offsets: IntArray  # (N + 1,)
    charges: npt.NDArray[np.int8]  # (A,), nuclear charges
    positions: npt.NDArray[np.float32]  # (A, 3), angstrom, not centred
    targets: npt.NDArray[np.float64]  # (N, 12), in target_units, NaN where unknown
    target_names: tuple[str, ...]  # the keys of TARGETS
    target_units: tuple[str, ...]  # the values of TARGETS
    variant: str  # which molecules these are, e.g. qm9-130831
    sha256: str  # of the npz file
    path: Path  # the npz file; the list of excluded molecules lies next to it


class Padded(NamedTuple):
    """Molecules of one batch or part, padded to the largest."""

    x: npt.NDArray[np.float32]  # (n, A_max, 4): nuclear charge (0 = padding), then position in angstrom
    y: npt.NDArray[np.float64]  # (n,), in the target's unit
    n_atoms: IntArray  # (n,)


def prepare(data_dir: Path, progress: Progress | None = None) -> Path:
    """The processed file, from the cache or built from the official archive (86 MB, downloaded once).

    Raises:
        BenchError: if a download fails, a file is damaged, or the cache folder cannot be written.
    """
    folder = data_dir / NAME
    out = folder / "qm9.npz"
    excluded = _list_path(folder)
    needed = [] if excluded else [UNCHARACTERIZED]
    fetch_all(needed if out.exists() else [*needed, ARCHIVE], folder, progress)
    if out.exists():
        load(data_dir)
        return out
    return build(folder / ARCHIVE.filename, excluded or folder / UNCHARACTERIZED.filename, out, progress)


def verify(data_dir: Path) -> list[tuple[str, str]]:
    """``(file, status)`` of the cached files; the status begins with ``ok``, ``missing`` or ``bad``.

    The archive is only needed to build ``qm9.npz`` and is only listed when it is there.
    """
    folder = data_dir / NAME
    report: list[tuple[str, str]] = []
    try:
        data = load(data_dir) if (folder / "qm9.npz").exists() else None
        report.append((f"{NAME}/qm9.npz", f"ok: {data.variant}, sha256 {data.sha256}" if data else "missing"))
    except BenchError as error:
        report.append((f"{NAME}/qm9.npz", f"bad: {error}"))
    excluded = _list_path(folder)
    try:
        ids = read_uncharacterized(excluded) if excluded else None
        name = excluded.name if excluded else UNCHARACTERIZED.filename
        report.append((f"{NAME}/{name}", f"ok: {len(ids)} excluded molecules" if ids is not None else "missing"))
    except BenchError as error:
        report.append((f"{NAME}/{excluded.name if excluded else ''}", f"bad: {error}"))
    archive = folder / ARCHIVE.filename
    if archive.exists():
        wrong = mismatch(ARCHIVE, archive)
        report.append((f"{NAME}/{archive.name}", f"bad: {wrong}" if wrong else "ok"))
    return report


def load(data_dir: Path) -> QM9:
    """The processed file of the cache folder, validated.

    Raises:
        BenchError: if it is absent, damaged or incomplete.
    """
    path = data_dir / NAME / "qm9.npz"
    try:
        arrays = read_npz(path)
    except FileNotFoundError:
        raise BenchError(
            f"qm9: {path} is missing. `python -m bench data prepare qm9` downloads and builds it."
        ) from None
    except ValueError as error:
        raise BenchError(f"qm9: {path} is damaged: {error}. {_AGAIN}") from error
    if wrong := _invalid(arrays):
        raise BenchError(f"qm9: {path} is not a processed QM9 file: {wrong}. {_AGAIN}")
    return QM9(
        gdb_id=arrays["gdb_id"],
        n_atoms=arrays["n_atoms"],
        offsets=np.concatenate([[0], np.cumsum(arrays["n_atoms"], dtype=np.int64)]),
        charges=arrays["Z"],
        positions=arrays["pos"],
        targets=arrays["targets"],
        target_names=tuple(TARGETS),
        target_units=tuple(TARGETS.values()),
        variant=str(arrays["variant"]),
        sha256=sha256_of(path),
        path=path,
    )


def official_split(data: QM9) -> tuple[IntArray, IntArray, IntArray]:
    """Indices into N of the published train, validation and test parts, each in the order of the permutation.

    The protocol permutes the 130,831 molecules left after the exclusion, in the order of their ids, with
    ``np.random.RandomState(0)``; molecules that ``data`` lacks are absent from their part, the others keep theirs.

    Raises:
        BenchError: if the list of excluded molecules is not next to the file, or ``data`` holds one of them.

    Source: Anderson, Hy, Kondor, Cormorant (NeurIPS 2019), ``prepare/qm9.py``.
    """
    excluded = _list_path(data.path.parent)
    if excluded is None:
        raise BenchError(
            f"qm9: the split needs {UNCHARACTERIZED.filename} or {UNCHARACTERIZED.filename}.gz in {data.path.parent}. "
            f"`python -m bench data prepare qm9` downloads it."
        )
    train, valid, test = split_by_rank(data.gdb_id, read_uncharacterized(excluded), N_MOLECULES, (N_TRAIN, N_VALID))
    return train, valid, test


def split_by_rank(
    gdb_id: npt.NDArray[np.integer[Any]], excluded: IntArray, n_molecules: int, sizes: tuple[int, ...]
) -> list[IntArray]:
    """Seed-0 permutation of ``1..n_molecules`` minus ``excluded``, cut after ``sizes``, as indices into ``gdb_id``.

    Raises:
        BenchError: if ``gdb_id`` holds an excluded molecule.
    """
    if both := np.intersect1d(gdb_id, excluded).tolist():
        raise BenchError(f"qm9: the data hold {len(both)} uncharacterized molecules, the first is {both[0]}. {_AGAIN}")
    included = np.setdiff1d(np.arange(1, n_molecules + 1), excluded)
    where = np.full(n_molecules + 1, -1)
    where[gdb_id] = np.arange(len(gdb_id))
    # The published permutation is that of the legacy generator; default_rng(0) gives another one.
    permuted = where[included[np.random.RandomState(0).permutation(len(included))]]
    return [part[part >= 0] for part in np.split(permuted, np.cumsum(sizes))]


def known(data: QM9, target: str) -> npt.NDArray[np.bool_]:
    """``(N,)``: where a target is known.

    Raises:
        BenchError: if ``target`` is unknown.
    """
    return ~np.isnan(data.targets[:, _column(target)])


def padded(data: QM9, index: npt.NDArray[np.integer[Any]], target: str) -> Padded:
    """Molecules ``index`` as ``x (n, A_max, 4)``, their target ``(n,)`` (NaN where unknown) and atom counts ``(n,)``.

    Raises:
        BenchError: if ``target`` is unknown.
    """
    y = data.targets[index, _column(target)]
    count = data.n_atoms[index].astype(np.int64)
    row = np.repeat(np.arange(len(count)), count)
    column = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    atom = np.repeat(data.offsets[index], count) + column
    x = np.zeros((len(count), count.max(initial=0), 4), np.float32)
    x[row, column, 0] = data.charges[atom]
    x[row, column, 1:] = data.positions[atom]
    return Padded(x, y, count)


def _column(target: str) -> int:
    if target not in TARGETS:
        raise BenchError(
            f"qm9: unknown target {target!r}; it must be one of {', '.join(TARGETS)}.{nearest(target, TARGETS)}"
        )
    return list(TARGETS).index(target)


def _list_path(folder: Path) -> Path | None:
    candidates = (folder / UNCHARACTERIZED.filename, folder / f"{UNCHARACTERIZED.filename}.gz")
    return next((path for path in candidates if path.exists()), None)


def _invalid(arrays: dict[str, npt.NDArray[Any]]) -> str | None:
    """What is wrong with the arrays of a processed file."""
    if absent := [key for key in (*_FORMAT, "target_names", "target_units", "variant") if key not in arrays]:
        return f"it lacks {', '.join(absent)}"
    for key, code in _FORMAT.items():
        if arrays[key].dtype != np.dtype(code):
            return f"{key} is {arrays[key].dtype}, expected {np.dtype(code)}"
    n, atoms = arrays["gdb_id"].size, int(arrays["n_atoms"].sum(dtype=np.int64))
    flat = {"gdb_id": (n,), "n_atoms": (n,), "Z": (atoms,), "variant": ()}
    shapes = flat | {"pos": (atoms, 3), "targets": (n, len(TARGETS))}
    for key, shape in shapes.items():
        if arrays[key].shape != shape:
            return f"{key} has shape {arrays[key].shape}, expected {shape}"
    for key, expected in (("target_names", list(TARGETS)), ("target_units", list(TARGETS.values()))):
        if arrays[key].tolist() != expected:
            return f"{key} is {arrays[key].tolist()}, expected {expected}"
    return next((text for text, holds in _laws(arrays) if not holds), None)


def _laws(arrays: dict[str, npt.NDArray[Any]]) -> Iterable[tuple[str, bool]]:
    ids = arrays["gdb_id"]
    yield "it has no molecule", ids.size > 0
    yield (
        f"gdb_id must increase within 1..{N_MOLECULES}",
        bool(ids[0] >= 1 and ids[-1] <= N_MOLECULES and (np.diff(ids) > 0).all()),
    )
    yield "a molecule has no atom", bool((arrays["n_atoms"] > 0).all())
    yield "Z must be one of 1, 6, 7, 8, 9", bool(np.isin(arrays["Z"], list(CHARGES.values())).all())
    yield "pos must be finite", bool(np.isfinite(arrays["pos"]).all())
    yield "targets must be finite or NaN", not bool(np.isinf(arrays["targets"]).any())
    yield "variant must be a string", arrays["variant"].dtype.kind == "U"
