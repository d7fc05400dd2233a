"""Prose of pages as values: paragraphs and list items of styled spans, which each renderer escapes.

A template uses a small part of markdown: ``**bold**``, ``*italic*``, ```code```. Values that fill its braces are never
read as markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bench.leaderboard.tables.cells import Style

Span = tuple[Style, str]

_STYLED = re.compile(r"`([^`]*)`|\*\*(.+?)\*\*|\*([^*]+)\*")
_STYLES: tuple[Style, ...] = ("", "code", "b", "i")


@dataclass(frozen=True)
class Block:
    """A block of prose: a paragraph or a list item."""

    kind: Literal["p", "li"]
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """The words without their styles."""
        return "".join(text for _, text in self.spans)


def paragraph(template: str, **values: object) -> Block:
    """A paragraph from ``template`` filled with ``values``."""
    return Block("p", spans(template, **values))


def item(template: str, **values: object) -> Block:
    """A list item from ``template`` filled with ``values``."""
    return Block("li", spans(template, **values))


def spans(template: str, **values: object) -> tuple[Span, ...]:
    """``template`` cut into spans of one style, with ``values`` in its braces.

    >>> spans("`{name}` is *new*", name="a*b*")
    (('code', 'a*b*'), ('', ' is '), ('i', 'new'))
    """
    cut: list[Span] = []
    end = 0
    for match in _STYLED.finditer(template):
        cut += [("", template[end : match.start()]), (_STYLES[match.lastindex or 0], match[match.lastindex or 0])]
        end = match.end()
    cut.append(("", template[end:]))
    return tuple((style, text.format(**values)) for style, text in cut if text)
