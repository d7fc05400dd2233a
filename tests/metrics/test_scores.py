"""The table of scores: what stands in it is on the boards, in the guide, in the docs and in the checks of records."""

import math
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.leaderboard.board.build import build_board
from bench.leaderboard.tables.tables import score_tables
from bench.leaderboard.tables.texts import reading
from bench.metrics import scores
from bench.metrics.evaluate import Evaluation
from bench.metrics.score_docs import with_table
from bench.metrics.scores import SCORES, Score, Scores, find, out_of_range
from bench.records.packed import Packed
from bench.records.record import decode, encode
from bench.running.registry import load_registry

PUBLISHED = Path(__file__).parents[2] / "leaderboard" / "results"
DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
QM9 = load_registry().task("qm9_homo").card
MNIST = load_registry().task("rotated_mnist_id").card


def test_a_score_added_to_the_table_has_a_column_a_sentence_and_a_range(monkeypatch, make_record):
    roughness = Score(
        "symmetry/roughness", "roughness", "How rough it is.", unit="mm", low=0.0, high=2.0, table="discovery"
    )
    monkeypatch.setattr(scores, "SCORES", Scores([*SCORES, roughness]))
    record = make_record("semola", scores={"symmetry/roughness": 1.5}, task={"id": MNIST.id})
    board = build_board([record], MNIST, lambda name: None, lambda record: False)
    _, discovery = score_tables(board, board.sections[0])
    assert discovery.columns == ("roughness [mm]",)
    assert "roughness: How rough it is." in [block.text for block in reading()]
    assert "| `symmetry/roughness` | roughness | mm | – | 0 to 2 | How rough it is. |" in with_table(DOCS.read_text())
    result = Evaluation(MNIST)
    result.add("symmetry/roughness", 1.25)
    assert result.scores == {"symmetry/roughness": (1.25, "mm", None)}
    with pytest.raises(BenchError, match=r"'made by hand': symmetry/roughness is 2\.5, outside \[0, 2\]"):
        make_record(scores={"symmetry/roughness": 2.5})


def test_the_documentation_holds_the_table():
    text = DOCS.read_text(encoding="utf-8")
    assert with_table(text) == text, "python -m bench.metrics.score_docs docs/metrics.md"


def test_every_score_is_found_by_its_own_name_and_no_name_or_title_is_there_twice():
    for row in SCORES:
        example = row.name
        for word in ("metric", "strategy", "subgroup", "generator", "part"):
            example = example.replace(f"<{word}>", "mse" if word == "metric" else "xyz")
        assert SCORES.find(example) is not None
        assert SCORES.find(example).unit == row.unit
    for values in ([row.name for row in SCORES], [(row.table, row.title) for row in SCORES if row.table]):
        assert len(set(values)) == len(values)


def test_the_name_that_spells_out_most_wins():
    names = {
        "test/accuracy": "test/accuracy",
        "test/f1": "test/<metric>",
        "test/mse_plain": "test/<metric>_<strategy>",
        "test/mse_within": "test/<metric>_within",
        "equivariance/e_prime_rel_p95": "equivariance/e_prime_rel_p95",
        "equivariance/e_rotations": "equivariance/e_<subgroup>",
        "equivariance/e_prime_rotations": "equivariance/e_prime_<strategy>",
        "symmetry/found_shift_x": "symmetry/found_<generator>",
    }
    assert {name: find(name).name for name in names} == names


def test_units_and_directions_follow_the_task():
    assert (find("test/mae").unit_on(QM9), find("test/mae").higher_is_better_on(QM9)) == ("meV", False)
    assert (find("test/accuracy").unit_on(MNIST), find("test/accuracy").higher_is_better_on(MNIST)) == ("%", True)
    assert find("equivariance/e").unit_on(QM9) == "meV"
    assert find("equivariance/e").unit_on(MNIST) == "1"  # of probabilities
    assert find("symmetry/strength").higher_is_better_on(QM9) is None
    assert find("test/<metric>".replace("<metric>", "f1")).unit == scores.METRIC


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("symmetry/precision", (0.0, 1.0, 1 + 1e-12), (-0.1, 1.1)),
        ("symmetry/found_shift_x", (0.0, 1.0), (-0.1, 1.1)),
        ("equivariance/e_prime_rotations", (0.0, 1e9), (-1e-12,)),
        ("test/mse", (0.0, 1e9), (-1e-12,)),
        ("test/mse_average", (0.0,), (-1.0,)),
        ("test/accuracy_within", (0.0, 100.0), (-1.0, 101.0)),
        ("val/accuracy", (50.0,), (101.0,)),
        ("test/f1", (-3.0, 7.0), ()),
        ("symmetry/strength", (0.0, 1.0), (-0.1, 1.1)),
        ("symmetry/largest_angle", (0.0, float(f"{math.pi / 2:.9g}")), (1.571,)),
        ("cost/forward_passes", (1.0,), (0.0,)),
        ("symmetry/of_another_version", (-5.0,), ()),
    ],
)
def test_ranges(name, inside, outside):
    assert [out_of_range(name, value) for value in inside] == [None] * len(inside)
    for value in outside:
        assert out_of_range(name, value).startswith(f"{name} is {value}, ")


def test_a_record_with_a_score_outside_its_range_cannot_be_read(make_record):
    content = encode(make_record(mse=None, scores={"symmetry/recall": 0.125})).replace(b"0.125", b"1.5")
    with pytest.raises(BenchError, match=r"'x.json': symmetry/recall is 1\.5, outside \[0, 1\]"):
        decode(content, "x.json")


def test_a_score_that_the_table_lacks_is_refused_where_it_is_added():
    with pytest.raises(ValueError, match=r"score 'symmetry/x' is not in the table of bench/metrics/scores\.py"):
        Evaluation(QM9).add("symmetry/x", 1.0)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="without the published records")
def test_the_units_and_directions_of_every_published_record_are_those_of_the_table():
    cards = {name: task.card for name, task in load_registry().tasks.items()}
    for record in Packed(PUBLISHED).scan()[0].values():
        for name, score in record.scores.items():
            row, card = find(name), cards[record.task.id]
            assert (row.unit_on(card), row.higher_is_better_on(card)) == (score.unit, score.higher_is_better), name
