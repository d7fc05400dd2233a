"""The table of methods over all tasks, and what its numbers are: cells and text, no renderer."""

from __future__ import annotations

from collections.abc import Sequence

from bench.leaderboard.board.overall import BUDGET, DRAWS, Overall, OverallRow
from bench.leaderboard.tables.text import code


def pools(overall: Overall) -> list[tuple[str, tuple[OverallRow, ...]]]:
    """A title and the rows of each pool that has some."""
    titles = {False: "Methods that are not told the group", True: "Methods told the group, among themselves"}
    found = [(titles[told], tuple(row for row in overall.rows if row.told_group is told)) for told in titles]
    return [(title, rows) for title, rows in found if rows]


def overall_table(rows: Sequence[OverallRow]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Headers and cells: one implementation for every renderer."""
    headers = ("method", "told", "win probability", "95 %", "mean rank", "95 %", "of", "tasks", "failed")
    lines = [
        [
            code(row.label),
            row.tier,
            f"{row.win:.2f}",
            f"{row.win_low:.2f} to {row.win_high:.2f}",
            f"{'G' if row.told_group else ''}{row.rank:.1f}",
            f"{row.rank_low:.1f} to {row.rank_high:.1f}",
            f"{row.rivals:.1f}",
            f"{row.tasks}/{row.of}",
            f"{row.imputed}/{row.expected}",
        ]
        for row in rows
    ]
    return headers, lines


def overall_text(overall: Overall) -> str:
    """What the numbers of the table are."""
    families = len(set(overall.families))
    return (
        f"Every method with its default settings, in the widest search space, on {len(overall.tasks)} tasks at budget "
        f"`{BUDGET}`, by the primary metric. Tasks of one family are variants of one problem: they are averaged first, "
        f"and each of the {families} families counts the same. Win probability: that a random seed of the method beats "
        "a random seed of another one of its pool, on a random family and task among those that it has a place on. "
        "*of*: how many methods it is ranked among there. *tasks*: those with a place / those on which its pool has at "
        f"least two methods. 95 %: {DRAWS:,} bootstrap draws over families and seeds. A failed seed counts as the "
        "constant predictor. Methods with few tasks are compared on those few, and win probabilities of the two pools "
        "are against different rivals: a table over tasks is no substitute for the boards."
    )
