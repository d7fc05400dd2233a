import pytest

from bench.leaderboard.board.longer import build_longer
from bench.records.record import Validation, replaced

SCORES = {"plain": (4.0, 1.0), "semola": (2.0, 1.5), "true": (3.0, 0.5)}


@pytest.fixture
def board(make_record, board_of):
    """Three methods at both budgets; `plain` has a seed more at the short one and `other` no long run."""

    def record(method, seed, budget, value, **fields):
        validation = Validation(name="val/mse", value=value / 10, unit="1", higher_is_better=False)
        return replaced(
            make_record(method, seed=seed, budget=budget, mse=value + seed / 100, **fields), {"validation": validation}
        )

    records = [
        record(method, seed, budget, value, knowledge="group" if method == "true" else "none")
        for method, values in SCORES.items()
        for budget, value in zip(("small", "long"), values, strict=True)
        for seed in range(3)
    ]
    records += [record("plain", 3, "small", 100.0), record("other", 0, "small", 1.0)]
    return board_of(records)


def test_rows_of_both_budgets_stand_side_by_side_over_common_seeds(board):
    longer = build_longer(board, board.sections[0])
    assert [line.row.label for line in longer.rows] == ["true", "plain", "semola"]
    assert [(line.short_rank, line.long_rank) for line in longer.rows] == [(2, 1), (3, 2), (1, 3)]
    plain = longer.rows[1]
    assert (plain.seeds, plain.short, plain.long) == ((0, 1, 2), pytest.approx(4.01), pytest.approx(1.01))
    assert not longer.same_order


def test_the_convergence_of_plain_is_its_validation_error_at_both(board):
    longer = build_longer(board, board.sections[0])
    assert (longer.convergence, longer.convergence_seeds) == (pytest.approx(4.0), 3)


def test_there_is_no_comparison_without_rows_of_both_budgets(board, make_record, board_of):
    assert build_longer(board, board.sections[1]) is None
    alone = board_of([make_record(), make_record("semola", budget="long")])
    assert build_longer(alone, alone.sections[0]) is None


def test_the_table_says_whether_the_order_changes(board, tables_of):
    table = tables_of(board)["Four times the passes"]
    assert list(table["plain"].items()) == [
        ("mse at small", "4.010 ± 0.025"), ("mse at long", "1.010 ± 0.025"), ("place at small", "3"),
        ("place at long", "2"), ("seeds", "0-2"),
    ]  # fmt: skip
