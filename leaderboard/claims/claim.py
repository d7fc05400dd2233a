"""What a claim is: a sentence of a paper (or ours), its place, and the criteria that decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.leaderboard.tables.prose import Span

#: Row label -> seed -> score name -> value, of one task at one budget; None for a run that failed.
Rows = Mapping[str, Mapping[int, Mapping[str, float] | None]]


@dataclass(frozen=True)
class Outcome:
    """One criterion on one task: on which seeds it holds, and the numbers."""

    each: tuple[bool, ...]
    evidence: tuple[Span, ...]

    def holds(self, seeds: int) -> bool | None:
        """True where it holds on every seed, False where on none; None (open) in between or with fewer ``seeds``.

        With six seeds an outcome of chance alone is on one side with probability 1/32.
        """
        if len(self.each) < seeds or any(self.each) != all(self.each):
            return None
        return all(self.each)


class Criterion(Protocol):
    """A test of rows of one task, written before the runs in the words of docs/metrics.md, section 5."""

    @property
    def rows(self) -> Sequence[str]:
        """Labels of the rows that it reads."""
        ...

    def __call__(self, rows: Rows) -> Outcome: ...


@dataclass(frozen=True)
class Claim:
    """One sentence, faithful to where it is printed."""

    where: str  # section, table or figure of the paper; "ours" for what this benchmark adds
    text: str
    tasks: tuple[str, ...]
    criteria: tuple[Criterion, ...]  # each on each task
    most: bool = False  # the sentence says "in most settings": more than half of the criteria decide

    @property
    def ours(self) -> bool:
        """Whether the claim is not the paper's."""
        return self.where == "ours"
