"""Text from anywhere, made fit for a record: whatever reads it later can print it and write it as UTF-8."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""``text`` with every character that cannot be printed as its code: ``\udcff`` (a byte of no text), ``\x1b``.

    Lines and tabs stay.
    """
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def first_line(error: BaseException) -> str:
    """What ``error`` says, in one line; its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
