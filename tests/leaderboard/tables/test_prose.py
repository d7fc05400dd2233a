"""Prose is values: what stands in the braces of a template is never markup, and markdown reads back as written."""

import pytest

from bench.leaderboard.markdown.write import blocks
from bench.leaderboard.tables.prose import Block, item, paragraph, spans

HOSTILE = "`a` **b** *c* [d](e) <f> {g} | h\\i > j"


def test_a_template_is_cut_into_spans_of_one_style():
    text = "Rows of `{name}` are **bold** or *{how}*."
    assert spans(text, name="x", how="not") == (
        ("", "Rows of "), ("code", "x"), ("", " are "), ("b", "bold"), ("", " or "), ("i", "not"), ("", "."),
    )  # fmt: skip


def test_a_value_is_never_read_as_markup():
    assert item("{value}", value=HOSTILE).spans == (("", HOSTILE),)
    assert item("*{value}*", value=HOSTILE).spans == (("i", HOSTILE),)
    assert paragraph("a `{value}`", value=HOSTILE).text == f"a {HOSTILE}"


def test_markdown_escapes_values():
    assert blocks([paragraph("{value}", value=HOSTILE)]) == (
        "\\`a\\` \\*\\*b\\*\\* \\*c\\* \\[d\\](e) \\<f\\> {g} | h\\\\i \\> j"
    )
    assert blocks([paragraph("`{value}`", value="a`b")]) == "`a'b`"


@pytest.mark.parametrize(
    ("kinds", "text"),
    [("pp", "a\n\na"), ("ll", "- a\n- a"), ("pllp", "a\n\n- a\n- a\n\na"), ("", "")],
)
def test_lists_hold_together_and_paragraphs_stand_apart(kinds, text):
    assert blocks(Block({"p": "p", "l": "li"}[kind], (("", "a"),)) for kind in kinds) == text
