import pytest

from bench.leaderboard.board.overall import build_overall
from bench.leaderboard.tables.overall import overall_table


@pytest.fixture
def boards(make_record, board_of, toy_task):
    """Boards of two tasks, each with the records of ``method -> mean``; noise by seed."""

    def make(*tables, **fields):
        made = []
        for place, table in enumerate(tables):
            name = f"toy{place}"
            records = [
                make_record(method, seed=seed, mse=mean + 0.01 * seed, task={"id": name})
                for method, mean in table.items()
                for seed in range(6)
            ]
            made.append(board_of([*records, *fields.get("more", [])], toy_task(id=name, family=name)))
        return made

    return make


def by_label(overall):
    return {row.label: row for row in overall.rows}


def test_who_always_wins_has_probability_one_and_rank_one(boards):
    rows = by_label(build_overall(boards({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 1.0, "b": 3.0, "c": 2.0})))
    assert (rows["a"].win, rows["a"].rank, rows["a"].win_low, rows["a"].rank_high) == (1.0, 1.0, 1.0, 1.0)
    assert rows["b"].rank == rows["c"].rank == 2.5
    assert (rows["b"].rank_low, rows["b"].rank_high) == (2.0, 3.0)
    assert [row.label for row in build_overall(boards({"z": 1.0, "y": 2.0})).rows] == ["z", "y"]


def test_a_method_is_compared_on_its_own_tasks_only(boards):
    rows = by_label(build_overall(boards({"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 3.0, "special": 1.0})))
    assert (rows["special"].tasks, rows["special"].of, rows["special"].win) == (1, 2, 1.0)
    assert rows["a"].win == pytest.approx((1.0 + 0.5) / 2)


def test_failed_seeds_count_as_the_constant_predictor_and_unsupported_ones_not_at_all(make_record, board_of):
    references = {"constant": 9.0}
    records = [
        *(make_record("good", seed=s, mse=8.0, references=references) for s in range(6)),
        *(make_record("frail", seed=s, mse=0.1, references=references) for s in range(3)),
        *(make_record("frail", seed=s, status="timeout", reason="slow", references=references) for s in range(3, 6)),
        *(
            make_record("absent", seed=s, status="unsupported", reason="images only", references=references)
            for s in range(6)
        ),
    ]
    rows = by_label(build_overall([board_of(records)]))
    assert rows["frail"].win == pytest.approx(0.5)
    assert (rows["frail"].imputed, rows["frail"].expected) == (3, 6)
    assert "absent" not in rows


def test_told_the_group_is_a_pool_of_its_own(make_record, board_of):
    records = [
        make_record(name, seed=seed, mse=mse, knowledge=tier)
        for name, mse, tier in [("plain", 3.0, "none"), ("semola", 2.0, "cardinality"), ("g1", 1.0, "group")]
        for seed in range(3)
    ]
    rows = by_label(build_overall([board_of(records)]))
    assert rows["semola"].win == 1.0  # not beaten by g1
    assert "g1" not in rows  # alone in its pool


def test_changed_settings_and_narrow_search_spaces_have_no_place(make_record, board_of):
    records = [
        make_record("semola", search="full", mse=2.0),
        make_record("semola", search="mask2", mse=1.0),
        make_record("plain", mse=3.0),
        make_record("plain", mse=0.5, changed={"lr": 0.1}),
    ]
    rows = by_label(build_overall([board_of(records)]))
    assert rows["semola"].rank == 1.0
    assert len(rows) == 2


def test_there_is_a_table_once_there_is_something_to_compare(boards, make_record, board_of):
    headers, lines = overall_table(build_overall(boards({"a": 1.0, "b": 2.0})).rows)
    assert {len(line) for line in lines} == {len(headers)}
    assert [cell.text for cell in lines[0][:4]] == ["a", "none", "1.00", "1.00 to 1.00"]
    assert build_overall([board_of([make_record()])]).rows == ()
