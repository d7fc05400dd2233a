"""The JSON of the HTML page: the same cells as the markdown, a panel for every run, nothing that depends on order."""

import json
import random

import numpy as np
import pytest

from bench.leaderboard.board.finders import build_finders
from bench.leaderboard.board.users import build_users
from bench.leaderboard.html.data import page_data
from bench.leaderboard.html.values import cell_data
from bench.leaderboard.tables.cells import TableCell
from bench.leaderboard.tables.front import front_pages
from bench.records.record import ScoreValue, replaced

ROTATION = np.array([[[0.0, -1.0], [1.0, 0.0]]])
FOUND = {
    "symmetry/precision": 0.75, "symmetry/recall": 0.5, "symmetry/cosine": 0.25, "symmetry/mae": 0.125,
    "symmetry/found_turn": 0.96, "test/mse_within": 0.25, "test/mse_beyond": 0.75, "equivariance/e_prime": 0.0625,
}  # fmt: skip


@pytest.fixture
def records(make_record):
    """Two rows with a result, a told one, and one of which a seed failed."""
    found = [
        make_record("semola", search="full", seed=s, mse=(s + 1) / 7, scores=FOUND | {"symmetry/finds": float(s < 4)})
        for s in range(6)
    ]
    told = [make_record("true", knowledge="group", seed=s, mse=(s + 1) / 70) for s in range(6)]
    failed = make_record(seed=6, status="failed", reason="boom <b> | `x`", env={"threads": 2}, params={"lr": 0.5})
    return [*found, *told, *(make_record(seed=s, mse=(s + 3) / 7) for s in range(6)), failed]


def data_of(boards, load=lambda run, names: {}):
    return page_data(boards, front_pages(build_finders(boards), build_users(boards)), load)


def test_every_cell_is_that_of_the_tables(board_of, records, tables_of):
    board = board_of(records)
    (section,) = data_of([board])["tasks"][0]["sections"]
    tables = {}
    for table in section["tables"]:
        names = [
            section["rows"][line["row"]]["label"] if "row" in line else line["reference"] for line in table["rows"]
        ]
        texts = [[cell[0] for cell in line["cells"]] for line in table["rows"]]
        shown = [dict(zip(table["columns"], line, strict=True)) for line in texts]
        tables[table["title"]] = dict(zip(names, shown, strict=True))
    assert tables == tables_of(board)
    assert list(tables) == [
        "Results", "Prediction and equivariance", "Within and beyond the training angles", "Discovery",
        "Which generators were found", "Cost",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "data"),
    [
        (TableCell("failed"), ["failed"]),
        (TableCell("(1.25 ± 0.10)e-5", 1.2512345678e-05), ["(1.25 ± 0.10)e-5", 1.25123e-05]),
        (TableCell("1.00", 1.0, "b"), ["1.00", 1.0, {"class": "best"}]),
        (TableCell("a*b", style="code"), ["a*b"]),
    ],
)
def test_a_cell_is_its_text_its_value_and_whether_it_is_the_best(cell, data):
    assert cell_data(cell) == data


def test_each_seed_has_its_parameters_scores_costs_and_environment(board_of, records):
    data = data_of([board_of(records)])
    (section,) = data["tasks"][0]["sections"]
    row = next(row for row in section["rows"] if row["label"] == "plain")
    assert [run["seed"] for run in row["runs"]] == list(range(7))
    first, failed = row["runs"][0], row["runs"][6]
    values = dict(zip(data["names"][first["names"]], first["values"], strict=True))
    assert values["test/mse"] == 0.42857
    assert values["cost/fit_s"] == 2.0
    assert "cost/peak_device_mb" not in values
    assert data["params"][first["params"]] == {"passes": 300, "lr": 0.002}
    assert data["envs"][first["env"]]["git_sha"] == "e" * 40
    assert (first["status"], first["reason"]) == ("ok", "")
    assert (failed["status"], failed["reason"], failed["values"]) == ("failed", "boom <b> | `x`", [])
    assert data["params"][failed["params"]] == {"lr": 0.5}
    assert data["envs"][failed["env"]]["threads"] == 2
    assert len(data["envs"]) == 2
    assert "--seeds 0-6" in row["command"]


