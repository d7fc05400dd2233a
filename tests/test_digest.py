"""Laws of code digests: words do not count, statements do, and imports are followed."""

import pytest

from bench.digest import code_sha256, imports_of, statements

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


def testimports_of_within_the_project_are_followed():
    assert {"bench.training", "bench.augmentation"} <= imports_of("bench.methods.semola")
    assert "bench.lie.exponential" in imports_of("bench.lie.vectors")
    assert "bench.params" not in imports_of("bench.methods.semola")


def test_each_module_counts():
    assert code_sha256("bench.methods.plain") != code_sha256("bench.methods.semola")
    assert code_sha256("bench.methods.plain") == code_sha256("bench.methods.plain")
