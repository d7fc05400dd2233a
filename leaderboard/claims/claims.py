"""Claims of the literature checked against the records: confirmed, refuted, or not decided, with the numbers.

A check is one comparison on one task. It holds when it does on every seed (at least SEEDS, paired where two rows are
compared: with six, an exact sign-flip test then gives p = 1/32), fails when it fails on every seed, and is open
otherwise. A claim is confirmed when all its checks hold, refuted when one fails, and not decided otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from bench.leaderboard.tables.prose import Span, spans
from bench.leaderboard.tables.text import number
from bench.records.record import Record, Status

#: Seeds that a check needs.
SEEDS = 6
#: The budget of the runs that claims are checked against, which is the budget of the committed boards.
BUDGET = "small"

Verdict = Literal["confirmed", "refuted", "not decided"]
#: Row label -> seed -> score name -> value, of one task.
ScoresByRow = Mapping[str, Mapping[int, Mapping[str, float]]]


@dataclass(frozen=True)
class Outcome:
    """The result of one check on one task."""

    holds: bool | None  # None: open
    evidence: tuple[Span, ...] = ()


ClaimCheck = Callable[[ScoresByRow], Outcome]


@dataclass(frozen=True)
class Claim:
    """One sentence of a paper, and the checks that decide it."""

    where: str
    text: str
    checks: Mapping[str, tuple[ClaimCheck, ...]]  # task id -> its checks


@dataclass(frozen=True)
class Judged:
    """A claim checked against the records."""

    place: int  # in the list of claims, from 1
    claim: Claim
    outcomes: tuple[tuple[str, Outcome], ...]  # task id, and the outcome of one check on it

    @property
    def verdict(self) -> Verdict:
        return verdict(outcome for _, outcome in self.outcomes)


def better(row: str, other: str, score: str = "test/mse") -> ClaimCheck:
    """A check that ``row`` has a lower ``score`` than ``other``."""

    def check(scores: ScoresByRow) -> Outcome:
        pairs = [(a[score], b[score]) for a, b in _shared(scores, row, other) if score in a and score in b]
        if pairs:
            ours, theirs = (number(fmean(values)) for values in zip(*pairs, strict=True))
            text = "{score}: `{row}` {ours} against `{other}` {theirs}"
        else:
            ours = theirs = ""
            text = "{score}: `{row}` and `{other}` have no common seed with a result"
        values = {"score": _symbol(score), "row": row, "other": other, "ours": ours, "theirs": theirs}
        return _outcome([a < b for a, b in pairs], text, values)

    return check


def at_least(row: str, score: str, threshold: float) -> ClaimCheck:
    """A check that the ``score`` of ``row`` is at least ``threshold``."""

    def check(scores: ScoresByRow) -> Outcome:
        values = _values(scores, row, score)
        return _outcome(
            [value >= threshold for value in values], *_limit(row, score, values, f"at least {threshold:g}")
        )

    return check


def below(row: str, score: str, threshold: float) -> ClaimCheck:
    """A check that the ``score`` of ``row`` is below ``threshold``."""

    def check(scores: ScoresByRow) -> Outcome:
        values = _values(scores, row, score)
        return _outcome([value < threshold for value in values], *_limit(row, score, values, f"below {threshold:g}"))

    return check


def verdict(outcomes: Iterable[Outcome]) -> Verdict:
    """The verdict on a claim whose checks have these outcomes."""
    each = [outcome.holds for outcome in outcomes]
    if any(holds is False for holds in each):
        return "refuted"
    return "confirmed" if each and all(each) else "not decided"


def scores_by_task(records: Iterable[Record]) -> dict[str, ScoresByRow]:
    """Scores of the rows with the family's own settings and all training examples, at the budget of the boards."""
    tasks: defaultdict[str, defaultdict[str, dict[int, Mapping[str, float]]]] = defaultdict(lambda: defaultdict(dict))
    for record in records:
        if record.budget == BUDGET and record.status is Status.OK and not record.changed:
            values = {name: score.value for name, score in record.scores.items()}
            tasks[record.task.id][record.label][record.seed] = values
    return dict(tasks)


def judged(claims: Iterable[Claim], records: Iterable[Record]) -> list[Judged]:
    """The claims with at least one task in ``records``, in their order."""
    scores = scores_by_task(records)
    return [
        Judged(
            place,
            claim,
            tuple((task, check(scores.get(task, {}))) for task, checks in claim.checks.items() for check in checks),
        )
        for place, claim in enumerate(claims, start=1)
        if any(task in scores for task in claim.checks)
    ]


def _shared(scores: ScoresByRow, row: str, other: str) -> list[tuple[Mapping[str, float], Mapping[str, float]]]:
    first, second = scores.get(row, {}), scores.get(other, {})
    return [(first[seed], second[seed]) for seed in sorted(first.keys() & second.keys())]


def _values(scores: ScoresByRow, row: str, score: str) -> list[float]:
    return [seed[score] for seed in scores.get(row, {}).values() if score in seed]


def _limit(row: str, score: str, values: list[float], wanted: str) -> tuple[str, dict[str, object]]:
    """The evidence of a threshold check: a template that states ``values`` and the ``wanted`` limit, and its values."""
    span = f"{number(min(values))} to {number(max(values))}" if values else "without a result"
    text = "{score} of `{row}` {span}, wanted {wanted}"
    return text, {"score": _symbol(score), "row": row, "span": span, "wanted": wanted}


def _outcome(each: list[bool], text: str, values: Mapping[str, object]) -> Outcome:
    evidence = spans(text + " ({hold} of {all} seeds)", **values, hold=sum(each), all=len(each))
    if len(each) < SEEDS or any(each) != all(each):
        return Outcome(None, evidence)
    return Outcome(all(each), evidence)


def _symbol(score: str) -> str:
    names = {"test/mse": "MSE", "equivariance/e_prime": "E′", "symmetry/cosine": "|cos|"}
    return names.get(score, score.partition("/")[2])
