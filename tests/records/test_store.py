"""Laws of the store: what is written is valid and whole, what is broken is named and skipped."""

import json
import shutil

import numpy as np
import pytest

from bench.errors import BenchError
from bench.records.cell import Cell
from bench.records.packed import pack
from bench.records.paths import packed_dir
from bench.records.record import SCHEMA, encode, replaced
from bench.records.store import Store, read_arrays

CELL = Cell("toy", 1, "plain", None, "small", 3, "data", {"train": 100}, {"lr": 0.1})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


@pytest.fixture
def record_of(make_record):
    """``record_of(mse=..., status=...)``: a record of CELL."""

    def make(**fields):
        return make_record(key=CELL.key, seed=CELL.seed, **fields)

    return make


def test_a_record_comes_back_as_it_was_written(store, record_of):
    written = store.write(CELL, record_of(), {"test_score": np.arange(4.0)})
    assert written.arrays == ("test_score",)
    assert store.read(written.place) == store.finished(CELL) == written
    assert store.arrays(written.place)["test_score"].tolist() == [0, 1, 2, 3]
    assert store.arrays(written.place, ["other"]) == {}
    assert not list(store.root.rglob("*.tmp"))


def test_numbers_of_numpy_and_whole_numbers_come_back_as_floats(store, record_of):
    record = replaced(record_of(), {"params": {"lr": np.float64(0.5)}, "references": {"constant": 2}})
    written = store.write(CELL, record)
    assert [type(value) for value in (written.params["lr"], written.references["constant"])] == [float, float]
    assert store.read(written.place) == written


def test_what_could_not_be_read_again_is_refused_and_the_earlier_record_kept(store, record_of):
    written = store.write(CELL, record_of())
    with pytest.raises(BenchError, match=r"seed3\.json' cannot be read: .*`\$\.seed`; it is -1"):
        store.write(CELL, replaced(record_of(), {"seed": -1}))
    assert store.read(written.place) == written


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("symmetry/precision", 1.5, "symmetry/precision is 1.5, outside"),
        ("equivariance/e_prime", -0.1, "equivariance/e_prime is -0.1, below 0"),
    ],
)
def test_an_identity_that_no_correct_run_breaks_is_checked(make_record, name, value, message):
    with pytest.raises(BenchError, match=message):
        make_record(scores={name: value})


def test_corrupt_and_foreign_files_are_skipped_with_their_reason(store, record_of):
    written = store.write(CELL, record_of(mse=0.125))
    good = store.root / written.place
    broken = {
        "seed4": b"{ half a record",
        "seed5": b'{"schema": "run.v999"}',
        "seed6 (conflicted copy)": good.read_bytes(),
    }
    for name, content in broken.items():
        good.with_name(f"{name}.json").write_bytes(content)
    scan = store.scan()
    assert scan.records == {written.place: written}
    assert [place.rpartition("/")[2].removesuffix(".json") for place in scan.skipped] == list(broken)
    assert all(place in reason for place, reason in scan.skipped.items())


def test_records_of_an_earlier_protocol_are_counted_and_not_reasons(store, record_of, tmp_path):
    written = store.write(CELL, record_of())
    old = encode(written).replace(SCHEMA.encode(), b"run.v1")
    (store.root / written.place.replace("seed3", "seed4")).write_bytes(old)
    packed_dir(store.root).mkdir(parents=True, exist_ok=True)
    line = json.dumps({"arrays": {}, "record": json.loads(old)}).encode()
    (packed_dir(store.root) / "other@1.jsonl").write_bytes(line + b"\n" + line + b"\n")
    scan = store.scan()
    assert (scan.records, scan.skipped, scan.earlier) == ({written.place: written}, {}, 3)


def test_a_record_of_an_earlier_protocol_is_no_result_of_its_cell(store, record_of):
    written = store.write(CELL, record_of())
    path = store.root / written.place
    path.write_bytes(encode(written).replace(SCHEMA.encode(), b"run.v1"))
    assert store.finished(CELL) is None


def test_a_record_counts_only_at_its_own_place(store, record_of):
    written = store.write(CELL, record_of())
    copy = store.root / written.place.replace("seed3", "seed4")
    shutil.copy(store.root / written.place, copy)
    assert list(store.scan().records) == [written.place]
    with pytest.raises(BenchError, match=rf"seed4\.json' belongs at '{written.place}': it is a copy"):
        store.read(written.place.replace("seed3", "seed4"))


def test_only_final_cells_count_as_finished(store, record_of):
    store.write(CELL, record_of(status="failed", reason="no"))
    assert store.finished(CELL) is None
    store.write(CELL, record_of(status="diverged", reason="nan"))
    assert store.finished(CELL) is not None


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match=r"results folder '.*file/results' cannot be written .* --results DIR"):
        Store(tmp_path / "file" / "results").check_writable()


@pytest.mark.parametrize("content", [b"not an archive", None, b""], ids=["foreign", "absent", "empty"])
def test_arrays_that_cannot_be_read_are_named(store, record_of, content):
    written = store.write(CELL, record_of(), {"test_score": np.zeros(2)})
    file = (store.root / written.place).with_suffix(".npz")
    assert store.arrays_problem(written) is None
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(BenchError, match=r"arrays '.*seed3\.npz' of a record cannot be read"):
        read_arrays(store.root / written.place, written)
    assert "seed3.npz" in store.arrays_problem(written)


def test_a_record_that_is_not_there_is_one_line(store):
    with pytest.raises(BenchError, match="no record"):
        store.read("toy@1/plain/aaaaaaaaaaaa/seed0.json")


def test_a_loose_record_goes_before_the_packed_one_and_the_others_are_both_there(store, record_of):
    packed = [record_of(mse=0.25), replaced(record_of(mse=0.5), {"seed": 4})]
    pack(store.root, "toy@1", [(record, {"generators": np.ones(2)}) for record in packed])
    assert store.finished(CELL).scores["test/mse"].value == 0.25
    newer = store.write(CELL, record_of(mse=0.125))
    fresh = Store(store.root)
    assert [r.scores["test/mse"].value for r in fresh.scan().records.values()] == [0.125, 0.5]
    assert fresh.arrays(newer.place) == {}
    assert fresh.arrays(packed[1].place)["generators"].tolist() == [1, 1]


def test_the_text_of_a_record_is_stable(store, record_of):
    written = store.write(CELL, record_of())
    assert (store.root / written.place).read_bytes() == encode(written)