def test_the_front_pages_and_the_ranks_stand_on_the_front_page(board_of, records, toy_task):
    data = data_of([board_of(records)])
    finders, users = data["fronts"]
    assert (finders["title"], users["title"]) == ("Who finds the symmetry", "Who uses it best")
    (semola,) = finders["tables"][0]["rows"]
    assert (semola["label"], semola["tier"], semola["told"]) == ("semola", "none", False)
    assert semola["cells"][finders["tables"][0]["columns"].index("finds")] == ["4/6", 4]
    assert [(row["label"], row["told"]) for row in users["tables"][0]["rows"]] == [("semola", False), ("true", True)]
    assert data["ranks"]["tasks"] == [["toy", "toy"]]
    cells = {row["label"]: row["cells"]["toy"] for row in data["ranks"]["rows"]}
    assert {label: (rank, of, told) for label, (rank, of, _, told) in cells.items()} == {
        "semola [full]": (1, 2, False), "plain": (2, 2, False), "true": (1, 1, True),
    }  # fmt: skip
    assert [cell[0] for cell in data["best"]["rows"][0]["cells"]][2] == "semola [full]"


def test_generators_and_curves_are_drawn_from_the_arrays_of_the_runs_that_need_them(board_of, records):
    curve = np.array([[angle, 0.5, 0.25] for angle in (-np.pi, 0.0, np.pi)])
    arrays = {"generators": -2.0 * ROTATION, "truth": ROTATION, "orientation_curve": curve, "test_score": np.ones(5)}
    asked = {}

    def load(run, names):
        assert (run.key, run.seed) not in asked
        asked[run.key, run.seed] = set(names)
        return {name: array for name, array in arrays.items() if name in names}

    data = data_of([board_of(records, arrays=lambda record: frozenset(arrays))], load)
    (section,) = data["tasks"][0]["sections"]
    semola, _, told = section["rows"]
    assert semola["runs"][0]["generators"] == [[[0, -707], [707, 0]]]  # in the sign of the textbook's
    assert "generators" not in told["runs"][0]  # told the group: those of the textbook
    assert [part["note"] for part in section["heat"]["true"]] == ["textbook"]
    assert section["heat"]["found"][0]["note"] == "mean of 6 seeds"
    assert section["angle"][0]["x"] == [-180.0, 0.0, 180.0]
    assert section["angle"][0]["score"] == {"mean": [0.5] * 3, "low": [0.5] * 3, "high": [0.5] * 3}
    assert asked[semola["key"], 0] == {"generators", "truth", "orientation_curve"}
    assert asked[told["key"], 0] == {"orientation_curve"}


def test_arrays_that_cannot_be_read_cost_a_picture_not_the_page(board_of, records):
    data = data_of([board_of(records, arrays=lambda record: frozenset({"generators", "orientation_curve"}))])
    (section,) = data["tasks"][0]["sections"]
    assert (section["heat"], section["angle"]) == (None, [])


def test_the_same_records_in_any_order_give_the_same_bytes(board_of, records):
    first = json.dumps(data_of([board_of(records)]))
    for shuffle in range(3):
        shuffled = random.Random(shuffle).sample(records, len(records))
        assert json.dumps(data_of([board_of(shuffled)])) == first


def test_a_unit_is_that_of_its_own_task(board_of, make_record, toy_task):
    own = make_record(scores={"equivariance/e": 0.5})
    score = ScoreValue(value=0.5, unit="meV", higher_is_better=None)
    own = replaced(own, {"scores": own.scores | {"equivariance/e": score}})
    other = make_record(task={"id": "other"}, scores={"equivariance/e": 0.5})
    data = data_of([board_of([own]), board_of([other], toy_task(id="other"))])
    units = {task["id"]: task["sections"][0]["units"] for task in data["tasks"]}
    assert units == {"toy": {"equivariance/e": "meV"}, "other": {}}
