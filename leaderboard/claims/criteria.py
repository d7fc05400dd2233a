"""The criteria of claims: a row finds the symmetry or does not, or scores better than other rows, seed by seed.

A failed run finds nothing and loses every comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.leaderboard.claims.claim import Outcome, Rows
from bench.leaderboard.tables.prose import spans
from bench.leaderboard.tables.text import number

#: Scores of which more is better, among those that claims compare.
HIGHER = {"test/accuracy", "symmetry/cosine", "test/accuracy_average", "test/accuracy_plain"}
#: Score -> what the evidence calls it.
SYMBOLS = {
    "test/mse": "MSE", "test/mae": "MAE", "equivariance/e_prime": "E′", "symmetry/cosine": "|cos|", "cost/fit_s": "fit",
}  # fmt: skip


@dataclass(frozen=True)
class Reaches:
    """On each seed ``score`` of ``row`` is at least ``least`` (or below it, where ``fails``)."""

    row: str
    score: str
    least: float = 0.5  # of a verdict, which is 0 or 1
    fails: bool = False

    @property
    def rows(self) -> Sequence[str]:
        return (self.row,)

    def __call__(self, rows: Rows) -> Outcome:
        runs = rows.get(self.row, {})
        values = [scores.get(self.score) if scores else None for _, scores in sorted(runs.items())]
        reached = [value is not None and value >= self.least for value in values]
        each = tuple(here is not self.fails for here in reached)
        known = [value for value in values if value is not None]
        span = "no run" if not runs else "no result" if not known else _span(known)
        return Outcome(
            each,
            spans(
                "`{row}` {word}: {score} {span} on {reached} of {all} seeds at least {least:g}",
                row=self.row,
                word="does not reach" if self.fails else "reaches",
                score=symbol(self.score),
                span=span,
                reached=sum(reached),
                all=len(values),
                least=self.least,
            ),
        )


def finds(row: str) -> Reaches:
    """``row`` finds the symmetry: largest defect at most 0.1, recall at least 0.9."""
    return Reaches(row, "symmetry/finds")


def finds_part(row: str) -> Reaches:
    """``row`` finds part of the symmetry: largest defect at most 0.1, recall above 0."""
    return Reaches(row, "symmetry/finds_part")


def fails(row: str) -> Reaches:
    """``row`` does not find even part of the symmetry."""
    return Reaches(row, "symmetry/finds_part", fails=True)


def no_false_discovery(row: str) -> Reaches:
    """``row`` does not declare a generator that is not a symmetry."""
    return Reaches(row, "symmetry/false_discovery", fails=True)


@dataclass(frozen=True)
class Better:
    """On each seed ``row`` has a better ``score`` than ``other``, paired by seed."""

    row: str
    other: str
    score: str = "test/mse"
    other_score: str = ""  # where two scores are compared

    @property
    def rows(self) -> Sequence[str]:
        return self.row, self.other

    def __call__(self, rows: Rows) -> Outcome:
        ours, theirs = rows.get(self.row, {}), rows.get(self.other, {})
        pairs = [
            ((ours[seed] or {}).get(self.score), (theirs[seed] or {}).get(self.other_score or self.score))
            for seed in sorted(ours.keys() & theirs.keys())
        ]
        each = tuple(a is not None and (b is None or self._beats(a, b)) for a, b in pairs)
        words = "{score}: `{row}` {ours} against `{other}` {theirs}, better on {wins} of {all} seeds"
        return Outcome(
            each,
            spans(
                words,
                score=symbol(self.score),
                row=self.row,
                other=self.other,
                ours=_mean([a for a, _ in pairs]),
                theirs=_mean([b for _, b in pairs]),
                wins=sum(each),
                all=len(pairs),
            ),
        )

    def _beats(self, ours: float, theirs: float) -> bool:
        return ours > theirs if self.score in HIGHER else ours < theirs


def better(row: str, others: Sequence[str], *scores: str) -> tuple[Better, ...]:
    """``row`` against each of ``others`` in each of ``scores`` (the mean squared error, where none is named)."""
    return tuple(Better(row, other, score) for score in scores or ("test/mse",) for other in others)


def symbol(score: str) -> str:
    """What the evidence calls a score."""
    return SYMBOLS.get(score, score.partition("/")[2].replace("_", " "))


def _span(values: Sequence[float]) -> str:
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def _mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    missing = len(values) - len(known)
    text = number(fmean(known)) if known else "no result"
    return f"{text} ({missing} failed)" if missing and known else text
