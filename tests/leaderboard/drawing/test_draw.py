import numpy as np
import pytest

from bench.leaderboard.board.model import Run
from bench.leaderboard.drawing.curves import COLOURS
from bench.leaderboard.drawing.draw import draw, to_png
from bench.leaderboard.drawing.generators import COLUMNS
from bench.leaderboard.drawing.plan import MAX_ROWS, FigurePlan, FigureRow
from bench.leaderboard.drawing.primitives import RunArrays
from bench.leaderboard.drawing.samples import draw_samples

ROTATION = np.array([[[0.0, -1.0], [1.0, 0.0]]])
ANGLES = np.linspace(-np.pi, np.pi, 25)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def figure_of(kind, *rows):
    """``rows``: (label, arrays of every seed, told); drawn without a store."""
    stored, planned = {}, []
    for place, (label, seeds, told) in enumerate(rows):
        runs = tuple(Run(f"{place:012x}", seed, "", frozenset()) for seed in range(len(seeds)))
        stored |= dict(zip(runs, seeds, strict=True))
        planned.append(FigureRow(label, told, place, runs))
    plan = FigurePlan(kind, "name.png", "alt", "caption", tuple(planned), "accuracy [%]", "E′")
    return draw(plan, stored.__getitem__)


def panels(figure):
    return [axis for axis in figure.axes if axis.images]


def found(generators, truth=ROTATION):
    return {"generators": generators, "truth": truth}


def curve(level):
    return {"orientation_curve": np.stack([ANGLES, np.full(25, level), np.full(25, level / 100)], 1)}


def test_the_textbook_comes_first_and_every_matrix_has_norm_one_and_its_nearest_sign():
    figure = figure_of("generators", ("semola", [found(-3.0 * ROTATION)], False))
    textbook, learned = panels(figure)[:2]
    np.testing.assert_allclose(learned.images[0].get_array(), textbook.images[0].get_array())
    assert np.linalg.norm(learned.images[0].get_array()) == pytest.approx(1.0)
    assert [axis.get_title() for axis in (textbook, learned)] == ["textbook", "semola\n|cos| 1.00, seed 0"]


def test_the_matrices_of_one_row_stay_in_one_line_of_at_most_six(rng):
    rows = [(f"m{k}", [found(rng.normal(size=(k, 2, 2)))], False) for k in (1, 3, 9, 2)]
    figure = figure_of("generators", *rows)
    rows_of = [axis.get_subplotspec().rowspan.start for axis in panels(figure) if axis.get_subplotspec()]
    assert rows_of[:13] == [0] * 5 + [1] * COLUMNS + [2] * 2
    assert "6 of 9" in {axis.get_title() for axis in panels(figure)}


def test_generators_without_a_textbook_are_drawn_without_a_cosine():
    for generators in (ROTATION, np.zeros((1, 2, 2))):
        (axis,) = panels(figure_of("generators", ("semola", [{"generators": generators}], False)))[:1]
        assert axis.get_title() == "semola\nseed 0"


def test_all_generators_share_one_colour_scale_symmetric_about_zero(rng):
    figure = figure_of("generators", ("semola", [found(rng.normal(size=(3, 2, 2)))], False))
    ((low, high),) = {axis.images[0].get_clim() for axis in panels(figure)}
    assert low == -high < 0


@pytest.mark.parametrize(("kind", "count"), [("generators", 1), ("samples", 1), ("angle", 2), ("trace", 1)])
def test_a_row_whose_arrays_cannot_be_read_is_left_out_and_the_rest_is_drawn(kind, count):
    x = np.random.default_rng(0).random((2, 1, 8))
    good = {
        **found(ROTATION), **curve(90.0), "sample_original": x, "sample_moved": np.stack([x, -x], 1),
        "trace_step": np.array([1, 2]), "trace": np.stack([ROTATION, ROTATION]),
    }  # fmt: skip
    wrong = {name: np.zeros((2, 3, 5)) for name in good}
    assert figure_of(kind, ("gone", [{}], False), ("wrong", [wrong], False)) is None
    figure = figure_of(kind, ("gone", [{}], False), ("good", [good], False), ("wrong", [wrong], False))
    drawn = [axis for axis in figure.axes if axis.lines or axis.collections or "good" in axis.get_title()]
    assert len([axis for axis in drawn if axis.get_label() != "<colorbar>"]) == count


def test_a_spectrum_is_drawn_for_every_seed_with_the_threshold_once():
    shares = np.array([[0, 0.01], [1, 0.5]])
    run = {"history/spectrum/share": shares, "history/spectrum/largest_share": np.array([[0, 0.1]])}
    figure = figure_of("spectrum", ("liegg", [run, run], False), ("wrong", [{"history/spectrum/share": ANGLES}], False))
    (axis,) = [axis for axis in figure.axes if axis.lines]
    lines = [list(line.get_ydata()) for line in axis.lines]
    assert lines == [[0.01, 0.5], [0.01, 0.5], [0.1, 0.1]]
    assert figure_of("spectrum", ("gone", [{}], False)) is None


