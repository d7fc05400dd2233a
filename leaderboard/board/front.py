"""What the front pages compare: one section of each task, and one row of each variant of a method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.leaderboard.board.model import Board, Row, Section

#: The budget of the compared runs, which is the budget of the committed boards.
BUDGET = "small"


@dataclass(frozen=True, order=True)
class Variant:
    """A method with a search space and settings; the same on every task."""

    method: str
    space: str  # "" for the widest search space, or none
    settings: str  # name of a preset; "" for the settings of the task's family

    @property
    def label(self) -> str:
        """``semola [mask2] tuned``."""
        space = f"[{self.space}]" if self.space else ""
        return " ".join(filter(None, (self.method, space, self.settings)))


@dataclass(frozen=True)
class Compared:
    """A task on the front pages."""

    board: Board
    section: Section
    rows: Mapping[Variant, Row]

    @property
    def family(self) -> str:
        return self.board.task.family

    @property
    def is_control(self) -> bool:
        return self.board.task.control


def compared(board: Board) -> Compared | None:
    """The section of the current version at :data:`BUDGET` with all training examples; None where there is none.

    Rows with parameters that were changed by hand are left out. Of two rows of one variant, which are there after
    defaults changed, the one with most results stands.
    """
    like = [s for s in board.sections if (s.budget, s.train_fraction) == (BUDGET, 1.0)]
    like = [s for s in like if s.version == board.task.version]
    section = max(like, key=lambda section: sum(row.ok for row in section.rows), default=None)
    if section is None:
        return None
    rows = sorted((row for row in section.rows if not row.by_hand), key=lambda row: (row.ok, -row.stale))
    return Compared(board, section, {_variant(board, row): row for row in rows})


def _variant(board: Board, row: Row) -> Variant:
    widest = row.search in (None, board.task.searches[0])
    return Variant(row.method, "" if widest else row.search or "", row.preset or "")
