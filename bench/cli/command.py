"""What all commands of the CLI share: parsing of the command line, and output that works on any terminal."""

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

#: Errors of the environment, not of the program: a disk is full, a device is broken, or access is forbidden.
SURROUNDINGS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM}
    | {errno.EMFILE, errno.ENFILE, errno.ESTALE}
)


class Command(TyperCommand):
    """A command that refuses an option that is given twice; click would silently use the last one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse ``args``.

        Raises:
            BenchError: when an option that takes one value is given twice.
        """
        given = Counter(self.make_parser(ctx).parse_args(list(args))[2])
        for parameter, times in given.items():
            takes_one = isinstance(parameter, TyperOption) and not parameter.multiple and not parameter.is_flag
            if times > 1 and takes_one:
                raise BenchError(f"option {parameter.opts[0]} is given {times} times; give it once.")
        return super().parse_args(ctx, args)


class App(typer.Typer):
    """A group of such commands. Without a command it prints its help."""

    def __init__(self, text: str) -> None:
        super().__init__(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, help=text)

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        """A decorator that adds a function as a `Command`."""
        return super().command(*args, **{"cls": Command, **kwargs})


def help_alone(ctx: typer.Context) -> None:
    """Print the help of a group that was called without a command."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def version_line() -> str:
    """Name and version of the installed distribution."""
    try:
        return f"symmetry-bench {metadata.version('symmetry-bench')}"
    except metadata.PackageNotFoundError:  # a source tree on the path
        return "symmetry-bench, not installed"


def print_any_text() -> None:
    """Make stdout and stderr write characters that they cannot encode as codes, like ``\\u2032``.

    The streams keep their encoding, because a terminal with another encoding would show UTF-8 wrongly.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def surroundings_fault(error: OSError) -> str | None:
    """One line about an error of the environment, such as a full disk; None for other errors."""
    if error.errno not in SURROUNDINGS:
        return None
    if error.filename is None and _output_is_broken():
        return f"the output cannot be written: {error.strerror}; what was computed before is stored."
    what = f"{str(error.filename)!r}" if error.filename else "a file"
    return f"{what} cannot be used: {error.strerror}. Stored results are kept; fix the cause and run it again."


def print_error(message: str) -> None:
    """Print one line to stderr. If stderr cannot be written, only the exit code reports the error."""
    try:
        typer.echo(f"error: {' '.join(message.split())}", err=True)
    except OSError:
        _drop(sys.stderr)


def _output_is_broken() -> bool:
    """Whether stdout cannot be written."""
    try:
        print(flush=True)
    except (OSError, ValueError):
        _drop(sys.stdout)
        return True
    return False


def _drop(stream: TextIO) -> None:
    """Discard the buffer of ``stream``. Otherwise Python writes it again at exit and changes the exit code."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
