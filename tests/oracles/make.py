"""The oracles of our equivariant maps and p4 layers: what the packages emlp and escnn give, written to arrays here.

Each package has an environment of its own (see the Makefile); the main environment compares with the arrays alone.

    .venv-emlp/bin/python tests/oracles/make.py emlp
    .venv-escnn/bin/python tests/oracles/make.py escnn
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.datasets.cache import save_npz_atomic

Arrays = dict[str, npt.NDArray[Any]]

FOLDER = Path(__file__).resolve().parent
#: Groups by name, and orders of tensors (in, out), between which emlp maps.
GROUPS = ("so3", "o3", "so13")
POWERS = ((1, 1), (1, 2), (2, 2), (2, 0), (0, 2))
#: What decides the arrays of a package, itself first; the file states their versions.
DECISIVE = {"emlp": ("emlp", "jax", "jaxlib", "numpy"), "escnn": ("escnn", "torch", "numpy")}


def emlp_arrays() -> Arrays:
    """Orthonormal bases of equivariant maps, one a column: tensors of each group, and ``planes``, 4 copies of R^2."""
    from emlp import groups, reps

    made = dict(zip(GROUPS, (groups.SO(3), groups.O(3), groups.SO13p()), strict=True))
    maps = {f"{name}_{p}_{q}": reps.T(p)(made[name]) >> reps.T(q)(made[name]) for name in GROUPS for p, q in POWERS}
    planes = 4 * reps.V(groups.SO(2))
    return {name: dense(space.equivariant_basis()) for name, space in (maps | {"planes": planes >> planes}).items()}


def dense(basis: Any) -> npt.NDArray[Any]:
    """A basis of emlp as a matrix; that of a sum of representations is an operator."""
    return np.asarray(basis @ np.eye(basis.shape[1], dtype=np.float32))


def escnn_arrays() -> Arrays:
    """Layers over C4 with filters of 3 by 3, of trivial (``lifting``) or regular fields (``p4``) to regular fields.

    ``_filters`` are those of the unit weights of one field to one; ``_filter``, ``_bias``, ``_input`` and ``_output``
    belong to a layer of two fields to three with random weights. Channels are in escnn's order.
    """
    import torch
    from escnn import gspaces, nn

    plane, random = gspaces.rot2dOnR2(4), np.random.default_rng(0)
    arrays: Arrays = {}

    def layer(representation: Any, in_fields: int, out_fields: int) -> Any:
        in_type = nn.FieldType(plane, [representation] * in_fields)
        out_type = nn.FieldType(plane, [plane.regular_repr] * out_fields)
        return nn.R2Conv(in_type, out_type, 3, padding=1, bias=True, initialize=False)

    def normal(*shape: int) -> torch.Tensor:
        return torch.from_numpy(random.normal(size=shape).astype(np.float32))

    with torch.no_grad():
        for name, representation in (("lifting", plane.trivial_repr), ("p4", plane.regular_repr)):
            conv, filters = layer(representation, 1, 1), []
            for unit in torch.eye(len(conv.weights)):
                conv.weights.copy_(unit)
                filters.append(conv.expand_parameters()[0].clone())
            arrays[f"{name}_filters"] = torch.stack(filters).numpy()
            conv = layer(representation, 2, 3)
            conv.weights.copy_(normal(*conv.weights.shape))
            conv.bias.copy_(normal(*conv.bias.shape))
            x = normal(2, 2 * representation.size, 9, 9)
            expanded = zip(("filter", "bias"), conv.expand_parameters(), strict=True)
            given = {**dict(expanded), "input": x, "output": conv(conv.in_type(x)).tensor}
            arrays |= {f"{name}_{key}": value.numpy() for key, value in given.items()}
    return arrays


MAKERS: dict[str, Callable[[], Arrays]] = {"emlp": emlp_arrays, "escnn": escnn_arrays}


def path(package: str) -> Path:
    """Where the arrays of a package are kept."""
    return FOLDER / f"{package}.npz"


def main(package: str) -> None:
    """Write the arrays of a package that is installed, and the versions that they are of."""
    # Without the local part: torch is 2.13.0+cpu or +cu130 by the index that it comes from.
    versions = np.array([f"{name}=={version(name).partition('+')[0]}" for name in DECISIVE[package]])
    save_npz_atomic(path(package), versions=versions, **MAKERS[package]())
    print(f"{path(package)}: {path(package).stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
