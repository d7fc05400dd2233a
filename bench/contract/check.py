"""Defines a check and its results: passed, failed, a known failure, or not applicable."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from bench.api import Method, Task
from bench.contract.subject import Subject
from bench.contract.toys import ENOUGH, TINY, odd_toys, toys
from bench.errors import BenchError, line_of
from bench.records.cell import stages_of

#: How a check ends. "known" is a failure that the method's author has declared.
CheckStatus = Literal["ok", "failed", "known", "skipped"]


class Violation(Exception):
    """A broken promise. Its text is one line: what was expected, what happened, what to do."""


class NotApplicable(Exception):
    """The reason why a check does not apply to a method."""


class Examination:
    """A method on the toy tasks, or on one real task at its smoke budget. All checks share the fits."""

    def __init__(
        self, method: Method, data_dir: Path, task: Task | None = None, check_names: Sequence[str] = ()
    ) -> None:
        """``check_names`` are those that a method may declare as known failures."""
        self.method, self.data_dir, self.on_toys = method, data_dir, task is None
        self.check_names = check_names
        self.subjects = [Subject(method, t, data_dir, TINY) for t in ([task] if task else toys())]

    @cached_property
    def supported(self) -> Sequence[Subject]:
        """The subjects that the method supports.

        Raises:
            NotApplicable: when it supports none.
        """
        supported = [subject for subject in self.subjects if subject.reason is None]
        if not supported:
            reasons = "; ".join(f"{subject.name}: {subject.reason}" for subject in self.subjects)
            raise NotApplicable(f"unsupported ({reasons})")
        return supported

    @cached_property
    def odd(self) -> Sequence[Subject]:
        """Unusual problems, which a method does not have to support."""
        return [Subject(self.method, toy, self.data_dir, TINY) for toy in odd_toys()] if self.on_toys else []

    @cached_property
    def rotation(self) -> Subject:
        """The toy vectors, with enough examples and passes to find their rotation."""
        return Subject(self.method, toys()[0], self.data_dir, ENOUGH)


@dataclass(frozen=True)
class Check:
    """A promise of every method: raises :class:`Violation` or :class:`NotApplicable`, or returns."""

    name: str
    promise: str
    look: Callable[[Examination], None]


@dataclass(frozen=True)
class CheckResult:
    """How one check ended."""

    check: str
    status: CheckStatus
    seconds: float
    reason: str = ""


def known_failures(method: Method) -> dict[str, str]:
    """Name of a check -> reason, as declared by the method or by the stages of a pipeline."""
    return {name: reason for stage in stages_of(method).values() for name, reason in stage.known_failures.items()}


def run_check(check: Check, examination: Examination) -> CheckResult:
    """Run ``check`` and return its result. A declared known failure that does not happen counts as a failure."""
    started = time.perf_counter()
    status, reason = _outcome(check, examination)
    known = known_failures(examination.method).get(check.name)
    if known is not None and status == "failed":
        status, reason = "known", known
    elif known is not None and status == "ok" and examination.on_toys:
        status = "failed"
        reason = f"declared a known failure ({known}), but it passes: take {check.name!r} out of known_failures"
    return CheckResult(check.name, status, time.perf_counter() - started, " ".join(reason.split()))


def _outcome(check: Check, examination: Examination) -> tuple[CheckStatus, str]:
    try:
        check.look(examination)
    except NotApplicable as reason:
        return "skipped", str(reason)
    except (Violation, BenchError) as fault:
        return "failed", str(fault)
    except Exception as error:  # whatever the method raises
        return "failed", f"{type(error).__name__}: {error} ({line_of(error, _is_of_author)})"
    return "ok", ""


def _is_of_author(file: str) -> bool:
    """Whether ``file`` is neither in an installed library nor in the contract."""
    return not file.startswith((sys.prefix, sys.base_prefix)) and "/contract/" not in file
