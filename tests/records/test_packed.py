"""Packed records: the same bytes from the same records, equal arrays once, and a bad line costs one record."""

import zipfile

import numpy as np
import pytest

from bench.errors import BenchError
from bench.records.arrays import READERS, pictured, published_form, published_names
from bench.records.packed import Packed, pack
from bench.records.record import replaced

ARRAYS = {"generators": np.eye(2)[None], "truth": np.eye(2)[None], "trace": np.zeros((3, 1, 2, 2))}


@pytest.fixture
def records(make_record):
    return [make_record("semola", seed=seed, search="full") for seed in range(3)]


def test_the_same_records_in_any_order_give_the_same_bytes(tmp_path, records):
    first = pack(tmp_path / "a", "toy@1", [(record, ARRAYS) for record in records])
    second = pack(tmp_path / "b", "toy@1", [(record, ARRAYS) for record in records[::-1]])
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_equal_arrays_are_stored_once(tmp_path, records):
    _, archive = pack(tmp_path, "toy@1", [(record, ARRAYS) for record in records])
    with zipfile.ZipFile(archive) as file:
        assert len(file.namelist()) == 2  # generators and truth are equal
    packed = Packed(tmp_path)
    for record in records:
        read = packed.arrays(record.place)
        assert {name: array.tolist() for name, array in read.items()} == {n: a.tolist() for n, a in ARRAYS.items()}


def test_records_come_back_with_the_names_of_their_packed_arrays(tmp_path, records):
    pack(tmp_path, "toy@1", [(record, ARRAYS) for record in records])
    read, skipped, _ = Packed(tmp_path).scan()
    assert not skipped
    assert read == {record.place: replaced(record, {"arrays": tuple(sorted(ARRAYS))}) for record in records}


def test_packing_what_was_packed_changes_nothing(tmp_path, records):
    text, archive = pack(tmp_path, "toy@1", [(record, ARRAYS) for record in records])
    before = text.read_bytes(), archive.read_bytes()
    packed = Packed(tmp_path)
    again = [(record, packed.arrays(place)) for place, record in packed.scan()[0].items()]
    pack(tmp_path, "toy@1", again)
    assert (text.read_bytes(), archive.read_bytes()) == before


@pytest.mark.parametrize("damage", [b"{", b"", b'{"arrays": {}, "record": {"schema": "run.v3"}}', b"\xff"])
def test_a_broken_line_costs_one_record_and_is_named(tmp_path, records, damage):
    text, _ = pack(tmp_path, "toy@1", [(record, {}) for record in records])
    lines = text.read_bytes().splitlines()
    lines[1] = damage
    text.write_bytes(b"\n".join(lines) + b"\n")
    read, skipped, _ = Packed(tmp_path).scan()
    assert list(read) == [records[0].place, records[2].place]
    assert list(skipped) == ["toy@1.jsonl:2"]


def test_a_line_of_another_board_is_not_counted(tmp_path, records):
    text, _ = pack(tmp_path, "toy@1", [(record, {}) for record in records])
    text.rename(tmp_path / "other@1.jsonl")
    read, skipped, _ = Packed(tmp_path).scan()
    assert not read
    assert len(skipped) == 3


def test_a_truncated_archive_is_named(tmp_path, records):
    _, archive = pack(tmp_path, "toy@1", [(record, ARRAYS) for record in records])
    archive.write_bytes(archive.read_bytes()[:100])
    packed = Packed(tmp_path)
    with pytest.raises(BenchError, match=r"packed arrays '.*toy@1\.npz' cannot be read"):
        packed.arrays(records[0].place)
    assert "toy@1.npz" in packed.arrays_problem(records[0].place)


def test_every_published_array_is_named_by_the_module_that_reads_it():
    from importlib.util import find_spec
    from pathlib import Path

    for name, module in READERS.items():
        source = Path(find_spec(module).origin).read_text(encoding="utf-8")
        assert f'"{name}' in source, (name, module)


def test_samples_are_published_of_one_seed_and_per_example_scores_never(records):
    full = [
        replaced(record, {"arrays": ("generators", "sample_moved", "sample_original", "test_score")})
        for record in records
    ]
    shown = pictured(full)
    assert shown == {records[0].place}
    assert published_names(full[0], True) == ["generators", "sample_moved", "sample_original"]
    assert published_names(full[1], False) == ["generators"]


def test_only_what_is_drawn_loses_digits():
    thirds = np.full(3, 1 / 3)
    form = published_form({"generators": thirds, "trace": thirds, "history/val/loss": thirds})
    assert {name: array.dtype.name for name, array in form.items()} == {
        "generators": "float64", "trace": "float32", "history/val/loss": "float32",
    }  # fmt: skip
    again = published_form(form)
    assert all(again[name] is form[name] for name in form)
