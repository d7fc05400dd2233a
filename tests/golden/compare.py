"""How far a golden score may be from the committed one before somebody's change, not another CPU, moved it.

The tolerances come from reruns on one CPU with SSE4.2 alone, with AVX2, and with two threads in place of one, which
sum in other orders as other CPUs do; each is several times the largest spread that was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from tests.golden.make import TASKS, Golden


class Tolerance(NamedTuple):
    """Allowed: ``|a - b| <= absolute + relative * max(|a|, |b|)``."""

    pattern: str  # of task and score, a blank between them
    absolute: float
    relative: float
    reason: str


#: The first whose pattern fits ``task score`` holds.
TOLERANCES = (
    Tolerance("* symmetry/*dimension", 0.0, 0.0, "a number of generators"),
    Tolerance("* symmetry/declared", 0.0, 0.0, "a number of generators"),
    Tolerance("* test/accuracy*", 4.0, 0.0, "images near the border: one of 64 is 1.6 points, measured 2.9"),
    # Convolutions and batch norm sum thousands of terms, and rounding grows with each step.
    Tolerance(f"{TASKS['images']} symmetry/*", 0.02, 0.02, "generators from images; measured 7e-3"),
    Tolerance(f"{TASKS['images']} equivariance/*", 1e-5, 0.15, "few images, and the largest of few; measured 6e-2"),
    Tolerance("*", 1e-5, 2e-3, "vectors and points: rounding after few steps; measured 1e-5"),
)

#: Task and method -> scores that are not compared, and why.
UNSTABLE = {
    ("rotated_mnist_id", method): (
        ("symmetry/*", "equivariance/*"),
        "at the start the gradient of the generators is at the level of rounding, which Adam scales up to whole steps: "
        "two threads in place of one change the cosine from 0.09 to 0.48",
    )
    for method in ("semola", "semola+augment")
}


def tolerance_of(task: str, score: str) -> Tolerance:
    """The tolerance of a score of a task."""
    return next(row for row in TOLERANCES if fnmatchcase(f"{task} {score}", row.pattern))


def outdated(committed: Golden, now: Golden) -> list[str]:
    """One line for each version of the file that is not the installed one."""
    before = committed["versions"]
    return [
        f"golden file is {'older' if before.get(name, 0) < version else 'newer'} than version {version} of {name}: "
        "run `make golden`"
        for name, version in now["versions"].items()
        if before.get(name) != version
    ]


def moved(task: str, method: str, committed: Golden, now: Golden) -> Iterator[str]:
    """One line for each thing that is not as committed."""
    for word in ("status", "reason"):
        if committed.get(word) != now.get(word):
            yield f"{word}: {committed.get(word)!r} became {now.get(word)!r}"
    before, after = committed["scores"], now["scores"]
    ignored, _ = UNSTABLE.get((task, method), ((), ""))
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            yield f"{name}: {'new' if name in after else 'gone'}"
        elif not any(fnmatchcase(name, pattern) for pattern in ignored):
            allowed = tolerance_of(task, name)
            bound = allowed.absolute + allowed.relative * max(abs(before[name]), abs(after[name]))
            if not abs(before[name] - after[name]) <= bound:
                yield f"{name}: {before[name]:g} became {after[name]:g}; allowed is ± {bound:.2g} ({allowed.reason})"
