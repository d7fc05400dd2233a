"""Laws of text in records."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.text import first_line, printable


@given(st.text(st.characters()))  # lone surrogates too
def test_every_text_becomes_one_that_can_be_stored_and_printed(text):
    made = printable(text)
    assert made.encode("utf-8").decode("utf-8") == made
    assert json.loads(json.dumps(made)) == made
    assert all(c.isprintable() or c in "\n\t" for c in made)
    assert printable(made) == made


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_what_can_be_printed_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "made"), [("caf\udce9", "caf\\udce9"), ("\x1b[2J", "\\x1b[2J"), ("a\rb", "a\\rb"), ("a\nb\tc", "a\nb\tc")]
)
def test_a_byte_of_no_text_and_a_control_are_shown_by_their_code(text, made):
    assert printable(text) == made


@pytest.mark.parametrize(
    ("error", "line"), [(MemoryError(), "MemoryError"), (ValueError("a\nb"), "a"), (ValueError(" \n"), "ValueError")]
)
def test_the_first_line_of_an_error_is_never_missing(error, line):
    assert first_line(error) == line
