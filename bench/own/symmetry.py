"""A symmetry as a file: generators in the user's units, to be used on the user's data without this suite's engine."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.api import Array
from bench.errors import BenchError
from bench.lie.exponential import expm
from bench.own.data import Block
from bench.own.framing import OUTPUTS


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Generators and how inputs and targets move under them.

    Attributes:
        generators: ``(k, d+1, d+1)`` float64 in the user's units: ``exp(A)`` acts on (x, 1).
        half_widths: ``(k,)``, the largest coefficient of each generator in :meth:`transform`.
        output: invariant (y stays), same (y moves as x), vector (y moves by the linear part).
        columns: names of the inputs; kept: which columns of the user's x they are.
    """

    generators: Array
    half_widths: Array
    output: str
    columns: tuple[str, ...]
    kept: tuple[int, ...]
    blocks: tuple[Block, ...]
    scales: Array
    names: tuple[str, ...]

    def elements(self, n: int, seed: int | None = None) -> Array:
        """``n`` random group elements ``(n, d+1, d+1)``; every coefficient uniform within its half-width."""
        draws = np.random.default_rng(seed)
        weights = draws.uniform(-1.0, 1.0, (n, len(self.half_widths))) * self.half_widths
        d = len(self.columns) + 1
        if not len(self.generators):
            return np.broadcast_to(np.eye(d), (n, d, d))
        algebra = np.einsum("nk,kij->nij", weights, self.generators)
        return expm(torch.from_numpy(algebra)).numpy()

    def transform(self, x: Any, y: Any = None, seed: int | None = None) -> Any:
        """Move every example by a random element; the type of ``x`` (numpy or torch) is kept.

        Args:
            x: ``(n, d)`` or ``(n, t, d)`` with all columns of the data.
            y: the targets, or None to move the inputs alone.

        Returns:
            The moved ``x``, or the pair of moved ``x`` and ``y``.
        """
        elements = self.elements(len(x), seed)
        moved = self._act(elements, x, linear=False)
        if y is None:
            return moved
        return moved, y if self.output == "invariant" else self._act(elements, y, linear=self.output == "vector")

    def _act(self, elements: Array, values: Any, linear: bool) -> Any:
        array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
        moved = array.astype(np.float64, copy=True)
        columns = list(self.kept)
        if max(columns, default=-1) >= moved.shape[-1]:
            raise BenchError(
                f"the data have {moved.shape[-1]} columns; the symmetry needs at least {max(columns) + 1}."
            )
        part = moved[..., columns].reshape(len(moved), -1, len(columns))
        turned = part @ elements[:, :-1, :-1].transpose(0, 2, 1)
        if not linear:
            turned = turned + elements[:, None, :-1, -1]
        moved[..., columns] = turned.reshape(*moved.shape[:-1], len(columns))
        if isinstance(values, Tensor):
            return torch.from_numpy(moved).to(values)
        return moved.astype(array.dtype if array.dtype.kind == "f" else np.float64)

    def described(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        return {
            "format": 1,
            "output": self.output,
            "columns": list(self.columns),
            "kept": list(self.kept),
            "blocks": [{"name": b.name, "columns": list(b.columns)} for b in self.blocks],
            "scales": self.scales.tolist(),
            "generators": [
                {"name": name, "half_width": width, "matrix": matrix}
                for name, width, matrix in zip(
                    self.names, self.half_widths.tolist(), self.generators.tolist(), strict=True
                )
            ],
        }


def save_symmetry(symmetry: Symmetry, folder: Path) -> None:
    """Write `symmetry.json` and `symmetry.npz` into ``folder``."""
    described = symmetry.described()
    (folder / "symmetry.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    np.savez(
        folder / "symmetry.npz",
        generators=symmetry.generators,
        half_widths=symmetry.half_widths,
        scales=symmetry.scales,
        about=np.array(json.dumps({k: v for k, v in described.items() if k not in ("generators", "scales")})),
        names=np.array(list(symmetry.names), dtype=np.str_),
    )


def load_symmetry(path: Path | str) -> Symmetry:
    """The symmetry of a file that `bench discover` wrote, `symmetry.npz` or `symmetry.json`, or of their folder.

    Raises:
        BenchError: when the file does not hold a symmetry.
    """
    file = Path(path)
    file = file / "symmetry.npz" if file.is_dir() else file
    try:
        if file.suffix == ".json":
            return _from_json(json.loads(file.read_text(encoding="utf-8")))
        with np.load(file, allow_pickle=False) as held:
            about = json.loads(str(held["about"]))
            return _built(about, held["generators"], held["half_widths"], held["scales"], held["names"].tolist())
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        raise BenchError(f"{str(file)!r} does not hold a symmetry: {error}") from None


def _from_json(about: dict[str, Any]) -> Symmetry:
    d = len(about["columns"]) + 1
    listed = about["generators"]
    matrices = np.array([g["matrix"] for g in listed], dtype=np.float64).reshape(-1, d, d)
    widths = np.array([g["half_width"] for g in listed], dtype=np.float64)
    return _built(about, matrices, widths, np.array(about["scales"]), [g["name"] for g in listed])


def _built(about: dict[str, Any], generators: Array, widths: Array, scales: Array, names: Sequence[str]) -> Symmetry:
    if about["output"] not in OUTPUTS:
        raise ValueError(f"the output is {about['output']!r}")
    blocks = tuple(Block(b["name"], tuple(b["columns"])) for b in about["blocks"])
    return Symmetry(
        generators, widths, about["output"], tuple(about["columns"]), tuple(about["kept"]), blocks, scales, tuple(names)
    )
