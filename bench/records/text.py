"""Makes any text fit for a record, so that it can be printed and written as UTF-8."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""``text`` with each unprintable character replaced by its code, such as ``\udcff`` (an invalid byte) or ``\x1b``.

    Line breaks and tabs are kept.
    """
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def first_line(error: BaseException) -> str:
    """The first line of the text of ``error``; the name of its type when it has no text."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
