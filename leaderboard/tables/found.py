"""Which of the true generators each method found, by name: a table, and what it says in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.leaderboard.board.model import Row, Section
from bench.leaderboard.tables.text import code

START = "symmetry/found_"
#: Share of a true generator's field in the learned span from which it counts as found, and below which as missed.
FOUND, MISSED = 0.95, 0.5
FOUND_TEXT = (
    "Share of each true generator's field that lies in the learned span, means over seeds: 1 is found, 0 is not. "
    "A wider span finds more by chance; precision, above, says how much of it is true."
)


def found_names(section: Section) -> tuple[str, ...]:
    """The generators' names, in the order of the alphabet; empty where the task names none."""
    found = {e.removeprefix(START) for row in section.rows for e in row.entries if e.startswith(START)}
    return tuple(sorted(found))


def found_sentences(rows: Iterable[Row], names: Sequence[str]) -> str:
    """A list item on each of ``rows`` that has such shares."""
    scored = [row for row in rows if f"{START}{names[0]}" in row.entries]
    return "\n".join(f"- {code(row.label)}: {_sentence(row, names)}." for row in scored)


def _sentence(row: Row, names: Sequence[str]) -> str:
    shares = {name.replace("_", " "): row.entries[START + name].mean for name in names}
    found = [name for name, share in shares.items() if share >= FOUND]
    missed = [name for name, share in shares.items() if share < MISSED]
    partly = [name for name in shares if name not in found and name not in missed]
    told = []
    if len(found) == len(names):
        return f"all {len(names)} found (each at least {FOUND:g})"
    told.append(f"{len(found)} of {len(names)} found" + (f" ({', '.join(found)})" if found else ""))
    if partly:
        told.append(f"partly {', '.join(partly)}")
    if missed:
        told.append(f"missed {', '.join(missed)}")
    return "; ".join(told)
