import math
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest

from bench.errors import BenchError
from bench.leaderboard.mlflow import Mirror, rebuild, tracking_uri
from bench.records.record import decode

ARRAYS = {
    "generators": np.eye(8)[None],
    "truth": np.eye(8)[None],
    "test_score": np.ones(4, dtype="float32"),
    "history/train/loss": np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 0.25]]),
    "sample_original": np.ones((1, 1, 8), dtype="float32"),
    "sample_moved": np.ones((1, 2, 1, 8), dtype="float32"),
}


def runs(root, experiment="toy@1"):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri(root))
    return client, client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def artifacts(run):
    return sorted(path.name for path in Path(unquote(urlparse(run.info.artifact_uri).path)).iterdir())


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory, make_record, put_record):
    """A store with one full record, one failed, one whose arrays are corrupt, and one that is not a record."""
    root = tmp_path_factory.mktemp("store")
    full = make_record("semola", search="mask2", params={"lr": 0.1, "note": "x" * 9000})
    put_record(root, full, ARRAYS)
    put_record(root, make_record(seed=1, status="diverged", reason="loss is nan"))
    put_record(root, make_record(seed=2, arrays=("generators",))).with_suffix(".npz").write_bytes(b"no archive")
    put_record(root, make_record(seed=3)).write_text("{")
    return root, rebuild(root)


def test_rebuild_mirrors_every_valid_record(mirrored):
    root, counts = mirrored
    assert counts == (3, 1)
    _, found = runs(root)
    assert sorted(run.info.run_name for run in found) == [
        "plain small seed 1",
        "plain small seed 2",
        "semola [mask2] small seed 0",
    ]


def test_a_run_holds_scores_costs_history_parameters_and_artifacts(mirrored):
    client, found = runs(mirrored[0])
    (run,) = [run for run in found if run.data.tags["method"] == "semola"]
    assert run.data.metrics["test/mse"] == 0.5
    assert run.data.metrics["cost/steps"] == 300
    assert [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "train/loss")] == [
        (0, 1.0), (1, 0.5), (2, 0.25),
    ]  # fmt: skip
    assert run.data.params["lr"] == "0.1"
    assert len(run.data.params["note"]) < 6000
    assert run.data.tags["search"] == "mask2"
    assert run.data.tags["record"].startswith("toy@1/semola--mask2/")
    assert artifacts(run) == ["augmentations.png", "generators.png", "record.json"]


def test_a_diverged_cell_is_a_failed_run_with_its_reason(mirrored):
    (run,) = [run for run in runs(mirrored[0])[1] if run.data.tags["seed"] == "1"]
    assert (run.info.status, run.data.tags["reason"]) == ("FAILED", "loss is nan")


def test_unreadable_arrays_cost_the_figures_not_the_run(mirrored):
    (run,) = [run for run in runs(mirrored[0])[1] if run.data.tags["seed"] == "2"]
    assert run.info.status == "FINISHED"
    assert artifacts(run) == ["arrays_unreadable.txt", "record.json"]


def test_mirroring_a_record_again_replaces_its_run(mirrored, make_record, put_record):
    root, _ = mirrored
    (before,) = [run for run in runs(root)[1] if run.data.tags["seed"] == "1"]
    record = make_record(seed=1, mse=0.125)
    put_record(root, record)
    Mirror(root).record(record)
    found = runs(root)[1]
    (after,) = [run for run in found if run.data.tags["seed"] == "1"]
    assert len(found) == 3
    assert math.isclose(after.data.metrics["test/mse"], 0.125)
    assert not Path(unquote(urlparse(before.info.artifact_uri).path)).exists()
    assert (
        decode((root / "mlruns/toy@1" / after.info.run_id / "artifacts/record.json").read_bytes(), "artifact") == record
    )


@pytest.mark.parametrize("name", ["a+b", "a.b-c", "1e5", "null", "or", "a_b"])
def test_no_name_stops_a_rebuild_or_doubles_a_run(name, tmp_path, make_record, put_record):
    records = [make_record(name, search=name, task={"id": name}), make_record("zeta")]
    for record in records:
        put_record(tmp_path, record)
    assert rebuild(tmp_path) == (2, 0)
    Mirror(tmp_path).record(records[0])
    (run,) = runs(tmp_path, f"{name}@1")[1]
    assert run.data.tags["method"] == name
    assert len(runs(tmp_path)[1]) == 1


def test_a_missing_mlflow_is_one_line_that_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(BenchError, match="needs mlflow-skinny") as caught:
        Mirror(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_database_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "mlflow.db").write_text("this is no database " * 100)
    with pytest.raises(
        BenchError, match=r"mlflow\.db' cannot be written .* the records themselves are complete"
    ) as caught:
        Mirror(tmp_path)
    assert "\n" not in str(caught.value)


def test_opening_a_new_mirror_prints_nothing(tmp_path, capfd):
    Mirror(tmp_path)
    assert capfd.readouterr() == ("", "")
