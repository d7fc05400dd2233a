"""Claims of the literature held against the records: confirmed, refuted, or not decided, with the numbers.

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

from bench.leaderboard.tables.text import code, escape, number, table
from bench.records.record import Record, Status

#: Seeds that a check needs.
SEEDS = 6
#: The size of the runs that claims are held against: the committed boards.
BUDGET = "small"

Verdict = Literal["confirmed", "refuted", "not decided"]
#: Row label -> seed -> score name -> value, of one task.
Scores = Mapping[str, Mapping[int, Mapping[str, float]]]


@dataclass(frozen=True)
class Outcome:
    """What one check found on one task."""

    holds: bool | None  # None: open
    evidence: str


Check = Callable[[Scores], Outcome]


@dataclass(frozen=True)
class Claim:
    """One sentence of a paper, and the checks that it comes down to."""

    where: str
    text: str
    checks: Mapping[str, tuple[Check, ...]]  # task id -> its checks


def better(row: str, other: str, score: str = "test/mse") -> Check:
    """``row`` has the lower ``score``."""

    def check(scores: Scores) -> Outcome:
        pairs = [(a[score], b[score]) for a, b in _shared(scores, row, other) if score in a and score in b]
        means = f"{code(row)} {_mean(a for a, _ in pairs)} against {code(other)} {_mean(b for _, b in pairs)}"
        text = means if pairs else f"{code(row)} and {code(other)} have no common seed with a result"
        return _judged([a < b for a, b in pairs], f"{_short(score)}: {text}")

    return check


def at_least(row: str, score: str, threshold: float) -> Check:
    """``score`` of ``row`` reaches ``threshold``."""

    def check(scores: Scores) -> Outcome:
        values = [found[score] for found in scores.get(row, {}).values() if score in found]
        text = f"{_short(score)} of {code(row)} {_span(values)}, wanted ≥ {threshold:g}"
        return _judged([value >= threshold for value in values], text)

    return check


def below(row: str, score: str, threshold: float) -> Check:
    """``score`` of ``row`` stays under ``threshold``."""

    def check(scores: Scores) -> Outcome:
        values = [found[score] for found in scores.get(row, {}).values() if score in found]
        text = f"{_short(score)} of {code(row)} {_span(values)}, wanted < {threshold:g}"
        return _judged([value < threshold for value in values], text)

    return check


def verdict(outcomes: Iterable[Outcome]) -> Verdict:
    """Of a claim with these outcomes."""
    found = [outcome.holds for outcome in outcomes]
    if any(holds is False for holds in found):
        return "refuted"
    return "confirmed" if found and all(found) else "not decided"


def scores_by_task(records: Iterable[Record]) -> dict[str, Scores]:
    """Scores of the rows with the family's own settings and all training examples, at the budget of the boards."""
    found: defaultdict[str, defaultdict[str, dict[int, Mapping[str, float]]]] = defaultdict(lambda: defaultdict(dict))
    for record in records:
        if record.budget == BUDGET and record.status is Status.OK and not record.changed:
            values = {name: score.value for name, score in record.scores.items()}
            found[record.task.id][record.label][record.seed] = values
    return dict(found)


def render_claims(claims: Iterable[Claim], records: Iterable[Record]) -> str | None:
    """The page without its first line; None where the records bear on no claim."""
    scores = scores_by_task(records)
    lines, details = [], []
    for place, claim in enumerate(claims, start=1):
        found = [(task, check(scores.get(task, {}))) for task, checks in claim.checks.items() for check in checks]
        if not any(task in scores for task in claim.checks):
            continue
        lines.append([str(place), claim.where, escape(claim.text), f"**{verdict(o for _, o in found)}**"])
        marks = {True: "holds", False: "fails", None: "open"}
        evidence = [f"- [{task}]({task}.md), {marks[outcome.holds]}: {outcome.evidence}" for task, outcome in found]
        details.append("\n".join([f"**{place}. {escape(claim.text)}**", "", *evidence]))
    if not lines:
        return None
    rule = (
        f"A check holds when it does on each of at least {SEEDS} seeds, fails when it fails on each, and is open "
        "otherwise. A claim is confirmed when all its checks hold, refuted when one fails. Rows at budget "
        f"`{BUDGET}` with the settings of their task family; [how to read the scores](README.md)."
    )
    head = [
        "# Claims of the SEMoLA paper, measured",
        rule,
        table(("", "where", "claim", "verdict"), lines, left=(1, 2, 3)),
    ]
    return "\n\n".join([*head, "## Evidence", *details]) + "\n"


def _shared(scores: Scores, row: str, other: str) -> list[tuple[Mapping[str, float], Mapping[str, float]]]:
    first, second = scores.get(row, {}), scores.get(other, {})
    return [(first[seed], second[seed]) for seed in sorted(first.keys() & second.keys())]


def _judged(each: list[bool], evidence: str) -> Outcome:
    count = f" ({sum(each)} of {len(each)} seeds)"
    if len(each) < SEEDS or any(each) != all(each):
        return Outcome(None, evidence + count)
    return Outcome(all(each), evidence + count)


def _mean(values: Iterable[float]) -> str:
    listed = list(values)
    return number(fmean(listed)) if listed else "without a result"


def _span(values: list[float]) -> str:
    return f"{number(min(values))} to {number(max(values))}" if values else "without a result"


def _short(score: str) -> str:
    names = {"test/mse": "MSE", "equivariance/e_prime": "E′", "symmetry/cosine": "|cos|"}
    return names.get(score, score.partition("/")[2])
