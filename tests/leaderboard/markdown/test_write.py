"""Tables in markdown."""

from bench.leaderboard.markdown.write import table
from bench.leaderboard.tables.cells import EMPTY, TableCell


def test_words_stand_left_and_numbers_right():
    rows = [[TableCell("x", style="code"), TableCell("1", 1.0)], [TableCell("longer", style="i"), EMPTY]]
    assert table(["a", "b"], rows).splitlines() == [
        "| a        | b |",
        "|----------|--:|",
        "| `x`      | 1 |",
        "| *longer* | – |",
    ]


def test_a_bar_in_a_cell_does_not_break_the_table():
    assert table(["a"], [[TableCell("x|y")]]).splitlines()[-1] == "| x\\|y |"


def test_a_column_without_a_value_is_dropped():
    assert table(["a", "b", "c"], [[TableCell("x"), EMPTY, TableCell("y")]]).splitlines()[0] == "| a | c |"


def test_marks_of_bold_cells_count_for_the_width():
    lines = table(["a"], [[TableCell("1.00", 1.0, "b")], [TableCell("2.00", 2.0)]]).splitlines()
    assert lines[2:] == ["| **1.00** |", "|     2.00 |"]


def test_a_link_keeps_the_name_in_fixed_width():
    assert table(["a"], [[TableCell("a_b", style="code", link="boards/a_b.md")]]).splitlines()[-1] == (
        "| [`a_b`](boards/a_b.md) |"
    )
