"""The catalogue: linear motions that have a name, as matrices on the columns and blocks of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from bench.own.data import Block

#: Most blocks of one size that are combined in every way.
MAX_COMBINED = 6


@dataclass(frozen=True, eq=False)
class Candidate:
    """A named linear motion in physical units; its translation is free. ``places`` are the columns of each vector."""

    kind: str  # rotation, boost, scaling, shear, exchange, translation
    text: str
    linear: Tensor  # (d, d) float64; zero for a translation
    shift: Tensor | None = None  # (d,), for a translation
    places: tuple[tuple[int, int], ...] = ()  # column pairs of a rotation or boost, one per block


def translations(names: Sequence[str], blocks: Sequence[Block]) -> Iterator[Candidate]:
    """Shifts of one column, and of the same component of several blocks together."""
    d = len(names)
    for sets in _component_sets(d, blocks):
        shift = torch.zeros(d, dtype=torch.float64)
        shift[list(sets)] = 1.0
        together = " together" if len(sets) > 1 else ""
        yield Candidate("translation", f"shift of {_listed([names[c] for c in sets])}{together}",
                        torch.zeros(d, d, dtype=torch.float64), shift, tuple((c, c) for c in sets))  # fmt: skip


def differences(names: Sequence[str], blocks: Sequence[Block]) -> Iterator[Candidate]:
    """Shifts of one column against another: the same component of two blocks, then any two columns."""
    d = len(names)
    pairs = [pair for _, places in block_pairs(blocks) for pair in places]
    for i, j in dict.fromkeys([*pairs, *combinations(range(d), 2)]):
        shift = torch.zeros(d, dtype=torch.float64)
        shift[i], shift[j] = 1.0, -1.0
        text = f"shift of {names[i]} against {names[j]}"
        yield Candidate("translation", text, torch.zeros(d, d, dtype=torch.float64), shift, ((i, j),))


def motions(names: Sequence[str], blocks: Sequence[Block]) -> Iterator[Candidate]:
    """All other motions of the catalogue, simple ones first."""
    d = len(names)
    planes = list(_planes(d, blocks))
    for places in planes:
        yield _pairs("rotation", names, places, d, -1.0)
    for places in planes:
        yield _pairs("boost", names, places, d, 1.0)
    yield _scaling("scaling of all columns", range(d), d)
    for block in blocks:
        yield _scaling(f"scaling of {block.name}", block.columns, d)
    for column in range(d):
        yield _scaling(f"scaling of {names[column]}", [column], d)
    for places in planes:
        for flipped in (places, tuple((j, i) for i, j in places)):
            linear = torch.zeros(d, d, dtype=torch.float64)
            for i, j in flipped:
                linear[j, i] = 1.0
            words = _listed([f"{names[j]} by {names[i]}" for i, j in flipped])
            yield Candidate("shear", f"shear: moves {words}", linear, places=flipped)


def block_pairs(blocks: Sequence[Block]) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    """Pairs of blocks of one size, component by component, and their names."""
    for a, b in combinations([b for b in blocks if len(b.columns) > 1], 2):
        if len(a.columns) == len(b.columns):
            yield f"{a.name} and {b.name}", tuple(zip(a.columns, b.columns, strict=True))


def single_pairs(names: Sequence[str]) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    """Pairs of columns and their names."""
    for i, j in combinations(range(len(names)), 2):
        yield f"{names[i]} and {names[j]}", ((i, j),)


def _pairs(kind: str, names: Sequence[str], places: tuple[tuple[int, int], ...], d: int, sign: float) -> Candidate:
    linear = torch.zeros(d, d, dtype=torch.float64)
    for i, j in places:
        linear[j, i], linear[i, j] = 1.0, sign
    planes = [f"({names[i]}, {names[j]})" for i, j in places]
    together = f", together with {_listed(planes[1:])}" if len(planes) > 1 else ""
    where = "in the plane" if kind == "rotation" else "between"
    return Candidate(kind, f"{kind} {where} {planes[0]}{together}", linear, places=places)


def _scaling(text: str, columns: Sequence[int], d: int) -> Candidate:
    linear = torch.zeros(d, d, dtype=torch.float64)
    for c in columns:
        linear[c, c] = 1.0
    return Candidate("scaling", text, linear)


def _planes(d: int, blocks: Sequence[Block]) -> Iterator[tuple[tuple[int, int], ...]]:
    """Column pairs: of one block or of two single columns, then the same pair in several blocks; then any pair."""
    grouped = [b for b in blocks if len(b.columns) > 1]
    for block in grouped:
        yield from (((i, j),) for i, j in combinations(block.columns, 2))
    for some in _families(grouped):
        for a, b in combinations(range(len(some[0].columns)), 2):
            yield tuple((block.columns[a], block.columns[b]) for block in some)
    inside = {pair for block in grouped for pair in combinations(block.columns, 2)}
    yield from (((i, j),) for i, j in combinations(range(d), 2) if (i, j) not in inside)


def _families(grouped: Sequence[Block]) -> Iterator[tuple[Block, ...]]:
    """Two or more blocks of one size, small sets first, but only all of them where there are many."""
    for size in sorted({len(b.columns) for b in grouped}):
        alike = [b for b in grouped if len(b.columns) == size]
        numbers = range(2, len(alike) + 1) if len(alike) <= MAX_COMBINED else [len(alike)]
        for number in numbers:
            yield from combinations(alike, number)


def _component_sets(d: int, blocks: Sequence[Block]) -> Iterator[tuple[int, ...]]:
    yield from ((c,) for c in range(d))
    for some in _families([b for b in blocks if len(b.columns) > 1]):
        for component in range(len(some[0].columns)):
            yield tuple(block.columns[component] for block in some)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
