import random
from statistics import stdev

import pytest

from bench.leaderboard.board.build import disagreements, discoverers
from bench.metrics.statistics import minimum_detectable


def labels(section):
    return [row.label for row in section.rows]


def test_the_board_does_not_depend_on_the_order_of_the_records(make_record, board_of):
    records = [
        make_record(method, seed=seed, mse=0.1 * seed + len(method), changed=changed)
        for method in ("plain", "semola", "gcnn")
        for seed in range(4)
        for changed in ({}, {"lr": 0.1})
    ]
    expected = board_of(records)
    for shuffle in range(5):
        assert board_of(random.Random(shuffle).sample(records, len(records))) == expected


@pytest.mark.parametrize(("higher", "first"), [(False, "low"), (True, "high")])
def test_ranking_respects_the_direction_of_the_metric(make_record, board_of, toy_task, higher, first):
    records = [make_record("low", mse=0.1), make_record("high", mse=0.9)]
    (section,) = board_of(records, toy_task(higher_is_better=higher)).sections
    assert section.rows[0].label == first
    assert [row.rank for row in section.rows] == [1, 2]


def test_equal_means_share_a_rank(make_record, board_of):
    (section,) = board_of([make_record("a"), make_record("b"), make_record("c", mse=0.9)]).sections
    assert [row.rank for row in section.rows] == [1, 1, 3]


def test_methods_told_the_group_are_ranked_in_a_pool_of_their_own(make_record, board_of):
    records = [
        make_record("true", knowledge="group", mse=0.1),
        make_record("gcnn", knowledge="group", mse=0.2),
        make_record("semola", search="mask2", knowledge="mask", mse=0.3),
        make_record("plain", mse=0.4),
    ]
    (section,) = board_of(records).sections
    assert [(row.label, row.told_group, row.rank) for row in section.rows] == [
        ("semola [mask2]", False, 1),
        ("plain", False, 2),
        ("true", True, 1),
        ("gcnn", True, 2),
    ]


def test_an_entry_is_mean_and_sample_deviation_over_the_ok_seeds(make_record, board_of):
    values = (0.1, 0.2, 0.6)
    (section,) = board_of([make_record(seed=i, mse=v) for i, v in enumerate(values)]).sections
    entry = section.rows[0].entries["test/mse"]
    assert (entry.mean, entry.std, entry.n) == (pytest.approx(0.3), pytest.approx(stdev(values)), 3)


def test_one_seed_has_no_deviation(make_record, board_of):
    assert board_of([make_record()]).sections[0].rows[0].entries["test/mse"].std is None


def test_a_failed_seed_is_a_status_and_counts_as_expected(make_record, board_of):
    records = [make_record(seed=0), make_record(seed=1, status="timeout", reason="over 900 s")]
    (row,) = board_of(records).sections[0].rows
    assert (row.ok, row.expected, row.seeds) == (1, 2, (0, 1))
    (failure,) = row.failures
    assert (failure.seed, failure.status, failure.reason) == (1, "timeout", "over 900 s")


def test_a_row_without_any_result_stays_on_the_board_unranked_and_last(make_record, board_of):
    records = [make_record("gcnn", status="unsupported", reason="needs images"), make_record("plain", mse=9.0)]
    (section,) = board_of(records).sections
    assert [(row.label, row.rank) for row in section.rows] == [("plain", 1), ("gcnn", None)]


def test_changed_parameters_make_a_row_of_their_own(make_record, board_of):
    records = [make_record(mse=0.1), make_record(mse=0.2, changed={"lr": 0.1, "average": True, "cut": None})]
    assert labels(board_of(records).sections[0]) == ["plain", "plain average=true cut=none lr=0.1"]


def test_rows_of_equal_name_are_told_apart_by_their_key(make_record, board_of):
    (section,) = board_of([make_record(key="a" * 12, mse=0.1), make_record(key="b" * 12, mse=0.2)]).sections
    assert labels(section) == ["plain (aaaaaa)", "plain (bbbbbb)"]


def test_different_recipes_of_data_are_never_in_one_table(make_record, board_of):
    records = [make_record(seed=seed, task={"data": d}) for seed in (0, 1) for d in "ab"]
    sections = board_of(records).sections
    assert [section.data for section in sections] == ["a", "b"]
    assert all(row.expected == 2 for section in sections for row in section.rows)


