"""Cells, prose and tables in markdown; the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.leaderboard.tables.cells import TableCell
from bench.leaderboard.tables.prose import Block, Span
from bench.leaderboard.tables.text import NOTHING


def escape(text: str) -> str:
    """``text`` on one line, with every markdown character escaped."""
    return "".join(f"\\{char}" if char in "\\`*_<>[]" else char for char in " ".join(text.split()))


def code(text: str) -> str:
    """``text`` in fixed width."""
    return f"`{' '.join(text.split()).replace('`', chr(39))}`"


def blocks(prose: Iterable[Block]) -> str:
    """Paragraphs and lists as markdown, separated by empty lines."""
    text, before = "", ""
    for block in prose:
        between = "\n" if (before, block.kind) == ("li", "li") else "\n\n"
        text += (between if text else "") + ("- " if block.kind == "li" else "") + spans(block.spans)
        before = block.kind
    return text


def spans(styled: Iterable[Span]) -> str:
    """The spans of one line as markdown."""
    return "".join(_styled(style, text) for style, text in styled)


def cell(shown: TableCell) -> str:
    """A cell as markdown."""
    text = _styled(shown.style, shown.text)
    return f"[{text}]({shown.link})" if shown.link else text


def table(headers: Sequence[str], rows: Iterable[Sequence[TableCell]]) -> str:
    """A table, padded by number of characters; columns of words are left-aligned, all others right-aligned.

    Columns without a value are dropped. Tabulate is not used because it does not escape bars and its padding depends on
    whether wcwidth is installed, while a page must have the same bytes everywhere.
    """
    lines = list(rows)
    columns = [[line[i] for line in lines] for i in range(len(headers))]
    used = [i for i, column in enumerate(columns) if any(shown.text != NOTHING for shown in column)]
    left = {i for i in used if all(shown.value is None for shown in columns[i])}
    body = [[cell(line[i]).replace("|", "\\|") for i in used] for line in lines]
    head = [headers[i] for i in used]
    width = [max(map(len, column)) for column in zip(head, *body, strict=True)]

    def written(texts: Sequence[str]) -> str:
        padded = (
            text.ljust(wide) if i in left else text.rjust(wide)
            for i, text, wide in zip(used, texts, width, strict=True)
        )
        return "| " + " | ".join(padded) + " |"

    rule = "|".join("-" * (w + 2) if i in left else "-" * (w + 1) + ":" for i, w in zip(used, width, strict=True))
    return "\n".join([written(head), f"|{rule}|", *map(written, body)])


def _styled(style: str, text: str) -> str:
    if style == "code":
        return code(text)
    mark = {"b": "**", "i": "*"}.get(style, "")
    # Spaces at the ends of a span belong to the sentence.
    inner = text.strip()
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{escape(inner)}{mark}{after}" if inner else text
