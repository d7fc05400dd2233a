"""The shipped studies and the suites that run them name the same cells."""

from pathlib import Path

import pytest

from bench.leaderboard.studies.study import PRIMARY
from bench.leaderboard.studies.table import STUDIES
from bench.metrics.scores import SCORES
from bench.records.provenance import blank_record
from bench.running.registry import load_registry
from bench.running.suite import BUILT_IN, expand, read_suite


@pytest.fixture(scope="module")
def registry():
    return load_registry()


@pytest.fixture(scope="module")
def planned(registry):
    """The blank records of every cell of a suite."""

    def read(suite):
        jobs = expand(read_suite(BUILT_IN[suite]), registry, Path("results"))
        cells = [job.cell for job in jobs]
        return [blank_record(cell, registry.task(cell.task), registry.method(cell.method), "cpu") for cell in cells]

    return read


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.id)
def test_its_suite_runs_every_setting_of_it_on_every_task_and_seed(registry, planned, study):
    points = set()
    for record in planned(study.suite):
        point = study.point_of(record, registry.task(record.task.id).card)
        if point is not None:
            points.add((record.task.id, record.seed, point))
    assert points == {(task, seed, point) for task in study.tasks for seed in study.seeds for point in study.points}


@pytest.mark.parametrize("suite", sorted({study.suite for study in STUDIES}))
def test_a_suite_of_studies_runs_nothing_else(registry, planned, suite):
    studies = [study for study in STUDIES if study.suite == suite]
    for record in planned(suite):
        card = registry.task(record.task.id).card
        assert any(study.point_of(record, card) for study in studies), record.changed


def test_a_wrong_number_of_generators_is_the_true_one_and_1_2_and_4_more(registry):
    (study,) = (study for study in STUDIES if study.id == "number_of_generators")
    for task in study.tasks:
        true = registry.task(task).card.cardinality
        assert study.axis.values == tuple(true + more for more in (0, 1, 2, 4))


def test_weights_are_none_a_tenth_of_the_default_the_default_and_ten_times_it(registry):
    defaults = registry.method("semola").Params()
    studies = [study for study in STUDIES if study.axis.parameter.startswith("weight_")]
    assert len(studies) == 3
    for study in studies:
        default = getattr(defaults, study.axis.parameter)
        assert study.axis.values == pytest.approx((0.0, default / 10, default, 10 * default))


def test_every_score_is_in_the_table_of_scores():
    names = {name for study in STUDIES for name in (*study.scores, *(study.against or ())) if name != PRIMARY}
    assert all(SCORES.find(name) for name in names)


def test_ids_are_names_of_files_and_tell_the_studies_apart():
    ids = [study.id for study in STUDIES]
    assert len(set(ids)) == len(ids)
    assert all(name.replace("_", "").isalnum() for name in ids)