def test_the_same_cell_of_another_machine_lands_in_the_same_row(make_record, board_of):
    own = [make_record(seed=seed, mse=0.1) for seed in range(2)]
    bytes_there = {"data_sha256": "f" * 64}  # another libm gives other bytes from the same recipe
    there = make_record(seed=2, mse=0.1, task=bytes_there, env={"cpu": "ForgedVendor family 1 model 2 stepping 3"})
    (section,) = board_of([*own, there]).sections
    (row,) = section.rows
    assert (row.ok, row.expected) == (3, 3)
    assert len(row.hardware) == 2


def test_a_cell_killed_before_it_loaded_its_data_is_counted_in_the_row_of_its_key(make_record, board_of):
    records = [
        make_record(seed=0),
        make_record(seed=1, status="out_of_memory", task={"data_sha256": None, "sizes": None}),
    ]
    (section,) = board_of(records).sections
    assert (section.rows[0].ok, section.rows[0].expected) == (1, 2)
    assert section.sizes == ((100, 10, 50),)


def test_budgets_have_sections_of_their_own_and_smoke_has_none(make_record, board_of):
    records = [make_record(budget=budget) for budget in ("paper", "smoke", "small")]
    assert [section.budget for section in board_of(records).sections] == ["small", "paper"]


def test_versions_of_a_task_are_not_mixed_and_the_current_comes_first(make_record, board_of, toy_task):
    records = [make_record(task={"version": version}) for version in (1, 2)]
    assert [section.version for section in board_of(records, toy_task(version=2)).sections] == [2, 1]


def test_records_of_other_tasks_are_ignored(make_record, board_of):
    assert board_of([make_record(task={"id": "other"})]).sections == ()


def test_records_of_earlier_code_are_counted(make_record, board_of):
    stale = [False, True, False, True]
    records = [make_record(seed=seed) for seed in range(4)]
    (row,) = board_of(records, is_stale=lambda record: stale[record.seed]).sections[0].rows
    assert (row.stale, row.expected) == (2, 4)


def test_a_row_lists_every_hardware_its_seeds_ran_on(make_record, board_of):
    records = [make_record(seed=s, env={"threads": s + 1}) for s in range(2)]
    assert board_of(records).sections[0].rows[0].hardware == ("Toy CPU, no GPU, 1 thread", "Toy CPU, no GPU, 2 threads")


def test_references_are_means_over_seeds_and_disagreement_within_a_seed_is_reported(make_record, board_of):
    drawn = [make_record(seed=s, references={"constant": 1.5 + s}) for s in range(2)]
    assert board_of(drawn).sections[0].references == {"constant": 2.0}
    assert board_of(drawn).sections[0].disagreeing == ()
    other = [*drawn, make_record("semola", seed=1, references={"constant": 3.5})]
    assert board_of(other).sections[0].disagreeing == ("constant",)


def test_a_failed_seed_has_the_constant_predictor_of_its_own_data(make_record, board_of):
    records = [make_record("steady", seed=s, references={"constant": 1.0 + s}) for s in range(2)]
    records += [make_record("frail", seed=0), make_record("frail", seed=1, status="failed", reason="", references={})]
    (row,) = [row for row in board_of(records).sections[0].rows if row.label == "frail"]
    assert row.ranked == {0: 0.5, 1: 2.0}


def test_the_published_number_stands_only_beside_unchanged_settings(make_record, board_of, toy_task):
    records = [make_record("semola", mse=0.1), make_record("semola", mse=0.2, changed={"lr": 1.0})]
    (section,) = board_of(records, toy_task(published={"semola": 0.05})).sections
    assert [row.published for row in section.rows] == [0.05, None]


def test_reasons_name_no_folder_of_the_machine(make_record, board_of):
    reason = "OSError: /home/someone/data/x.npz: not found (1/2 read, see https://example.org/a/b)\nTraceback"
    (row,) = board_of([make_record(status="failed", reason=reason)]).sections[0].rows
    assert row.failures[0].reason == "OSError: x.npz: not found (1/2 read, see https://example.org/a/b)"


def scores(cosine, precision, **more):
    values = {"cosine": cosine, "mae": 0.3, "precision": precision} | more
    return {f"symmetry/{name}": value for name, value in values.items()}


def test_cosine_and_precision_that_tell_different_stories_are_found_largest_first(make_record, board_of):
    records = [
        make_record("a", scores=scores(0.7, 1.0)),
        make_record("b", scores=scores(0.95, 1.0)),
        make_record("c", scores=scores(1.0, 0.2)),
        make_record("d", scores=scores(0.1, 0.1, precision_on_data=0.9)),
    ]
    (section,) = board_of(records).sections
    found = [(item.row.label, item.cosine, item.precision, item.on_data) for item in disagreements(section)]
    assert found == [("c", 1.0, 0.2, 0.2), ("d", 0.1, 0.1, 0.9), ("a", 0.7, 1.0, 1.0)]


