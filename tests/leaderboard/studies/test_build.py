"""The results of a study: a row for each setting that was run, on the seeds of the study."""

import random
from statistics import fmean

import pytest

from bench.leaderboard.studies.build import build_studies
from bench.leaderboard.studies.study import Axis, Point, Study

STUDY = Study(
    id="copies",
    title="Copies",
    about="Made up.",
    suite="ablations",
    tasks=("toy", "later"),
    methods=("semola",),
    axis=Axis("copies", "copies K", (1, 2, 4)),
    scores=("primary",),
)


@pytest.fixture
def record_of(make_record):
    def make(copies=1, seed=0, **fields):
        changed = {"copies": copies} if copies != 1 else {}
        return make_record("semola", search="full", seed=seed, params={"copies": copies}, changed=changed, **fields)

    return make


@pytest.fixture
def results_of(toy_task):
    cards = {name: toy_task(id=name) for name in ("toy", "later")}
    return lambda records: build_studies([STUDY], records, cards, lambda name: None)


def test_defaults_alone_make_no_study(record_of, results_of):
    assert results_of([]) == []
    assert results_of([record_of(seed=seed) for seed in range(3)]) == []


def test_a_row_for_each_setting_that_was_run_on_the_seeds_of_the_study(record_of, results_of):
    scores = {1: (0.5, 0.7, 0.6, 9.0), 2: (0.1, 0.2)}  # the fourth seed does not belong to the study
    records = [record_of(copies, seed, mse=mse) for copies, of in scores.items() for seed, mse in enumerate(of)]
    (result,) = results_of(records)
    (part,) = result.parts
    assert (part.task.id, result.waiting) == ("toy", ("later",))
    assert part.rows.keys() == {Point("semola", None, 1), Point("semola", None, 2)}
    (first, second) = (part.rows[Point("semola", None, copies)] for copies in (1, 2))
    assert first.entries["test/mse"].mean == pytest.approx(fmean([0.5, 0.7, 0.6]))
    assert first.entries["test/mse"].half_width > 0
    assert (second.entries["test/mse"].n, second.entries["test/mse"].half_width) == (2, None)


def test_failed_seeds_are_kept_with_their_reasons(record_of, results_of):
    records = [record_of(2, 0), record_of(2, 1, status="diverged", reason="loss is not finite")]
    (row,) = results_of(records)[0].parts[0].rows.values()
    assert row.ok == 1
    assert [(failure.seed, failure.status) for failure in row.failures] == [(1, "diverged")]


def test_of_two_rows_of_one_setting_the_one_with_more_results_stands(record_of, results_of):
    records = [record_of(2, 0, mse=0.1), *(record_of(2, seed, mse=0.3, key="b" * 12) for seed in range(2))]
    (row,) = results_of(records)[0].parts[0].rows.values()
    assert (row.key, row.ok) == ("b" * 12, 2)


def test_the_order_of_the_records_does_not_matter(record_of, results_of):
    records = [record_of(copies, seed, mse=0.1 * (copies + seed)) for copies in (1, 2, 4) for seed in range(3)]
    assert results_of(random.Random(0).sample(records, len(records))) == results_of(records)
