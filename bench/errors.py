"""Errors whose one line tells a user what is wrong, where, what is allowed and what to do next."""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path


class BenchError(Exception):
    """A user error. The CLI prints the message and exits with :attr:`exit_code`."""

    exit_code = 2


class EarlierProtocol(BenchError):
    """A record of an earlier protocol, which is counted and not read."""


class Interrupted(BenchError):
    """The user stopped a command."""

    exit_code = 130


class Diverged(Exception):
    """Training produced a non-finite number; the cell gets the status ``diverged``."""


class Pruned(Exception):
    """A trial of a sweep was stopped early because others did better at the same passes. It leaves no record."""


class Unsupported(Exception):
    """A method cannot treat this problem; the cell gets the status ``unsupported`` with this reason."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """``" Did you mean 'x'?"`` for the closest allowed name, or an empty string when none is close."""
    names = list(allowed)
    close = difflib.get_close_matches(name, names, n=1) or [option for option in names if name and name in option]
    return f" Did you mean {close[0]!r}?" if close else ""


def line_of(error: BaseException, is_own: Callable[[str], bool]) -> str:
    """``"file.py:12"``: the last line that ``error`` came through in a file that ``is_own`` accepts, or at all."""
    frames = traceback.extract_tb(error.__traceback__)
    last = ([frame for frame in frames if is_own(frame.filename)] or frames)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
