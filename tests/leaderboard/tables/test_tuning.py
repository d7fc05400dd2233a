"""Default and tuned rows stand side by side, and the page says what the sweep behind them was."""

import re

import pytest

from bench.leaderboard.drawing.draw import draw, to_png
from bench.leaderboard.drawing.learning import figures_of
from bench.leaderboard.drawing.plan import NAME
from bench.leaderboard.markdown.pages import render_task
from bench.leaderboard.tables.tuning import tunings
from bench.records.record import replaced


def rows(board):
    return {row.label: row for row in board.sections[0].rows}


@pytest.fixture
def default_and_tuned(make_record):
    def make(**tuned):
        before = [make_record(seed=seed, mse=1.0 + 0.1 * seed) for seed in range(3)]
        after = [
            make_record(seed=seed, mse=0.5 + 0.1 * seed, **({"changed": {"lr": 0.01}, "preset": "tuned"} | tuned))
            for seed in range(3)
        ]
        return [*before, *after]

    return make


def test_the_tuned_row_is_named_so_and_compared_with_the_default_by_seed(
    board_of, default_and_tuned, make_preset, tables_of
):
    preset = make_preset([(2.0, {"lr": 0.002}), (1.0, {"lr": 0.01}), (None, {"lr": 0.1})])
    board = board_of(default_and_tuned(), presets=[preset])
    assert list(rows(board)) == ["plain tuned", "plain"]
    (tuning,) = tunings(board, board.sections[0])
    assert (tuning.default.label, tuning.tuned.label) == ("plain", "plain tuned")
    assert tuning.difference == pytest.approx(-0.5)
    assert tuning.half_width == pytest.approx(0.0, abs=1e-9)
    line = tables_of(board)["Default and tuned"]["plain"]
    assert (line["told"], line["default mse"].split()[0], line["tuned mse"].split()[0]) == ("none", "1.100", "0.6000")
    assert line["difference"].startswith("-0.500 ±")
    assert (line["trials"], line["hours"], line["chosen"]) == ("3 (1 pruned)", "0.25", "lr=0.01")


def test_a_row_with_the_changes_of_a_preset_is_its_row_whichever_way_they_were_asked_for(
    board_of, default_and_tuned, make_preset
):
    preset = make_preset([(2.0, {"lr": 0.002}), (1.0, {"lr": 0.01})])
    by_hand = [replaced(record, {"preset": None}) for record in default_and_tuned()]
    assert list(rows(board_of(by_hand, presets=[preset]))) == ["plain tuned", "plain"]
    assert list(rows(board_of(by_hand))) == ["plain lr=0.01", "plain"]


def test_what_a_row_changes_beside_its_preset_is_in_its_name(board_of, default_and_tuned, make_preset):
    preset = make_preset([(2.0, {"lr": 0.002}), (1.0, {"lr": 0.01})])
    more = default_and_tuned(changed={"lr": 0.01, "passes": 900})
    board = board_of(more, presets=[preset])
    assert list(rows(board)) == ["plain tuned passes=900", "plain"]
    assert tunings(board, board.sections[0])[0].tuned is None
    # An earlier sweep's choice: its row stays, and says what differs from the present one.
    board = board_of(default_and_tuned(changed={"lr": 0.02}), presets=[preset])
    assert list(rows(board)) == ["plain tuned lr=0.02", "plain"]
    assert tunings(board, board.sections[0])[0].tuned is None


def test_a_sweep_that_keeps_the_default_says_so(board_of, make_record, make_preset, tables_of):
    preset = make_preset([(1.0, {"lr": 0.002}), (2.0, {"lr": 0.01})])
    line = tables_of(board_of([make_record()], presets=[preset]))["Default and tuned"]["plain"]
    assert line["tuned mse"] == line["chosen"] == "the default"


def test_a_board_without_sweeps_has_no_such_table(board_of, make_record, make_preset, tables_of):
    other = [make_preset([(1.0, {"lr": 0.1})], **f) for f in ({"task": "x"}, {"version": 2}, {"budget": "paper"})]
    board = board_of([make_record()], presets=other)
    assert "Default and tuned" not in tables_of(board)
    assert render_task(board) == render_task(board_of([make_record()]))


def test_the_trials_of_all_sweeps_are_a_figure_below_the_table(board_of, default_and_tuned, make_preset, tmp_path):
    trials = [(2.0, {"lr": 0.002}), (None, {"lr": 0.1}), (0.1, {"lr": 0.01})]
    presets = [make_preset(trials, trials[:2]), make_preset(trials, method="semola", search="mask2")]
    board = board_of(default_and_tuned(), presets=presets)
    (plan,) = [plan for plan in figures_of(board)[0] if plan.kind == "sweep"]
    assert NAME.fullmatch(plan.name)
    page = render_task(board)
    assert page.index("### Default and tuned") < page.index(plan.name) < page.index("### Cost")
    assert page.count(plan.name) == 1
    figure = draw(plan, lambda run: {})
    panels = [axis for axis in figure.axes if axis.lines]
    assert [axis.get_title() for axis in panels] == ["plain", "semola [mask2]"]
    assert [axis.get_yscale() for axis in panels] == ["log", "log"]
    dots = panels[0].lines[0]
    assert list(zip(dots.get_xdata(), dots.get_ydata(), strict=True)) == [(0, 2.0), (2, 0.1)]
    assert any(list(line.get_xdata()) == [1] and line.get_marker() == "x" for line in panels[0].lines)
    assert any(line.get_linestyle() == "--" and line.get_ydata()[0] == 2.0 for line in panels[0].lines)
    to_png(figure, tmp_path / plan.name)
    longer = board_of(default_and_tuned(), presets=[make_preset([*trials, (3.0, {"lr": 0.1})])])
    assert re.sub(r"-[0-9a-f]{8}\.png", "", plan.name) == "toy-small-sweep"
    assert plan.name not in {plan.name for plan in figures_of(longer)[0]}
