import math
import subprocess
import sys

import pytest

import bench
from bench.errors import BenchError
from bench.records.frame import COLUMNS, load_results
from bench.records.store import Store


def test_one_row_per_record_and_score_costs_included(tmp_path, make_record, put_record):
    put_record(
        tmp_path, make_record("semola", search="mask2", scores={"equivariance/e_prime": 0.25}, changed={"lr": 1})
    )
    frame = load_results(Store(tmp_path))
    assert list(frame.columns) == list(COLUMNS)
    values = dict(zip(frame["score"], frame["value"], strict=True))
    assert values["test/mse"] == 0.5
    assert values["equivariance/e_prime"] == 0.25
    assert values["cost/steps"] == 300
    assert "cost/peak_device_mb" not in values
    assert set(frame["changed"]) == {'{"lr": 1}'}
    assert frame["path"].str.startswith("toy@1/semola--mask2/").all()


def test_a_failed_seed_keeps_a_row_with_its_status(tmp_path, make_record, put_record):
    put_record(tmp_path, make_record(status="timeout", reason="over 900 s"))
    (row,) = load_results(Store(tmp_path)).to_dict("records")
    assert (row["status"], row["reason"], row["score"]) == ("timeout", "over 900 s", None)
    assert math.isnan(row["value"])


def test_a_corrupt_record_is_left_out_and_an_empty_store_gives_an_empty_frame(tmp_path, make_record, put_record):
    assert load_results(Store(tmp_path)).empty
    put_record(tmp_path, make_record(seed=0))
    put_record(tmp_path, make_record(seed=1)).write_text("{")
    assert set(load_results(Store(tmp_path))["seed"]) == {0}


def test_notebooks_have_it_at_the_top_level_and_importing_bench_stays_light(tmp_path, make_record, put_record):
    put_record(tmp_path, make_record())
    assert bench.load_results(str(tmp_path)).equals(load_results(Store(tmp_path)))
    with pytest.raises(BenchError, match="no results folder"):
        bench.load_results(tmp_path / "nowhere")
    code = "import bench, sys; sys.exit(bool({'pandas', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
