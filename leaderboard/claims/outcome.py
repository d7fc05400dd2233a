"""Claims checked against the records: confirmed, refuted, undecided, or not run yet, at two budgets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.leaderboard.board.front import BUDGET
from bench.leaderboard.board.longer import LONG
from bench.leaderboard.board.model import NO_CHANCE
from bench.leaderboard.claims.claim import Claim, Outcome, Rows
from bench.records.preset import PUBLISHED
from bench.records.record import Record, Status

#: Seeds that a criterion needs at the budget of the boards, and at the longer one.
SEEDS, LONG_SEEDS = 6, 3

Verdict = Literal["confirmed", "refuted", "undecided", "not run"]


@dataclass(frozen=True)
class Judged:
    """A claim checked against the records."""

    place: int  # in the list of claims, from 1
    claim: Claim
    outcomes: tuple[tuple[str, Outcome], ...]  # at the boards' budget: task id, and the outcome of one criterion on it
    verdict: Verdict
    longer: Verdict  # at the longer budget

    @property
    def changes(self) -> bool:
        """Whether the longer budget decides otherwise."""
        return self.longer in {"confirmed", "refuted"} and self.longer != self.verdict


def judged(claims: Iterable[Claim], records: Sequence[Record]) -> list[Judged]:
    """Every claim, in order."""
    small, long = rows_by_task(records, BUDGET), rows_by_task(records, LONG)
    judged_claims = []
    for place, claim in enumerate(claims, start=1):
        outcomes = _outcomes(claim, small)
        longer = [outcome for _, outcome in _outcomes(claim, long)]
        judged_claims.append(
            Judged(
                place,
                claim,
                tuple(outcomes),
                verdict([outcome for _, outcome in outcomes], SEEDS, claim.most),
                verdict(longer, LONG_SEEDS, claim.most),
            )
        )
    return judged_claims


def verdict(outcomes: Sequence[Outcome], seeds: int, most: bool = False) -> Verdict:
    """The verdict on criteria with these outcomes.

    All must hold and one that fails refutes; with ``most``, more than half must hold, and more than half refute.
    """
    if not any(outcome.each for outcome in outcomes):
        return "not run"
    holds = [outcome.holds(seeds) for outcome in outcomes]
    needed = len(holds) // 2 + 1
    if holds.count(True) >= (needed if most else len(holds)):
        return "confirmed"
    return "refuted" if holds.count(False) >= (needed if most else 1) else "undecided"


def rows_by_task(records: Iterable[Record], budget: str) -> dict[str, Rows]:
    """Scores of every row at ``budget``: with the family's settings, or `<label> published` with its authors'.

    A failed run has no scores; one that had no chance is not there.
    """
    tasks: defaultdict[str, defaultdict[str, dict[int, Mapping[str, float] | None]]]
    tasks = defaultdict(lambda: defaultdict(dict))
    for record in records:
        published = record.preset == PUBLISHED
        if record.budget != budget or (record.changed and not published):
            continue
        label = f"{record.label} {PUBLISHED}" if published else record.label
        if record.status is Status.OK:
            scores = {name: score.value for name, score in record.scores.items()}
            tasks[record.task.id][label][record.seed] = scores
        elif record.status not in NO_CHANCE:
            tasks[record.task.id][label][record.seed] = None
    return {task: dict(rows) for task, rows in tasks.items()}


def _outcomes(claim: Claim, rows: Mapping[str, Rows]) -> list[tuple[str, Outcome]]:
    return [(task, criterion(rows.get(task, {}))) for task in claim.tasks for criterion in claim.criteria]
