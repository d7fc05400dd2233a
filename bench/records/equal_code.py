"""Which earlier codes give the numbers of the present ones: pairs of digests, each with the run that showed it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.errors import BenchError
from bench.records.atomic import renamed_to

#: Beside the folders of the tasks, in the results folder.
FILE = "equal_code.json"


class Digests(NamedTuple):
    """SHA-256 of the code of a task and of a method."""

    task: str
    method: str


@dataclass(frozen=True)
class Equality:
    """One cell, run by two codes on one machine, gave the same scores and arrays to the last digit stored."""

    family: str  # of tasks: its members share the code of the digests
    task: str  # the member that was run
    method: str
    before: Digests
    after: Digests
    git_sha: str  # the commit that holds ``before``
    scores: int  # how many were compared
    budget: str
    cpu: str


class EqualCode:
    """The equalities of a results folder; ``leads`` follows them from a record's code to the present one."""

    def __init__(self, root: Path) -> None:
        """Read ``root``/equal_code.json; empty when it is not there.

        Raises:
            BenchError: when the file is no list of equalities.
        """
        self.path = root / FILE
        self.found: list[Equality] = []
        self._led: dict[tuple[str, str, Digests, Digests], bool] = {}  # thousands of records share few codes
        if not self.path.exists():
            return
        try:
            self.found = [_equality(entry) for entry in json.loads(self.path.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BenchError(f"{str(self.path)!r} is no list of equal codes ({error}); `git checkout` it.") from None

    def leads(self, family: str, method: str, before: Digests, after: Digests) -> bool:
        """Whether a chain of equalities of this family and method joins the two codes, in either direction."""
        question = (family, method, before, after)
        if question not in self._led:
            self._led[question] = self._joined(*question)
        return self._led[question]

    def _joined(self, family: str, method: str, before: Digests, after: Digests) -> bool:
        links = [
            {entry.before, entry.after} for entry in self.found if (entry.family, entry.method) == (family, method)
        ]
        reached = {before}
        while grown := [link for link in links if link & reached and not link <= reached]:
            reached.update(*grown)
        return after in reached

    def add(self, equalities: Iterable[Equality]) -> None:
        """Append and write, by a temporary file and a rename."""
        self.found.extend(equalities)
        self._led.clear()
        with renamed_to(self.path) as temporary:
            temporary.write_text(json.dumps([asdict(entry) for entry in self.found], indent=1) + "\n", encoding="utf-8")


def _equality(entry: dict[str, Any]) -> Equality:
    return Equality(**{**entry, "before": Digests(*entry["before"]), "after": Digests(*entry["after"])})
