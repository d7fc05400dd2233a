"""The sentences of the pages of studies; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.leaderboard.board.build import setting
from bench.leaderboard.tables.prose import Block, item, paragraph
from bench.leaderboard.tables.text import seed_ranges
from bench.records.record import Value

STUDIES_TITLE = "Studies"
STUDIES_ABOUT = paragraph(
    "Curves of scores over a parameter. Cells that were run for them alone are on no board, no front page, and in no "
    "claim."
)


def study_cells(parameters: Sequence[str], fixed: Mapping[str, Value], budget: str, seeds: Iterable[int]) -> Block:
    """States what is varied, and that all else has its defaults."""
    varied = " and ".join(f"`{name}`" for name in parameters)
    held = "".join(f", with `{name}={setting(value)}` throughout" for name, value in fixed.items())
    return paragraph(
        f"Varied: {varied}{held}; everything else has its defaults. Budget `{{budget}}`, seeds {{seeds}}.",
        budget=budget,
        seeds=seed_ranges(seeds),
    )


STUDY_READING = paragraph(
    "Mean ± half the width of its 95 % interval over seeds (Student's t, from three seeds); *n ok*: seeds with a "
    "result / seeds of the study; *missing*: not run yet."
)


def study_suite(suite: str) -> Block:
    """Names the command that runs the cells of a study."""
    return paragraph("`python -m bench suite {suite}` runs what is missing of these cells.", suite=suite)


def study_waiting(tasks: Iterable[str]) -> list[Block]:
    """Lists the tasks that a study was not run on yet; empty if there are none."""
    names = ", ".join(tasks)
    return [paragraph("Not run yet: {names}.", names=names)] if names else []


def study_failures(failures: Iterable[tuple[str, int, str, str]]) -> list[Block]:
    """Lists the seeds without a result: the setting, the seed, its status and its reason."""
    lines = [
        item("{setting}, seed {seed}: {status}, {reason}", setting=where, seed=seed, status=status, reason=reason)
        for where, seed, status, reason in failures
    ]
    return [paragraph("Seeds without a result:"), *lines] if lines else []


PARAMETER_CAPTION = (
    "Lines run through the means over seeds, dots are seeds, and a gap is a setting without a result; values on the x "
    "axis are evenly spaced."
)
AGAINST_CAPTION = (
    "Lines run through the means over seeds, dots are seeds, and a gap is a setting without a result; beside each mean "
    "stands the value of {parameter}."
)
