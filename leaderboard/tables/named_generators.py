"""Which of the true generators each method found, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.leaderboard.board.model import Row

START = "symmetry/found_"
#: A true generator counts as found from this share of its field in the learned span, and below the second as missed.
FOUND, MISSED = 0.95, 0.5


@dataclass(frozen=True)
class NamedGenerators:
    """Names of the true generators, grouped by the share of each that lies in the learned span (mean over seeds)."""

    label: str  # label of the row
    found: tuple[str, ...]
    partly: tuple[str, ...]
    missed: tuple[str, ...]


def generators_by_row(rows: Iterable[Row]) -> list[NamedGenerators]:
    """The named generators of each of ``rows`` that has such scores, in alphabetical order."""
    return [_named_generators(row) for row in rows if any(name.startswith(START) for name in row.entries)]


def _named_generators(row: Row) -> NamedGenerators:
    shares = {
        name.removeprefix(START).replace("_", " "): entry.mean
        for name, entry in sorted(row.entries.items())
        if name.startswith(START)
    }
    return NamedGenerators(
        label=row.label,
        found=tuple(name for name, share in shares.items() if share >= FOUND),
        partly=tuple(name for name, share in shares.items() if MISSED <= share < FOUND),
        missed=tuple(name for name, share in shares.items() if share < MISSED),
    )
