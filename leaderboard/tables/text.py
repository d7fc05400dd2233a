"""How numbers, tables and commands look on a page; the same input gives the same bytes."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Sequence
from itertools import pairwise

from bench.leaderboard.board.build import setting
from bench.leaderboard.board.model import Entry, Row
from bench.records.cell import TRAIN_FRACTION

NOTHING = "–"


def number(value: float, digits: int = 3, spread: float | None = None) -> str:
    """``value`` with ``digits`` significant digits, and ``± spread`` to the same place; as (…)e-5 where long."""
    largest = max(abs(value), spread or 0.0)
    if largest == 0.0:
        return "0" if spread is None else "0 ± 0"
    power = math.floor(math.log10(largest))
    # 9.9999e-5 is 1.00e-4, not 10.00e-5; in full, a value just below a power of ten keeps its further place (1.000).
    rounded = int(f"{largest:.{digits - 1}e}".partition("e")[2])
    scientific = not -2 <= rounded <= 4
    if scientific:
        value, spread = value / 10.0**rounded, None if spread is None else spread / 10.0**rounded
    places = max(0, digits - 1 - (0 if scientific else power))
    text = f"{value:.{places}f}" if spread is None else f"{value:.{places}f} ± {spread:.{places}f}"
    if not scientific:
        return text
    return f"{text}e{rounded}" if spread is None else f"({text})e{rounded}"


def entry_text(entry: Entry | None, digits: int = 3, expected: int | None = None) -> str:
    """Mean ± half the width of its 95 % interval; says n when some of the ``expected`` seeds lack this score."""
    if entry is None:
        return NOTHING
    short = f" (n={entry.n})" if expected is not None and entry.n != expected else ""
    return number(entry.mean, digits, entry.half_width) + short


def mean_text(entry: Entry | None, digits: int = 3) -> str:
    """The mean alone."""
    return NOTHING if entry is None else number(entry.mean, digits)


def count_text(entry: Entry | None) -> str:
    """A count: whole where all seeds agree, with thousands separated."""
    return NOTHING if entry is None else f"{entry.mean:,.0f}"


def escape(text: str) -> str:
    """Prose from a card or a record, with nothing left that markdown would read as markup."""
    return "".join(f"\\{char}" if char in "`*_<>[]" else char for char in " ".join(text.split()))


def code(text: str) -> str:
    """A name in fixed width."""
    return f"`{text.replace('`', chr(39))}`"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], left: Iterable[int]) -> str:
    """A markdown table, padded by number of characters; columns are right-aligned but for those in ``left``.

    Columns without a single value are dropped. Own code, because tabulate pads by another width where wcwidth
    happens to be installed, and a page must have the same bytes everywhere.
    """
    body, lefts = [[cell.replace("|", "\\|") for cell in row] for row in rows], set(left)
    used = [i for i in range(len(headers)) if i in lefts or any(row[i] != NOTHING for row in body)]
    width = [max(len(line[i]) for line in [list(headers), *body]) for i in range(len(headers))]

    def line(cells: Sequence[str]) -> str:
        padded = (cells[i].ljust(width[i]) if i in lefts else cells[i].rjust(width[i]) for i in used)
        return "| " + " | ".join(padded) + " |"

    rule = "|".join(("-" * (width[i] + 2)) if i in lefts else ("-" * (width[i] + 1) + ":") for i in used)
    return "\n".join([line(headers), f"|{rule}|", *map(line, body)])


def seed_ranges(seeds: Iterable[int]) -> str:
    """``0,1,2,4`` as ``0-2,4``."""
    ordered = sorted(set(seeds))
    breaks = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(ordered)) if b != a + 1), len(ordered)]
    runs = [ordered[a:b] for a, b in pairwise(breaks) if a < b]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def unit_suffix(units: Iterable[str]) -> str:
    """The units that have a name, in brackets behind a space; empty when there is none."""
    named = sorted(set(units) - {"1", ""})
    return f" [{', '.join(named)}]" if named else ""


def command(row: Row, task: str, budget: str) -> str:
    """What reproduces a row."""
    words = ["python", "-m", "bench", "run", "--method", row.method, "--task", task]
    words += ["--search", row.search] if row.search else []
    words += ["--budget", budget, "--seeds", seed_ranges(row.seeds)]
    for name, value in row.changed.items():
        # The share of the training examples is an option of the command, no parameter.
        share = name == TRAIN_FRACTION
        words += ["--train-fraction", setting(value)] if share else ["--set", f"{name}={setting(value)}"]
    return shlex.join(words)


def significant(value: float, digits: int) -> float | None:
    """``value`` with ``digits`` significant digits, for a page that holds numbers; None where it is not finite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def leading_number(text: str) -> float | None:
    """The number that a cell begins with, as :func:`number` writes it, to sort by; None for a word.

    >>> leading_number("(1.25 ± 0.10)e-5"), leading_number("1,234 *"), leading_number("failed")
    (1.25e-05, 1234.0, None)
    """
    found = re.match(r"\(?(-?[\d,]+(?:\.\d+)?)(?:e(-?\d+))?", text)
    if found is None:
        return None
    outside = re.search(r"\)e(-?\d+)", text) if text.startswith("(") else None
    power = outside[1] if outside else found[2] or "0"
    return float(f"{found[1].replace(',', '')}e{power}")
