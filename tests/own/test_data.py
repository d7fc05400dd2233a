"""A user's data: what is read, what is dropped, and what is refused in one line."""

import numpy as np
import pandas as pd
import pytest

from bench.errors import BenchError
from bench.own.data import make_data, parse_groups
from bench.own.reading import read_data

N = 300


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(N, 3))


@pytest.fixture
def table(x):
    return pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "z": x[:, 2], "energy": x.sum(1)})


def test_shapes_decide(x):
    y = x.sum(1)
    assert make_data(x, y).x.shape == (N, 1, 3)
    assert make_data(x.reshape(-1, 1, 3).repeat(4, 1) + np.arange(4)[:, None], y).x.shape == (N, 4, 3)
    assert make_data(x, y).y.shape == (N, 1, 1)
    assert make_data(x, x).alike
    with pytest.raises(BenchError, match="images are not supported"):
        make_data(np.zeros((N, 1, 8, 8)), y)


def test_targets_are_classes_or_numbers(x):
    labels = (x[:, 0] > 0).astype(int)
    assert make_data(x, labels).classes == ("0", "1")
    assert make_data(x, np.where(labels, "b", "a")).classes == ("a", "b")
    assert make_data(x, labels, kind="numbers").classes == ()
    assert make_data(x, x[:, 0].round(1), kind="numbers").y.dtype == np.float64


def test_bad_rows_and_columns_are_dropped_and_counted(x):
    y = x.sum(1)
    x[3, 1], y[5] = np.nan, np.inf
    x[7], y[7] = x[8], y[8]
    wide = np.concatenate([x, np.full((N, 1), 4.0)], 1)
    data = make_data(wide, y, inputs=["a", "b", "c", "d"], group="v:a,d w:b,c")
    assert len(data) == N - 3
    assert data.inputs == ("a", "b", "c")
    assert data.kept == (0, 1, 2)
    assert [b.columns for b in data.blocks] == [(0,), (1, 2)]
    assert len(data.notes) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y: (x[:100], y[:100]), "100 rows are left"),
        (lambda x, y: (x, y * np.nan), "holds no number"),
        (lambda x, y: (x, y[:-1]), "equally many"),
        (lambda x, y: (x, np.ones(N)), "the same in all rows"),
        (lambda x, y: (np.ones((N, 2)) + 0 * x[:, :2], y), "constant"),
        (lambda x, y: (x.astype(str), y), "must hold numbers"),
        (lambda x, y: (np.random.default_rng(0).normal(size=(N, 65)), y), "too many"),
    ],
)
def test_what_cannot_be_used_is_refused(x, change, words):
    with pytest.raises(BenchError, match=words):
        make_data(*change(x, x.sum(1)))


def test_groups_name_columns_once():
    blocks = parse_groups("q:a,b", ["a", "b", "c"])
    assert [(b.name, b.columns) for b in blocks] == [("q", (0, 1)), ("c", (2,))]
    for text in ("q", "q:", "q:a,a", "q:a p:a", "q:ab"):
        with pytest.raises(BenchError):
            parse_groups(text, ["a", "b", "c"])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_are_read_by_patterns(table, tmp_path, ending):
    path = tmp_path / f"data.{ending}"
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    assert read_data(path, "energy").inputs == ("x1", "x2", "z")
    assert read_data(path, "energy", "x*").inputs == ("x1", "x2")
    assert read_data(path, "x?", "z,energy").targets == ("x1", "x2")


def test_faults_of_a_table_name_the_nearest(table, tmp_path):
    path = tmp_path / "data.csv"
    table.assign(word="blue").to_csv(path, index=False)
    for choices, words in (
        ({"target": "enrgy"}, "energy"),
        ({"target": "energy"}, "word"),
        ({}, "--target"),
        ({"target": "energy", "inputs": "q*"}, "matches no column"),
    ):
        with pytest.raises(BenchError, match=words):
            read_data(path, **choices)
    with pytest.raises(BenchError, match=r"data\.csv"):
        read_data(tmp_path / "dta.csv", "energy")


@pytest.mark.parametrize("name", ["data.npz", "data.csv", "data.parquet", "data.txt"])
def test_unreadable_files_are_one_line(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(BenchError) as caught:
        read_data(path, "y")
    assert "\n" not in str(caught.value)


def test_an_archive_needs_x_and_y(x, tmp_path):
    np.savez(tmp_path / "data.npz", x=x)
    with pytest.raises(BenchError, match="lacks the array 'y'"):
        read_data(tmp_path / "data.npz")