def test_a_consumer_does_not_repeat_its_discoverers_generators(make_record, board_of):
    names = ("liegan", "liegan+emlp", "true+emlp")
    (section,) = board_of([make_record(name, scores=scores(0.5, 1.0)) for name in names]).sections
    assert [row.label for row in discoverers(section)] == ["liegan"]
    (section,) = board_of([make_record(name, scores=scores(0.5, 1.0)) for name in names[1:]]).sections
    assert len(discoverers(section)) == 2  # no discoverer of their own on this board


def test_a_failed_seed_counts_as_the_constant_predictor_in_ranks_but_not_in_the_mean(make_record, board_of):
    references = {"constant": 9.0}
    records = [
        *(make_record("frail", seed=s, mse=0.1, references=references) for s in range(3)),
        *(make_record("frail", seed=s, status="failed", reason="no", references=references) for s in range(3, 6)),
        *(make_record("steady", seed=s, mse=0.2 + 0.01 * s, references=references) for s in range(6)),
    ]
    (section,) = board_of(records).sections
    assert labels(section) == ["steady", "frail"]
    assert section.rows[1].entries["test/mse"].mean == pytest.approx(0.1)
    assert section.rows[1].ranked == {0: 0.1, 1: 0.1, 2: 0.1, 3: 9.0, 4: 9.0, 5: 9.0}


@pytest.mark.parametrize("status", ["unsupported", "interrupted"])
def test_a_seed_that_had_no_chance_is_not_counted(make_record, board_of, status):
    records = [
        make_record(seed=0, mse=0.1, references={"constant": 9.0}),
        make_record(seed=1, status=status, reason="no"),
    ]
    assert board_of(records).sections[0].rows[0].ranked == {0: 0.1}


def test_six_steady_differences_have_letters_of_their_own_and_five_seeds_none(make_record, board_of):
    def board(seeds):
        return board_of(
            [make_record(name, seed=s, mse=mse + 0.001 * s) for name, mse in (("a", 1.0), ("b", 2.0)) for s in seeds]
        )

    assert [row.letters for row in board(range(6)).sections[0].rows] == ["a", "b"]
    assert [row.letters for row in board(range(5)).sections[0].rows] == ["", ""]


def test_the_smallest_detectable_difference_comes_from_the_paired_spread_of_whole_rows(make_record, board_of):
    noise = {"a": (0.0, 0.1, 0.2, 0.0, 0.1, 0.2), "b": (0.3, 0.0, 0.1, 0.2, 0.0, 0.1)}
    records = [make_record(name, seed=s, mse=v) for name, values in noise.items() for s, v in enumerate(values)]
    (section,) = board_of([*records, make_record("short", seed=0)]).sections
    pairs = [a - b for a, b in zip(*noise.values(), strict=True)]
    assert section.detectable == pytest.approx(minimum_detectable(stdev(pairs), 6))
    assert board_of(records[:11]).sections[0].detectable is None


def bold(section):
    return [row.label for row in section.rows if row.tied]


def rows_of_seeds(make_record, table, noise):
    """Records of ``label -> (mean, number of seeds)``; every label has noise of its own."""
    rng = random.Random(noise)
    return [
        make_record(name, seed=s, mse=mean + rng.uniform(-0.05, 0.05))
        for name, (mean, seeds) in table.items()
        for s in range(seeds)
    ]


def test_no_row_is_bold_where_the_best_has_too_few_seeds_for_a_test(make_record, board_of):
    table = {"one": (0.7, 3), "two": (0.9, 3), "three": (1.2, 6), "four": (1.21, 6)}
    (section,) = board_of(rows_of_seeds(make_record, table, 0)).sections
    assert labels(section)[:2] == ["one", "two"]
    assert bold(section) == []


@pytest.mark.parametrize("noise", range(8))
def test_bold_never_skips_a_better_rank(make_record, board_of, noise):
    table = {"a": (1.0, 6), "b": (1.01, 3), "c": (1.01, 6), "d": (1.02, 6), "e": (2.0, 6)}
    (section,) = board_of(rows_of_seeds(make_record, table, noise)).sections
    assert [row.tied for row in section.rows] == sorted((row.tied for row in section.rows), reverse=True)
    whole = {name: pair for name, pair in table.items() if name != "b"}
    (section,) = board_of(rows_of_seeds(make_record, whole, noise)).sections
    assert section.rows[0].label in bold(section)
    assert "e" not in bold(section)
