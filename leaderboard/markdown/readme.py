"""The part of the project's README that is generated: the overall board and one figure of generators."""

from __future__ import annotations

from bench.leaderboard.board.overall import Overall
from bench.leaderboard.drawing.plan import FOLDER, FigurePlan
from bench.leaderboard.markdown.pages import overall_tables
from bench.leaderboard.markdown.write import blocks, escape
from bench.leaderboard.tables.texts import NO_RESULTS, overall_text

#: The text between these two lines is replaced.
START = "<!-- overall board: written by `python -m bench leaderboard` -->"
END = "<!-- end of the overall board -->"


def with_board(text: str, overall: Overall, figure: FigurePlan | None, folder: str) -> str:
    """``text`` with a new generated part; unchanged if it has none.

    Args:
        text: the README.
        overall: the board over all tasks.
        figure: the figure below the board.
        folder: path from the README to the folder of the pages.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        return text
    parts = [*overall_tables(overall), blocks(overall_text(overall))] if overall.rows else [blocks([NO_RESULTS])]
    if figure is not None:
        parts += [f"![{escape(figure.alt)}]({folder}/{FOLDER}/{figure.name})", f"*{escape(figure.caption)}*"]
    return f"{before}{START}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}"
