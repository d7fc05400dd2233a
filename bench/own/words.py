"""The answer in words: a verdict per generator, what could hide a symmetry, caveats."""

from __future__ import annotations

from bench.api import Array
from bench.own.findings import Answer, Finding

#: R² of a network below which LieGG says nothing (methods/liegg.py).
EXPLAINED = 0.9
#: Rise of R² from a quarter of the rows to all of them from which on more rows would help.
RISES = 0.02
#: Networks from which on there is an answer.
LEAST_RUNS = 2
MOVES = {
    "invariant": "the target stays as it is",
    "same": "the target moves as the inputs do",
    "vector": "the target moves as a difference of inputs does",
}
NONE = "No linear symmetry is supported by these data."


def headline(answer: Answer) -> str:
    """One sentence with the answer."""
    if len(answer.shares) < LEAST_RUNS:
        return "The search ended before it could say anything; give it more --time."
    if not answer.kept:
        return NONE if answer.output == "invariant" else f"{NONE[:-1]} if {MOVES[answer.output]}."
    supported = sum(f.verdict == "supported" for f in answer.kept)
    number = len(answer.kept)
    what = "one generator" if number == 1 else f"{number} generators"
    tail = (
        "all of them supported by held-out rows" if supported == number else f"{supported} supported by held-out rows"
    )
    if number == supported == 1:
        tail = "supported by held-out rows"
    return f"{what.capitalize()}, {tail}; {MOVES[answer.output]}."


def verdict(finding: Finding) -> str:
    """One sentence on a generator."""
    parts = [f"found in {finding.resamples} of {finding.runs} resamples"]
    if finding.strength is not None:
        parts.append(f"strength {finding.strength:.2f}")
    if finding.defect is not None:
        parts.append(f"defect {finding.defect:.2f} on held-out rows")
    if finding.methods:
        found = [name for name, too in finding.methods.items() if too]
        parts.append(f"found too by {' and '.join(found)}" if found else "found by no second method")
    return f"{finding.named.text}: {finding.verdict}: {', '.join(parts)}."


def hidden(answer: Answer, n: int) -> list[str]:
    """What could hide a symmetry where none was found."""
    reasons = []
    if answer.explained and min(answer.explained) < EXPLAINED:
        reasons.append(
            f"A network explains {min(answer.explained):.0%} of the target's variance; below {EXPLAINED:.0%} nothing "
            "is declared, because the derivative of a poor fit says little. Noise in the target, missing inputs, "
            "or too few rows could be the cause."
        )
    if answer.quarter is not None and answer.explained:
        best = max(answer.explained)
        rises = best - answer.quarter > RISES
        more = "it still rises, so more rows would help" if rises else "more rows alone would hardly change the answer"
        reasons.append(f"R² is {answer.quarter:.3f} with a quarter of the rows and {best:.3f} with all {n:,}: {more}.")
    if answer.shares and (lowest := [s[0] for s in answer.shares if s]):
        size = (sum(lowest) / len(lowest)) ** 0.5
        reasons.append(
            f"The motion nearest to a symmetry has a defect of {size:.2f}; at most 0.10 counts as a symmetry."
        )
    reasons.append(
        "Symmetries that are not linear or affine in these columns, and discrete ones such as reflections, are not "
        "searched for."
    )
    return reasons


def caveats(answer: Answer) -> list[str]:
    """What the answer does not say."""
    words = [
        "A defect of up to 0.10 counts as a symmetry: exact symmetries and near ones cannot be told apart.",
        "The answer holds where there are data; a direction in which the inputs hardly vary is not excluded.",
    ]
    if answer.closure is not None and answer.closure > 0.2:
        words.append(
            f"Brackets of the generators leave their span by {answer.closure:.0%}: the found set is not closed, "
            "so a generator is missing or wrong."
        )
    if answer.witness is False:
        words.append("The network of the checks predicts too poorly to tell right motions from wrong ones.")
    return words


def matrix_text(generator: Array) -> str:
    """A matrix with few digits."""
    largest = abs(generator).max() or 1.0
    return "\n".join(" ".join(f"{v / largest:6.2f}" for v in row) for row in generator)
