"""Which true generators each method found, by name."""

import pytest

from bench.leaderboard.tables.named_generators import NamedGenerators, generators_by_row

SHARES = {"rotation_xy": 0.99, "rotation_xz": 0.96, "shift_x": 0.7, "shift_y": 0.1}
TABLE = "Which generators were found"


def scores(shares):
    return {f"symmetry/found_{name}": share for name, share in shares.items()}


@pytest.mark.parametrize(
    ("shares", "found", "partly", "missed"),
    [
        (SHARES, ("rotation xy", "rotation xz"), ("shift x",), ("shift y",)),
        (dict.fromkeys(SHARES, 1.0), ("rotation xy", "rotation xz", "shift x", "shift y"), (), ()),
        (dict.fromkeys(SHARES, 0.0), (), (), ("rotation xy", "rotation xz", "shift x", "shift y")),
    ],
)
def test_generators_are_sorted_by_their_share(board_of, make_record, shares, found, partly, missed):
    (section,) = board_of([make_record("semola", scores=scores(shares)), make_record("plain")]).sections
    assert generators_by_row(section.rows) == [NamedGenerators("semola", found, partly, missed)]


def test_means_over_seeds_decide(board_of, make_record):
    records = [make_record("semola", seed=s, scores=scores({"shift_x": v})) for s, v in enumerate((0.0, 1.0))]
    (section,) = board_of(records).sections
    assert generators_by_row(section.rows)[0].partly == ("shift x",)


def test_the_shares_are_a_table_where_the_task_names_its_generators(board_of, make_record, tables_of):
    named, unnamed = make_record("semola", scores=scores(SHARES)), make_record("semola", mse=0.1)
    assert tables_of(board_of([named]))[TABLE] == {
        "semola": {"rotation xy": "0.990", "rotation xz": "0.960", "shift x": "0.700", "shift y": "0.100"}
    }
    assert TABLE not in tables_of(board_of([unnamed]))
