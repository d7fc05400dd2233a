"""Laws of the store: what is written is valid and whole, what is broken is named and skipped."""

import json

import numpy as np
import pytest

from bench.errors import BenchError
from bench.records.cell import Cell
from bench.records.store import Store, read_arrays, read_record

CELL = Cell("toy", 1, "plain", None, "small", 3, "data", {"train": 100}, {"lr": 0.1})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def test_a_record_comes_back_as_it_was_written(store, make_record):
    path = store.write(CELL, make_record(seed=3), {"test_score": np.arange(4.0)})
    record = read_record(path)
    assert record.arrays == "seed3.npz"
    assert read_arrays(path, record)["test_score"].tolist() == [0, 1, 2, 3]
    assert store.finished(CELL) == record
    assert [p.name for p in path.parent.iterdir() if p.name.endswith(".tmp")] == []


def test_an_unknown_key_is_refused_and_the_earlier_record_kept(store, make_record):
    path = store.write(CELL, make_record(seed=3))
    before = path.read_bytes()
    with pytest.raises(BenchError, match=r"breaks the schema run\.v1 at cost: .*'fit_minutes' was unexpected"):
        store.write(CELL, {**make_record(seed=3), "cost": {"fit_minutes": 1.0}})
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("symmetry/precision", 1.5, "symmetry/precision is 1.5, outside"),
        ("equivariance/e_prime", -0.1, "equivariance/e_prime is -0.1, below 0"),
    ],
)
def test_an_identity_that_no_correct_run_breaks_is_checked(store, make_record, name, value, message):
    with pytest.raises(BenchError, match=message):
        store.write(CELL, make_record(scores={name: value}))


def test_corrupt_and_foreign_files_are_skipped_with_their_reason(store, make_record):
    good = store.write(CELL, make_record())
    endless = json.dumps(make_record(mse=0.125)).replace("0.125", "1e999")
    nan = json.dumps(make_record(mse=0.125)).replace("0.125", "NaN")
    broken = {"seed4": "{ half a record", "seed5": json.dumps({"schema": "run.v0"}), "seed6": endless, "seed7": nan}
    for name, text in broken.items():
        good.with_name(f"{name}.json").write_text(text)
    scan = store.scan()
    assert list(scan.records) == [good]
    assert sorted(path.stem for path in scan.skipped) == list(broken)
    assert all(path.name in reason for path, reason in scan.skipped.items())


def test_only_finished_cells_count_as_finished(store, make_record):
    store.write(CELL, make_record(status="failed", mse=None, reason="no"))
    assert store.finished(CELL) is None
    store.write(CELL, make_record(status="diverged", mse=None, reason="nan"))
    assert store.finished(CELL) is not None


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match=r"results folder '.*file/results' cannot be written .* --results DIR"):
        Store(tmp_path / "file" / "results").check_writable()


def test_missing_arrays_are_named(store, make_record):
    path = store.write(CELL, make_record(seed=3), {"test_score": np.zeros(2)})
    path.with_suffix(".npz").write_bytes(b"not an archive")
    with pytest.raises(BenchError, match=r"arrays '.*seed3\.npz' of a record cannot be read"):
        read_arrays(path, read_record(path))


def test_a_record_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(BenchError, match="no record"):
        read_record(tmp_path / "seed0.json")
