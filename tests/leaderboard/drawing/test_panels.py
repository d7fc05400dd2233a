"""Curves of a study: lines through means with gaps, dots for seeds, and scales that fit the scores."""

import numpy as np
import pytest

from bench.leaderboard.drawing.draw import draw
from bench.leaderboard.drawing.panel import Curve, Panel, Spot
from bench.leaderboard.drawing.plan import FigurePlan


def curve(label, values, style=0):
    """``values``: place on the x axis -> value of each seed."""
    spots = [
        Spot(place, str(place), float(place), float(np.mean(of)), tuple((float(place), value) for value in of))
        for place, of in values.items()
    ]
    return Curve(label, style, tuple(spots))


def figure_of(*panels):
    plan = FigurePlan("parameter", "name.png", "alt", "caption", (), "", "", panels=panels)
    return draw(plan, lambda run: {})


def panel(*curves, **fields):
    return Panel("copies K", "mse", curves, ("1", "2", "4"), **fields)


def test_a_line_runs_through_the_means_and_dots_are_seeds():
    (axis,) = figure_of(panel(curve("semola", {0: [0.1, 0.3], 1: [0.4]}))).axes
    means, seeds = axis.lines
    assert list(means.get_ydata()) == [pytest.approx(0.2), 0.4]
    assert sorted(seeds.get_ydata()) == [0.1, 0.3, 0.4]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["1", "2", "4"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("copies K", "mse")


def test_a_setting_without_a_result_is_a_gap():
    (axis,) = figure_of(panel(curve("semola", {0: [0.1], 2: [0.4]}))).axes
    np.testing.assert_array_equal(axis.lines[0].get_ydata(), [0.1, np.nan, 0.4])


@pytest.mark.parametrize(
    ("values", "falls", "scale"),
    [
        ([1e-4, 0.1], True, "log"),
        ([1e-4, 0.1], False, "linear"),
        ([0.05, 0.1], True, "linear"),
        ([0.0, 0.1], True, "linear"),
    ],
)
def test_errors_that_span_a_decade_are_on_a_logarithmic_scale(values, falls, scale):
    (axis,) = figure_of(
        panel(curve("semola", {place: [value] for place, value in enumerate(values)}), falls=(False, falls))
    ).axes
    assert axis.get_yscale() == scale


def test_shares_have_the_whole_range():
    (axis,) = figure_of(panel(curve("semola", {0: [1.0], 1: [1.0]}), share=True)).axes
    assert axis.get_ylim() == (-0.05, 1.05)


def test_one_legend_names_the_lines_of_the_fullest_panel():
    alone = panel(curve("semola", {0: [0.1]}))
    both = panel(curve("semola", {0: [0.1]}), curve("liegan", {0: [0.2]}, 1))
    (legend,) = figure_of(alone, both).legends
    assert [text.get_text() for text in legend.get_texts()] == ["semola", "liegan"]
    assert figure_of(alone).legends == []


def test_where_x_is_a_score_each_mean_is_named():
    spots = (Spot(0, "0", 1e-5, 0.1, ((1e-5, 0.1),)), Spot(1, "0.1", 1e-3, 0.2, ((1e-3, 0.2),)))
    shown = Panel("mse", "E′", (Curve("label", 0, spots),), falls=(True, True))
    (axis,) = figure_of(shown).axes
    assert [text.get_text() for text in axis.texts] == ["0", "0.1"]
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "linear")


@pytest.mark.parametrize(("panels", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3))])
def test_panels_stand_in_lines_of_at_most_three(panels, shape):
    figure = figure_of(*[panel(curve("semola", {0: [0.1]}))] * panels)
    grid = figure.axes[0].get_gridspec()
    assert (grid.nrows, grid.ncols) == shape
