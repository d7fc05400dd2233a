"""The report on claims as a markdown page: one table, then the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.leaderboard.board.front import BUDGET
from bench.leaderboard.board.longer import LONG
from bench.leaderboard.claims.claim import Claim, Outcome
from bench.leaderboard.claims.outcome import LONG_SEEDS, SEEDS, Judged, judged
from bench.leaderboard.drawing.plan import PAGES
from bench.leaderboard.markdown.write import blocks, code, escape, spans, table
from bench.leaderboard.tables.cells import TableCell
from bench.leaderboard.tables.text import NOTHING
from bench.leaderboard.tables.texts import CLAIMS_TITLE, claims_about
from bench.records.record import Record


def render_claims(claims: Iterable[Claim], records: Sequence[Record]) -> str | None:
    """The page without its first line; None if no claim concerns a task of the records."""
    every = judged(claims, records)
    shown = [one for one in every if one.verdict != "not run"]
    if not shown:
        return None
    return (
        "\n\n".join(
            [
                f"# {CLAIMS_TITLE}",
                blocks(claims_about((BUDGET, SEEDS), (LONG, LONG_SEEDS), len(every) - len(shown))),
                "[How to read the scores](README.md#how-to-read-the-tables)",
                table(("", "where", "claim", "tasks", "verdict", f"at {LONG}"), map(_line, every)),
                "## Evidence",
                *map(_details, shown),
            ]
        )
        + "\n"
    )


def _line(one: Judged) -> list[TableCell]:
    waiting = one.verdict == "not run"
    longer = NOTHING if one.longer == "not run" else one.longer
    return [
        TableCell(str(one.place), one.place),
        TableCell(one.claim.where),
        TableCell(one.claim.text),
        TableCell(", ".join(one.claim.tasks), style="code"),
        TableCell(one.verdict, style="" if waiting else "b"),
        TableCell(longer, style="b" if one.changes else ""),
    ]


def _details(one: Judged) -> str:
    evidence = [
        f"- [{code(task)}]({PAGES}/{task}.md), {_mark(outcome)}: {spans(outcome.evidence)}"
        for task, outcome in one.outcomes
        if outcome.each
    ]
    return "\n".join([f"**{one.place}. {escape(one.claim.text)}**: {one.verdict}", "", *evidence])


def _mark(outcome: Outcome) -> str:
    return {True: "holds", False: "fails", None: "open"}[outcome.holds(SEEDS)]
