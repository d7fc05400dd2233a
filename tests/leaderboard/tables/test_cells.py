"""Numbers as tables write them, and the values behind them."""

import pytest

from bench.leaderboard.board.model import Entry
from bench.leaderboard.tables.cells import EMPTY, TableCell, entry_cell, mean_cell, number_cell, share_cell, whole_cell
from bench.leaderboard.tables.text import number, seed_ranges


@pytest.mark.parametrize(
    ("value", "spread", "text"),
    [
        (0.1234567, None, "0.123"),
        (1.5e-6, None, "1.50e-6"),
        (123456.0, None, "1.23e5"),
        (1234.5, 6.78, "1234 ± 7"),
        (1.234e-6, 5.6e-8, "(1.23 ± 0.06)e-6"),
        (0.0, None, "0"),
        (0.0, 0.0, "0"),
        (8.0123e-7, 0.0, "8.01e-7"),  # the same on every seed
        (0.0, 2.5e-7, "(0.00 ± 2.50)e-7"),
        (-0.5, 0.1, "-0.500 ± 0.100"),
        (9.9999e-5, None, "1.00e-4"),
        (0.0099996, None, "0.01000"),
        (0.9996, 4e-4, "1.000 ± <0.001"),
        (99999.6, None, "1.00e5"),
        (1e-7, 9.9999e-5, "(0.00 ± 1.00)e-4"),
    ],
)
def test_numbers_have_three_digits_and_the_spread_the_same_place(value, spread, text):
    assert number(value, spread=spread) == text
    assert number_cell(value, spread=spread) == TableCell(text, value)


def test_an_accuracy_in_per_cent_has_two_decimals():
    assert entry_cell(Entry(97.3123, 0.2061, 0.2163, 6, "%"), 4) == TableCell("97.31 ± 0.22", 97.3123)


def test_an_entry_that_some_seeds_lack_says_so():
    assert entry_cell(Entry(0.5, 0.1, 0.1, 2, "1"), expected=3) == TableCell("0.500 ± 0.100 (n=2)", 0.5)


@pytest.mark.parametrize("cell", [entry_cell, mean_cell, whole_cell, number_cell])
def test_what_is_missing_is_an_empty_cell(cell):
    assert cell(None) == EMPTY
    assert EMPTY.value is None


def test_cells_sort_by_the_value_not_by_the_text():
    assert whole_cell(Entry(1234567.4, None, None, 1, "1")) == TableCell("1,234,567", 1234567.4)
    assert share_cell(10, 12, " (1 stale)") == TableCell("10/12 (1 stale)", 10)


@pytest.mark.parametrize(
    ("seeds", "text"), [([0, 1, 2, 3, 4, 5], "0-5"), ([4, 0, 2, 1], "0-2,4"), ([7], "7"), ([1, 3], "1,3"), ([], "")]
)
def test_seeds_are_written_as_ranges(seeds, text):
    assert seed_ranges(seeds) == text
