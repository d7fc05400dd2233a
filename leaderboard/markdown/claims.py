"""The report on claims as a markdown page."""

from __future__ import annotations

from collections.abc import Iterable

from bench.leaderboard.claims.claims import BUDGET, SEEDS, Claim, Judged, judged
from bench.leaderboard.drawing.plan import PAGES
from bench.leaderboard.markdown.write import blocks, code, escape, spans, table
from bench.leaderboard.tables.cells import TableCell
from bench.leaderboard.tables.texts import CLAIMS_TITLE, claims_about
from bench.records.record import Record


def render_claims(claims: Iterable[Claim], records: Iterable[Record]) -> str | None:
    """The page without its first line; None if no claim concerns a task of the records."""
    shown = judged(claims, records)
    if not shown:
        return None
    lines = [
        [
            TableCell(str(one.place), one.place),
            TableCell(one.claim.where),
            TableCell(one.claim.text),
            TableCell(one.verdict, style="b"),
        ]
        for one in shown
    ]
    return (
        "\n\n".join(
            [
                f"# {CLAIMS_TITLE}",
                blocks([claims_about(SEEDS, BUDGET)]),
                "[How to read the scores](README.md#how-to-read-the-tables)",
                table(("", "where", "claim", "verdict"), lines),
                "## Evidence",
                *map(_details, shown),
            ]
        )
        + "\n"
    )


def _details(one: Judged) -> str:
    marks = {True: "holds", False: "fails", None: "open"}
    evidence = [
        f"- [{code(task)}]({PAGES}/{task}.md), {marks[outcome.holds]}: {spans(outcome.evidence)}"
        for task, outcome in one.outcomes
    ]
    return "\n".join([f"**{one.place}. {escape(one.claim.text)}**", "", *evidence])
