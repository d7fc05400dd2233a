"""Laws of code digests: words do not count, statements do, and imports are followed."""

import pytest

from bench.records.digest import code_sha256, imports_of, statements

SOURCE = '''"""A module."""

X = "# no comment"  # a comment


def f(x):
    """What it does,
    over two lines."""
    return x + 1  # why
'''


def test_comments_docstrings_and_blank_lines_do_not_count():
    assert statements(SOURCE) == 'X = "# no comment"\ndef f(x):\n    return x + 1'


@pytest.mark.parametrize(("old", "new"), [("a comment", "another"), ("What it does", "What else"), ("\n\n\n", "\n")])
def test_other_words_give_the_same_statements(old, new):
    assert statements(SOURCE.replace(old, new)) == statements(SOURCE)


@pytest.mark.parametrize(("old", "new"), [("x + 1", "x + 2"), ("# no comment", "# a comment")])
def test_other_code_gives_other_statements(old, new):
    assert statements(SOURCE.replace(old, new)) != statements(SOURCE)


def test_a_setting_counts_only_as_the_parameter_that_it_sets():
    method = "class M:\n    settings: ClassVar[T] = {\n        'a': 1,\n    }\n    other: int = 2\n"
    assert statements(method) == "class M:\n    other: int = 2"
    assert statements(method.replace("'a': 1", "'a': 1, 'b': 2")) == statements(method)
    assert statements("settings: int = 1") != statements("settings: int = 2")


def test_what_a_method_says_of_its_failures_does_not_count():
    method = "class M:\n    known_failures: Mapping[str, str] = {\n        'so2': 'hard',\n    }\n    other: int = 2\n"
    assert statements(method) == "class M:\n    other: int = 2"


def test_imports_within_a_package_of_its_own_are_followed_relative_ones_too(tmp_path, monkeypatch):
    package = tmp_path / "somewhere_else"
    (package / "deep").mkdir(parents=True)
    for name in ("__init__", "constants", "deep/__init__", "deep/nets"):
        (package / f"{name}.py").write_text("")
    (package / "deep" / "method.py").write_text(
        "from ..constants import X\nfrom . import nets\nfrom bench.api.training import train\nimport numpy\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = imports_of("somewhere_else.deep.method")
    assert found >= {"somewhere_else.constants", "somewhere_else.deep.nets", "bench.api.training"}
    assert "numpy" not in found


def test_imports_within_the_project_are_followed():
    assert {"bench.api.training", "bench.api.augmentation"} <= imports_of("bench.methods.semola")
    assert "bench.lie.exponential" in imports_of("bench.lie.vectors")
    assert "bench.api.parameters" not in imports_of("bench.methods.semola")


def test_each_module_counts():
    assert code_sha256("bench.methods.plain") != code_sha256("bench.methods.semola")
    assert code_sha256("bench.methods.plain") == code_sha256("bench.methods.plain")
