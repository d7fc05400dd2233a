"""Writes the table of scores into docs/metrics.md: ``python -m bench.metrics.score_docs docs/metrics.md``."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from bench.metrics import scores
from bench.metrics.scores import METRIC, Score

#: The table stands between these two lines.
START = "<!-- table of scores: written by `python -m bench.metrics.score_docs docs/metrics.md` -->"
END = "<!-- end of the table of scores -->"


def with_table(text: str) -> str:
    """``text`` with the table of scores between its two marks.

    Raises:
        ValueError: when a mark is missing.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"the text lacks the line {START if not start else END!r}")
    head = ["| score | column | unit | better | range | meaning |", "|---|---|---|---|---|---|"]
    lines = "\n".join([*head, *map(_line, scores.SCORES)])
    return f"{before}{START}\n{lines}\n{END}{after}"


def _line(score: Score) -> str:
    column = score.title if score.table else "–"
    better = score.better or "–"
    unit = "–" if score.unit == "1" else score.unit
    return f"| `{score.name}` | {_escaped(column)} | {unit} | {better} | {_range(score)} | {score.meaning} |"


def _escaped(text: str) -> str:
    return text.replace("<", "\\<")


def _range(score: Score) -> str:
    if math.isfinite(score.high):
        return f"{score.low:g} to {score.high:g}"
    if math.isfinite(score.low):
        return f"≥ {score.low:g}"
    return METRIC if score.better == METRIC else "any"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
