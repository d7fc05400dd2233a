"""What all commands of the CLI share: how they read their line, and how their output survives any terminal."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections import Counter
from collections.abc import Callable
from importlib import metadata
from typing import Any, TextIO

import typer
from typer.core import TyperCommand, TyperOption

from bench.errors import BenchError

#: What the surroundings of a command do to it, and no fault of the program: full, broken, or forbidden.
SURROUNDINGS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM}
    | {errno.EMFILE, errno.ENFILE, errno.ESTALE}
)


class Command(TyperCommand):
    """A command that refuses an option given twice, of which click would silently take the last."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = Counter(self.make_parser(ctx).parse_args(list(args))[2])
        for parameter, times in given.items():
            takes_one = isinstance(parameter, TyperOption) and not parameter.multiple and not parameter.is_flag
            if times > 1 and takes_one:
                raise BenchError(f"option {parameter.opts[0]} is given {times} times; give it once.")
        return super().parse_args(ctx, args)


class App(typer.Typer):
    """A group of commands of the kind above; without a command it prints its help."""

    def __init__(self, text: str) -> None:
        super().__init__(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=text)

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return super().command(*args, **{"cls": Command, **kwargs})


def help_alone(ctx: typer.Context) -> None:
    """Print the help of a group that was called without a command."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def version_line() -> str:
    """Name and version of the installed distribution."""
    try:
        return f"symmetry-bench {metadata.version('symmetry-bench')}"
    except metadata.PackageNotFoundError:  # a source tree that was put on the path
        return "symmetry-bench, not installed"


def print_any_text() -> None:
    """From here on no character stops a command: what a terminal cannot show is written as its code, like ``\\u2032``.

    The stream keeps its own encoding: a terminal of another one would show UTF-8 as other letters.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def surroundings_fault(error: OSError) -> str | None:
    """One line for an output or a file that cannot be used for a reason outside the program; None for other errors."""
    if error.errno not in SURROUNDINGS:
        return None
    if error.filename is None and _output_is_broken():
        return f"the output cannot be written: {error.strerror}; what was computed before is stored."
    what = f"{str(error.filename)!r}" if error.filename else "a file"
    return f"{what} cannot be used: {error.strerror}. What is stored stays; after a remedy the same command continues."


def print_error(message: str) -> None:
    """Print one line to stderr; where that is impossible, the exit code alone has to say it."""
    try:
        typer.echo(f"error: {' '.join(message.split())}", err=True)
    except OSError:
        _drop(sys.stderr)


def _output_is_broken() -> bool:
    """True when not even a line's end can be printed."""
    try:
        print(flush=True)
    except (OSError, ValueError):
        _drop(sys.stdout)
        return True
    return False


def _drop(stream: TextIO) -> None:
    """Give up what ``stream`` still holds; Python would try it again as it ends, and change the exit code."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
