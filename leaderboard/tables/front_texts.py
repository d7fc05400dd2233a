"""The sentences of the front pages and of the comparison with longer training; nothing is computed here."""

from __future__ import annotations

from bench.leaderboard.board.finders import Finders
from bench.leaderboard.board.front import BUDGET
from bench.leaderboard.board.longer import LONG, Longer
from bench.leaderboard.board.users import Users
from bench.leaderboard.tables.prose import Block, item, paragraph
from bench.leaderboard.tables.text import counted


def finders_text(finders: Finders) -> list[Block]:
    """Explains the numbers of the first front page."""
    controls = ", ".join(f"`{name}`" for name in finders.controls) or "none yet"
    return [
        paragraph(
            "Each row is a discoverer with its search space (the widest without brackets) and settings, at budget "
            "`{budget}`. A run *finds* the symmetry when the sup defect of its span is at most 0.1 and its recall at "
            "least 0.9; it *finds part* of it when the defect is at most 0.1 and the recall above 0. A failed run "
            "finds nothing, and n ok counts the others. *Mean share* is the share of runs that find it, averaged over "
            "families, so that a family of many tasks counts as one; rows are ordered by it. *False discoveries* are "
            f"runs on tasks without any symmetry ({controls}) that declare a generator, with the exact interval of "
            "Clopper and Pearson. Sup defect and seconds of fitting are medians over runs. Rows that were judged on "
            "every task with a known symmetry "
            "({tasks}) come first; the others answered fewer questions.",
            budget=BUDGET,
            tasks=finders.tasks,
        )
    ]


def users_text() -> list[Block]:
    """Explains what the second front page compares."""
    return [
        paragraph(
            "Each row is a method with its search space and settings, at budget `{budget}`, on the same seeds as what "
            "it is compared with. A failed seed counts as the constant predictor. There is no number over all "
            "families: methods have different families. The order of the rows is by the number of families with a "
            "gain, then by the mean gain; methods told the group come last.",
            budget=BUDGET,
        )
    ]


def gain_text() -> Block:
    """Explains the gain recovered."""
    return paragraph(
        "(plain − method) / (plain − best told), where the best told is the best method that is told the group: 0 is "
        "as good as `plain`, 1 as good as knowing the group. Mean over the family's tasks on which `plain` is "
        "distinctly worse than the best told (below); empty for a method that lacks one of them. In brackets: "
        "Fieller's 95 % interval over paired seeds."
    )


def ratio_text() -> Block:
    """Explains the ratio to plain."""
    return paragraph(
        "The error of the method / the error of `plain` (for accuracies the share of wrong answers), geometric mean "
        "over the family's tasks; below 1 is better than `plain`. In brackets: the 95 % interval over paired seeds."
    )


def users_notes(users: Users) -> list[Block]:
    """Names the tasks of every family that have a gain to recover, and says where there is none."""
    lines = []
    for scale in users.families:  # ids and labels hold no markup, so they may stand in a template
        told = "; ".join(f"`{task}` (best told `{label}`)" for task, label in sorted(scale.best_told.items()))
        without = ", ".join(f"`{task}`" for task in scale.tasks if task not in scale.best_told)
        nothing = "`plain` is not distinctly worse than a method told the group on " + without
        text = "; ".join(filter(None, ["gain on " + told if told else "", nothing if without else ""]))
        lines.append(item("{family}: " + text + ".", family=scale.family))
    return lines


def longer_about() -> Block:
    """Explains the table of longer training."""
    return paragraph(
        "The rows that were also run at budget `{long}`, over the seeds that they have at both budgets. Places are "
        "among the rows of this table, those told the group included.",
        long=LONG,
    )


def longer_found(longer: Longer) -> list[Block]:
    """States whether the order changes, and how far `plain` had converged."""
    order = "The order stays the same." if longer.same_order else "**The order changes.**"
    lines = [paragraph(order)]
    if longer.convergence is not None:
        text = "Validation error of `plain` at `{short}` / at `{long}`: {ratio:.2f} ({seeds})."
        seeds = counted(longer.convergence_seeds, "seed")
        lines.append(paragraph(text, short=BUDGET, long=LONG, ratio=longer.convergence, seeds=seeds))
    return lines
