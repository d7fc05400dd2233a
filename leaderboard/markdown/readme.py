"""The part of the project's README that is generated: short front pages and one figure of generators."""

from __future__ import annotations

from collections.abc import Sequence

from bench.leaderboard.drawing.plan import FOLDER, FigurePlan
from bench.leaderboard.markdown.pages import front_page
from bench.leaderboard.markdown.write import blocks, escape
from bench.leaderboard.tables.front import FrontPage, short_form
from bench.leaderboard.tables.texts import NO_RESULTS

#: The text between these two lines is replaced.
START = "<!-- overall board: written by `python -m bench leaderboard` -->"
END = "<!-- end of the overall board -->"


def with_board(text: str, fronts: Sequence[FrontPage], figure: FigurePlan | None, folder: str) -> str:
    """``text`` with a new generated part; unchanged if it has none.

    Args:
        text: the README.
        fronts: the front pages.
        figure: the figure below them.
        folder: path from the README to the folder of the pages.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        return text
    parts = [part for page in fronts for part in front_page(short_form(page))] or [blocks([NO_RESULTS])]
    if figure is not None:
        parts += [f"![{escape(figure.alt)}]({folder}/{FOLDER}/{figure.name})", f"*{escape(figure.caption)}*"]
    return f"{before}{START}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}"
