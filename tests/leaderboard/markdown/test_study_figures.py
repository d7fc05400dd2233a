"""The plans of a study's figures, from its records to the numbers that are drawn."""

from dataclasses import replace

import pytest

from bench.leaderboard.drawing.plan import NAME
from bench.leaderboard.markdown.study_figures import line_label, plan_study
from bench.leaderboard.studies.build import build_studies
from bench.leaderboard.studies.study import Axis, Study

OVER = Study(
    id="curve",
    title="A curve",
    about="Made up.",
    suite="remul",
    tasks=("toy",),
    methods=("true+remul",),
    axis=Axis("beta", "beta", (0.0, 0.1, 10.0)),
    series=Axis("anchor", "anchor", ("label", "function")),
    scores=("primary", "equivariance/e_prime", "symmetry/recall", "symmetry/defect_sup"),
)
AGAINST = replace(OVER, against=("primary", "equivariance/e_prime"))


@pytest.fixture
def plan_of(make_record, toy_task):
    """``plan_of(study, {(anchor, beta): [mse, ...]}, ...)``; E′ is ten times the mse, recall is 0.5."""

    def make(study, values, higher_is_better=False, **fields):
        records = [
            make_record(
                "true+remul", seed=seed, mse=mse, params={"beta": beta, "anchor": anchor}, changed={"beta": beta},
                key=f"{list(values).index((anchor, beta)):012x}",
                scores={"equivariance/e_prime": 10 * mse, "symmetry/recall": 0.5}, **fields,
            )
            for (anchor, beta), of in values.items() for seed, mse in enumerate(of)
        ]  # fmt: skip
        cards = {"toy": toy_task(higher_is_better=higher_is_better)}
        (result,) = build_studies([study], records, cards, lambda name: None)
        return plan_study(study, result.parts[0])

    return make


VALUES = {("label", 0.0): [1.0, 3.0], ("label", 10.0): [4.0], ("function", 0.1): [2.0]}


def test_a_panel_for_each_score_that_some_setting_has(plan_of):
    plan = plan_of(OVER, VALUES)
    assert [panel.y for panel in plan.panels] == ["mse", "E′", "recall"]
    assert {panel.x for panel in plan.panels} == {"beta"}
    assert {panel.ticks for panel in plan.panels} == {("0", "0.1", "10")}
    assert [panel.falls[1] for panel in plan.panels] == [True, True, False]
    assert [panel.share for panel in plan.panels] == [False, False, True]


def test_spots_are_means_of_seeds_at_the_places_of_their_values(plan_of):
    label, function = plan_of(OVER, VALUES).panels[0].curves
    assert (label.label, function.label) == ("anchor label", "anchor function")
    assert [(spot.place, spot.y, spot.seeds) for spot in label.spots] == [
        (0, 2.0, ((0.0, 1.0), (0.0, 3.0))), (2, 4.0, ((2.0, 4.0),)),
    ]  # fmt: skip
    assert [spot.place for spot in function.spots] == [1]


def test_one_score_against_the_other_names_each_value(plan_of):
    plan = plan_of(AGAINST, VALUES)
    (panel,) = plan.panels
    assert (plan.kind, panel.x, panel.y, panel.ticks) == ("against", "mse", "E′", ())
    assert [(spot.name, spot.x, spot.y) for spot in panel.curves[0].spots] == [("0", 2.0, 20.0), ("10", 4.0, 40.0)]
    assert panel.falls == (True, True)


def test_a_score_that_should_rise_is_never_on_a_logarithmic_scale(plan_of):
    assert plan_of(OVER, VALUES, higher_is_better=True).panels[0].falls == (False, False)


def test_names_change_with_the_numbers_alone(plan_of):
    plan = plan_of(OVER, VALUES)
    assert NAME.fullmatch(plan.name)
    assert plan.name.startswith("curve-toy-parameter-")
    assert plan_of(OVER, VALUES, started="2030-01-01T00:00:00Z").name == plan.name
    assert plan_of(OVER, VALUES | {("function", 0.1): [2.5]}).name != plan.name
    assert plan_of(AGAINST, VALUES).name != plan.name


def test_a_line_is_named_by_what_distinguishes_it():
    point = OVER.points[0]
    assert line_label(OVER, point) == "anchor label"
    assert line_label(replace(OVER, methods=("true+remul", "semola+remul")), point) == "true+remul anchor label"
    plain = replace(OVER, series=None)
    assert line_label(plain, plain.points[0]) == "true+remul"
