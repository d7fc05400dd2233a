"""Text is UTF-8 whatever the locale: every file and pipe that is opened as text says so."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path for folder in ("bench", "leaderboard", "methods", "tasks", "datasets", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)  # fmt: skip
#: Calls that take an encoding.
FILES = {"open", "fdopen", "read_text", "write_text", "TemporaryFile", "NamedTemporaryFile"}
#: Modules whose open() is of bytes or descriptors.
OTHER = {"os", "tarfile", "bz2"}
PROCESSES = {"run", "Popen", "check_output", "check_call"}


def text_without_encoding(source):
    """Lines of ``source`` that open text in whatever encoding the locale has."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        name = node.func.attr if owner is not None else getattr(node.func, "id", "")
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if "encoding" in keywords:
            continue
        inside = [part for value in (*node.args, *keywords.values()) for part in ast.walk(value)]
        words = [part.value for part in inside if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        binary = "text" not in name and any("b" in word and set(word) <= set("rwax+b") for word in words)
        if name in FILES and not binary and not (name == "open" and getattr(owner, "id", "") in OTHER):
            yield node.lineno
        if name in PROCESSES and {"text", "universal_newlines"} & set(keywords):
            yield node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_text_is_opened_with_an_encoding(path):
    assert list(text_without_encoding(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "open(name)", "path.open()", "path.open('w')", "path.read_text()", "path.write_text('b')", "os.fdopen(3, 'w')",
        "subprocess.run(words, text=True)",
    ],
)  # fmt: skip
def test_the_search_finds_each_way_to_forget_it(line):
    assert list(text_without_encoding(line)) == [1]
