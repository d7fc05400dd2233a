"""A page as a list of blocks, written as markdown or as HTML, so that both say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True)
class Text:
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Items:
    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Figures:
    """A titled row of SVG drawings with captions; markdown leaves it out."""

    title: str
    drawings: Sequence[tuple[str, str]]  # caption, svg


PageBlock = Heading | Text | Items | Table | Code | Figures

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --faint: #6a6a6a; --line: #d8d8d8; --soft: #f4f4f4;
  --plus: #b2182b; --minus: #2166ac; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #161616; --faint: #a0a0a0; --line: #3a3a3a;
  --soft: #222; --plus: #ef8a62; --minus: #67a9cf; } }
.own { color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif; max-width: 60rem;
  margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
.own h1 { font-size: 1.5rem; } .own h2 { font-size: 1.2rem; margin-top: 2rem; } .own h3 { font-size: 1rem; }
.own .answer { font-size: 1.15rem; font-weight: 600; }
.own .wide { overflow-x: auto; } .own table { border-collapse: collapse; font-size: .9rem; }
.own th, .own td { text-align: left; padding: .3rem .7rem .3rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: normal; }
.own pre { background: var(--soft); padding: .8rem; overflow-x: auto; font-size: .85rem; }
.own .drawings { display: flex; flex-wrap: wrap; gap: 1.2rem; } .own figure { margin: 0; max-width: 100%; }
.own figcaption { color: var(--faint); font-size: .85rem; max-width: 16rem; }
.own svg { max-width: 100%; height: auto; }
.own svg text { fill: var(--ink); font: 10px system-ui, sans-serif; }
"""


def to_markdown(blocks: Sequence[PageBlock]) -> str:
    """The page as markdown."""
    return "\n\n".join(part for block in blocks if (part := _markdown(block))) + "\n"


def to_fragment(blocks: Sequence[PageBlock]) -> str:
    """The page as an HTML fragment with its style, as notebooks show it."""
    return f"<style>{STYLE}</style><div class='own'>" + "\n".join(map(_html, blocks)) + "</div>"


def to_html(blocks: Sequence[PageBlock], title: str) -> str:
    """The page as one self-contained file."""
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>body {{ margin: 0; background: var(--paper); }}</style></head>"
        f"<body>{to_fragment(blocks)}</body></html>\n"
    )


def _markdown(block: PageBlock) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {text}"
        case Text(text, strong):
            return f"**{text}**" if strong else text
        case Items(items):
            return "\n".join(f"- {item}" for item in items)
        case Table(headers, rows):
            lines = [headers, ["---"] * len(headers), *rows]
            return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        case Code(text):
            return f"```\n{text}\n```"
        case _:
            return ""


def _html(block: PageBlock) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Text(text, strong):
            return f"<p{' class=answer' if strong else ''}>{escape(text)}</p>"
        case Items(items):
            return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
        case Table(headers, rows):
            head = "".join(f"<th>{escape(h)}</th>" for h in headers)
            body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
            return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        case Code(text):
            return f"<pre>{escape(text)}</pre>"
        case Figures(title, drawings):
            figures = "".join(
                f"<figure>{svg}<figcaption>{escape(text)}</figcaption></figure>" for text, svg in drawings
            )
            return f"<h3>{escape(title)}</h3><div class=drawings>{figures}</div>"
