"""The little markdown that the pages are written in, as plain blocks that a browser can build without parsing HTML.

A span is ``[style, text]`` with style "" (plain), "b", "i" or "code"; a block is ``["p" | "li", *spans]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Block = list[str | list[str]]

#: Escaped character, code, bold, italic; anything else is plain. A space beside a star makes it a plain star.
_SPAN = re.compile(r"\\(.)|`([^`]*)`|\*\*(\S.*?)\*\*|\*(\S[^*]*?)\*")
_STYLES = ("", "code", "b", "i")


def blocks(markdown: str) -> list[Block]:
    """Paragraphs and list items of ``markdown``; a line that is indented continues its item."""
    found: list[tuple[str, str]] = []
    for paragraph in re.split(r"\n\s*\n", markdown.strip()):
        for place, line in enumerate(paragraph.splitlines()):
            if line.startswith("- "):
                found.append(("li", line[2:]))
            elif place == 0:
                found.append(("p", line))
            else:
                kind, text = found[-1]
                found[-1] = kind, f"{text} {line.strip()}"
    return [[kind, *spans(text)] for kind, text in found if text]


def spans(text: str) -> list[list[str]]:
    """``text`` cut into spans of one style; neighbours of the same style are joined."""
    found: list[list[str]] = []
    end = 0
    for match in _SPAN.finditer(text):
        group = match.lastindex or 1
        inner = match[group] if group < 3 else plain(match[group])
        _append(found, [["", text[end : match.start()]], [_STYLES[group - 1], inner]])
        end = match.end()
    _append(found, [["", text[end:]]])
    return found


def plain(text: str) -> str:
    r"""``text`` without markup: the inverse of `bench.leaderboard.tables.text.escape` and `code`.

    >>> plain(r"`semola` ran out\_of\_memory")
    'semola ran out_of_memory'
    """
    return "".join(inner for _, inner in spans(text))


def _append(found: list[list[str]], more: Iterable[list[str]]) -> None:
    for style, text in more:
        if text and found and found[-1][0] == style:
            found[-1][1] += text
        elif text:
            found.append([style, text])