@pytest.mark.parametrize("shape", [(1, 8), (1, 12, 12), (3, 6, 6), (5, 3), (5, 4), (7,)], ids=str)
def test_augmentations_of_every_kind_of_input_can_be_drawn(shape, tmp_path):
    x = np.random.default_rng(1).random((3, *shape)).astype("float32")
    sample = {"sample_original": x, "sample_moved": np.stack([x, -x], 1)}
    figure = figure_of("samples", *((f"method {i}", [sample], False) for i in range(5)))
    to_png(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_padding_of_a_point_cloud_is_not_drawn():
    x = np.zeros((1, 5, 4))
    x[0, :2] = [[6.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0]]
    figure = figure_of("samples", ("a", [{"sample_original": x, "sample_moved": x[:, None]}], False))
    assert {len(points.get_offsets()) for points in figure.axes[0].collections} == {2}


def test_one_run_may_show_several_of_its_inputs():
    x = np.random.default_rng(3).random((3, 1, 6, 6))
    run = RunArrays("input", 0, {"sample_original": x, "sample_moved": np.stack([1 - x], 1)})
    figure = draw_samples([run], inputs=2)
    shown = [np.asarray(axis.images[0].get_array()) for axis in panels(figure)]
    np.testing.assert_allclose(shown, [x[0, 0], 1 - x[0, 0], x[1, 0], 1 - x[1, 0]])


def test_a_strip_begins_with_the_original():
    x = np.random.default_rng(2).random((3, 1, 6, 6))
    figure = figure_of("samples", ("a", [{"sample_original": x, "sample_moved": np.stack([1 - x, x / 2], 1)}], False))
    shown = [np.asarray(axis.images[0].get_array()) for axis in panels(figure)]
    np.testing.assert_allclose(shown, [x[0, 0], 1 - x[0, 0], x[0, 0] / 2])


def test_a_curve_is_the_mean_over_seeds_in_a_band_from_least_to_most():
    figure = figure_of("angle", ("semola", [curve(90.0), curve(96.0)], False), ("gcnn", [curve(97.0)], True))
    score, error = figure.axes
    semola, gcnn = score.lines
    np.testing.assert_allclose(semola.get_xdata(), np.linspace(-180, 180, 25))
    np.testing.assert_allclose(semola.get_ydata(), 93.0)
    (band,) = score.collections
    assert (band.get_datalim(score.transData).ymin, band.get_datalim(score.transData).ymax) == (90.0, 96.0)
    assert [line.get_linestyle() for line in (semola, gcnn)] == ["-", "--"]
    assert [axis.get_ylabel() for axis in (score, error)] == ["accuracy [%]", "E′"]
    np.testing.assert_allclose(error.lines[1].get_ydata(), 0.97)


def test_errors_that_span_decades_are_drawn_on_a_logarithmic_scale():
    def axes(falls, *levels):
        rows = tuple(FigureRow(f"m{i}", False, i, (Run(f"{i:012x}", 0, "", frozenset()),)) for i in range(len(levels)))
        plan = FigurePlan("angle", "name.png", "alt", "caption", rows, "mse", "E′", falls)
        stored = {row.runs[0]: curve(level) for row, level in zip(rows, levels, strict=True)}
        return [axis.get_yscale() for axis in draw(plan, stored.__getitem__).axes]

    assert axes(True, 1e-6, 1e-5, 1.0) == ["log", "log"]
    assert axes(True, 1.0, 2.0) == ["linear", "linear"]
    assert axes(False, 1e-6, 1e-5, 1.0) == ["linear", "log"]  # an accuracy stays linear


def test_a_small_true_algebra_stands_beside_the_textbook_unless_it_is_the_same():
    scaling = np.array([[[1.0, 0.0], [0.0, 1.0]]])

    def titles(algebra):
        figure = figure_of("generators", ("semola", [found(ROTATION) | {"truth_algebra": algebra}], False))
        return [axis.get_title().splitlines()[0] for axis in panels(figure)]

    assert titles(-2.0 * ROTATION) == ["textbook", "semola"]
    assert titles(scaling) == ["textbook", "true", "semola"]
    assert titles(np.concatenate([scaling, ROTATION])) == ["textbook", "true", "2 of 2", "semola"]


def test_a_trace_is_one_line_per_seed_in_the_colour_of_its_row():
    other = np.array([[[1.0, 0.0], [0.0, 1.0]]])  # orthogonal to the rotation
    trace = {"trace_step": np.array([1, 2]), "trace": np.stack([other, -2.0 * ROTATION]), "truth": ROTATION}
    figure = figure_of("trace", ("semola", [trace, trace], False), ("liegan", [trace], False))
    lines = figure.axes[0].lines
    assert [line.get_color() for line in lines] == [COLOURS[0], COLOURS[0], COLOURS[1]]
    for line in lines:
        np.testing.assert_allclose(line.get_xdata(), [1, 2])
        np.testing.assert_allclose(line.get_ydata(), [0.0, 1.0], atol=1e-12)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["semola", "liegan"]


def test_a_full_figure_stays_small_enough_to_commit(tmp_path):
    rows = [(f"a method with a long name {i}", [curve(90.0 + i), curve(80.0 + i)], False) for i in range(MAX_ROWS)]
    to_png(figure_of("angle", *rows), tmp_path / "angle.png")
    assert (tmp_path / "angle.png").stat().st_size < 120_000
