"""The HTML page: one file with its style, its data and its scripts, which a browser opens without a server."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from bench.leaderboard.markdown.pages import MARKER


def render_html(data: Any) -> str:
    """The page that shows ``data``, as `bench.leaderboard.html.data.page_data` makes it.

    Its first line is that of every generated page. A comment may stand before the doctype.
    """
    folder = files("bench.leaderboard").joinpath("html")
    scripts = sorted(folder.joinpath("script").iterdir(), key=lambda file: file.name)
    parts = {
        "style": folder.joinpath("index.css").read_text(encoding="utf-8"),
        "data": in_script(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))),
        "script": "\n".join(file.read_text(encoding="utf-8") for file in scripts if file.name.endswith(".js")),
    }
    page = folder.joinpath("index.template.html").read_text(encoding="utf-8")
    before, *rest = page.split("{{")
    # One split, so that text inside a part is never taken for the placeholder of another part.
    filled = (parts[name] + after for name, after in (piece.split("}}", 1) for piece in rest))
    return f"{MARKER}\n{before}{''.join(filled)}"


def in_script(text: str) -> str:
    """JSON that may stand inside a script element: neither ``</script`` nor ``<!--`` is left in it."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
