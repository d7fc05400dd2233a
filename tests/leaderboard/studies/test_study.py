"""Which records belong to a study, and which of them exist for it alone."""

import pytest

from bench.leaderboard.studies.study import Axis, Point, Study, only_studied


@pytest.fixture
def study():
    return Study(
        id="curve",
        title="A curve",
        about="Made up.",
        suite="ablations",
        tasks=("toy",),
        methods=("semola",),
        axis=Axis("copies", "copies K", (1, 2, 4)),
        series=Axis("anchor", "anchor", ("label", "function")),
        fixed={"depth": 3},
        scores=("primary", "symmetry/defect_sup"),
    )


@pytest.fixture
def record_of(make_record):
    def make(method="semola", copies=1, anchor="label", depth=3, **fields):
        """Defaults: 1 copy, the anchor label, depth 3."""
        params = {"copies": copies, "anchor": anchor, "depth": depth, "lr": 0.002}
        defaults = {"copies": 1, "anchor": "label", "depth": 3}
        changed = {name: params[name] for name, value in defaults.items() if params[name] != value}
        content = {"search": "full", "params": params, "changed": changed | fields.pop("more", {})} | fields
        return make_record(method, **content)

    return make


def test_points_are_all_combinations_line_by_line(study):
    assert [(point.series, point.value) for point in study.points] == [
        ("label", 1), ("label", 2), ("label", 4), ("function", 1), ("function", 2), ("function", 4),
    ]  # fmt: skip


def test_scores_name_the_metric_of_the_task(study, toy_task):
    assert study.names(toy_task()) == ("test/mse", "symmetry/defect_sup")


def test_a_record_belongs_by_its_own_parameters(study, record_of, toy_task):
    assert study.point_of(record_of(), toy_task()) == Point("semola", "label", 1)
    assert study.point_of(record_of(copies=2, anchor="function"), toy_task()) == Point("semola", "function", 2)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "liegan"}, {"copies": 3}, {"anchor": "mean"}, {"depth": 1}, {"search": "mask2"}, {"budget": "paper"},
        {"more": {"lr": 0.1}}, {"more": {"train_fraction": 0.5}}, {"task": {"id": "other"}},
    ],
    ids=str,
)  # fmt: skip
def test_any_other_setting_does_not_belong(study, record_of, toy_task, change):
    record = record_of(**({"copies": 2} | change))
    assert study.point_of(record, toy_task()) is None
    assert not only_studied(record, toy_task(), [study], [])


def test_defaults_and_presets_stay_on_the_boards(study, record_of, toy_task, make_preset):
    def alone(record, presets=()):
        return only_studied(record, toy_task(), [study], presets)

    assert alone(record_of(copies=2))
    assert not alone(record_of())
    assert not alone(record_of(copies=2, preset="tuned"))
    tuned = make_preset([(0.5, {"copies": 1}), (0.4, {"copies": 2})], method="semola", search="full")
    assert not alone(record_of(copies=2), [tuned])
    assert alone(record_of(copies=4), [tuned])
    assert alone(record_of(copies=2, task={"version": 2}), [tuned])
