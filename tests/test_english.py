"""Docstrings, comments and docs use plain present-tense English: a list of words and forms that they avoid."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHECKED = (
    "bench/lie", "bench/nn", "bench/metrics", "bench/api", "bench/records", "bench/running", "bench/cli",
    "bench/contract", "bench/own", "leaderboard", "methods", "tasks", "datasets",
)  # fmt: skip
#: "there is no X" and "is no longer" are plain; "X is no Y" is not.
BANNED = re.compile(r"(?<!\bthere )\bis no (?!longer\b)|\banew\b|\bmend(s|ed)?\b|\bnone such\b|\bheir\b", re.IGNORECASE)
#: Text that the leaderboard writes; its source is in leaderboard/.
GENERATED = re.compile(r"<!-- overall board: .*?<!-- end of the overall board -->", re.DOTALL)
HEADLESS = re.compile(r"\s*(Of|That of) ")


def python_faults(source):
    """Lines of ``source`` with a docstring or comment that uses a banned form."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text is None:
                continue
            start = node.body[0].lineno
            if HEADLESS.match(text):
                yield start
            yield from text_faults(text, start)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and BANNED.search(token.string):
            yield token.start[0]


def text_faults(text, start=1):
    for number, line in enumerate(text.splitlines(), start):
        if BANNED.search(line):
            yield number


@pytest.mark.parametrize("folder", CHECKED)
def test_docstrings_and_comments_are_plain(folder):
    paths = sorted((ROOT / folder).rglob("*.py"))
    faults = [
        f"{path.relative_to(ROOT)}:{line}" for path in paths for line in python_faults(path.read_text(encoding="utf-8"))
    ]
    assert faults == []


def test_docs_are_plain():
    paths = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    faults = []
    for path in paths:
        written = GENERATED.sub(lambda match: "\n" * match[0].count("\n"), path.read_text(encoding="utf-8"))
        faults += [f"{path.name}:{line}" for line in text_faults(written)]
    assert faults == []


@pytest.mark.parametrize("text", ['"""Of a cell."""', '"""That of a cell."""', "# this is no cell", "# made anew"])
def test_the_search_finds_each_form(text):
    assert list(python_faults(text)) == [1]
