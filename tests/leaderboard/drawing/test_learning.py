"""The learning curve: only rows run on several shares, one figure below the largest share, drawn with a line each."""

import pytest

from bench.leaderboard.drawing.draw import draw
from bench.leaderboard.drawing.learning import plan_learning
from bench.leaderboard.markdown.pages import render_task
from bench.records.record import replaced


@pytest.fixture
def records(make_record):
    def on_share(method, share, mse, seed=0):
        changed = {} if share == 1.0 else {"train_fraction": share}
        sizes = {"train": round(1000 * share), "val": 10, "test": 50}
        return make_record(method, mse=mse, seed=seed, changed=changed, task={"sizes": sizes, "data_sha256": "a" * 64})

    shares = [("plain", 1.0, 0.1), ("plain", 0.5, 0.2), ("plain", 0.1, 0.4), ("gcnn", 1.0, 0.05), ("gcnn", 0.1, 0.3)]
    return [*(on_share(*row, seed=s) for row in shares for s in range(2)), on_share("linear", 1.0, 0.5)]


def test_only_rows_with_several_shares_have_a_line(board_of, records):
    board = board_of(records)
    plan = plan_learning(board, board.sections[0])
    assert [row.label for row in plan.rows] == ["gcnn", "plain"]
    (curve,) = (row.points for row in plan.rows if row.label == "plain")
    assert [(point.examples, point.mean) for point in curve] == [(100, 0.4), (500, 0.2), (1000, 0.1)]


def test_it_stands_once_below_the_largest_share(board_of, records):
    board = board_of(records)
    assert [section.train_fraction for section in board.sections] == [1.0, 0.5, 0.1]
    assert [plan_learning(board, section) is None for section in board.sections] == [False, True, True]
    page = render_task(board)
    assert page.count("### Learning curve") == 1
    assert page.index("### Learning curve") < page.index("50 % of the training")


def test_one_share_alone_makes_no_figure(board_of, make_record):
    board = board_of([make_record()])
    assert plan_learning(board, board.sections[0]) is None


def test_its_name_changes_with_a_run_and_not_without(board_of, records):
    board, again = board_of(records), board_of(records[::-1])
    name = plan_learning(board, board.sections[0]).name
    assert plan_learning(again, again.sections[0]).name == name
    changed = board_of([replaced(records[0], {"started": "2030-01-01T00:00:00Z"}), *records[1:]])
    assert plan_learning(changed, changed.sections[0]).name != name


def test_a_line_for_each_row_through_its_means(board_of, records):
    board = board_of(records)
    figure = draw(plan_learning(board, board.sections[0]), lambda run: {})
    (axis,) = figure.axes
    handles, labels = axis.get_legend_handles_labels()
    assert labels == ["gcnn", "plain"]
    assert list(handles[1].lines[0].get_ydata()) == [0.4, 0.2, 0.1]
    assert axis.get_xscale() == "log"
