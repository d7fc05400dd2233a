"""What a preset is, and where `run` and suites meet it."""

import re

import msgspec
import pytest

from bench.errors import BenchError
from bench.records.cell import make_cell
from bench.records.preset import (
    Preset,
    Study,
    Trial,
    find_preset,
    median_study,
    preset_cell,
    preset_path,
    read_preset,
    write_preset,
)
from bench.records.record import Status, replaced
from bench.records.store import Store
from bench.running.registry import load_registry
from bench.running.suite import expand


@pytest.fixture(scope="module")
def registry():
    return load_registry()


def study(number, *values, hours=0.5):
    trials = tuple(
        Trial(place, "pruned" if value is None else "complete", value, {"lr": 0.001 * (place + 1)})
        for place, value in enumerate(values)
    )
    return Study(number, 1000 + number, hours, False, trials)


@pytest.fixture
def put_preset(registry, tmp_path):
    """Write a preset of plain on toy_se3 beside ``tmp_path/results``; returns the folder of the results."""

    def put(params, fixed=(), **fields):
        results = tmp_path / "results"
        plain = preset_cell(
            "default", results, registry.task("toy_se3"), registry.method(fields.get("method", "plain")),
            search=fields.get("search"), budget="smoke", seed=0, fingerprint="f",
        )  # fmt: skip
        path = preset_path(results, plain)
        path.parent.mkdir(parents=True, exist_ok=True)
        preset = Preset(
            task=plain.task, version=plain.task_version, method=plain.method,
            search=plain.search, budget="smoke", params=params, fixed=dict(fixed), ranges={"lr": "a to b"},
            metric="val/mse", unit="1", higher_is_better=False, chosen=0, studies=(study(0, 2.0, 1.0),), max_hours=4.0,
            sampler="TPE", pruner="median", optuna="5", git_sha=None, device="cpu", identity="x",
        )  # fmt: skip
        write_preset(path, preset)
        assert read_preset(path) == preset
        return results

    return put


def cell_of(registry, results, preset="tuned", method="plain", **choices):
    choices = {"search": None, "budget": "smoke", "seed": 0, "fingerprint": "f", **choices}
    return preset_cell(preset, results, registry.task("toy_se3"), registry.method(method), **choices)


def test_the_study_with_the_median_best_is_chosen_not_the_luckiest():
    studies = [study(0, 5.0, 3.0), study(1, 5.0, 1.0), study(2, 5.0, 2.0, None)]
    assert median_study(studies, higher_is_better=False).study == 2
    assert median_study(studies, higher_is_better=True).study == 0  # best values 5, 5, 5: the first
    assert median_study(studies[:2], higher_is_better=False).study == 0  # of two the worse
    assert median_study([study(0, None), *studies], higher_is_better=False).study == 2
    assert median_study([study(0, None)], higher_is_better=False) is None


def test_a_tie_goes_to_the_first_trial():
    assert study(0, 2.0, 1.0, 1.0).best(False).trial == 1
    assert study(0, 2.0, 1.0, 2.0).best(True).trial == 0


def test_a_cell_has_the_parameters_of_the_preset_under_those_set_by_hand(registry, put_preset):
    results = put_preset({"lr": 0.0005}, fixed={"batch_size": 8})
    tuned, default = cell_of(registry, results), cell_of(registry, results, "default")
    assert (tuned.params["lr"], tuned.params["batch_size"]) == (0.0005, 8)
    assert (tuned.changed, tuned.preset) == ({"lr": 0.0005, "batch_size": 8}, "tuned")
    assert (default.changed, default.preset) == ({}, None)
    by_hand = cell_of(registry, results, "default", assignments=[("lr", "0.0005"), ("batch_size", "8")])
    assert by_hand.key == tuned.key
    assert cell_of(registry, results, assignments=[("lr", "0.1")]).params["lr"] == 0.1


def test_a_preset_that_changes_nothing_gives_the_cell_of_the_default(registry, put_preset, tmp_path):
    default = cell_of(registry, tmp_path, "default")
    results = put_preset({"lr": default.params["lr"]})
    assert cell_of(registry, results) == default


def test_an_unknown_or_missing_preset_says_what_to_do(registry, tmp_path):
    with pytest.raises(
        BenchError, match=r"unknown preset 'tunde'\. Did you mean 'tuned'\? Allowed: default, published, tuned\."
    ):
        cell_of(registry, tmp_path, "tunde")
    told = (
        "no preset 'tuned' of semola [affine3d] on toy_se3, smoke; `python -m bench sweep --method semola "
        f"--task toy_se3 --search affine3d --budget smoke --results {tmp_path}` makes it."
    )
    with pytest.raises(BenchError, match=re.escape(told)):
        cell_of(registry, tmp_path, method="semola")


def test_a_suite_runs_default_and_tuned_and_the_same_cell_once(registry, put_preset):
    results = put_preset({"lr": 0.0005})
    block = {"methods": ["plain"], "tasks": ["toy_se3"], "seeds": "0-1", "budget": "smoke"}
    both = expand([{**block, "presets": ["default", "tuned"]}], registry, results)
    assert sorted((job.cell.preset or "", job.cell.seed) for job in both) == [
        ("", 0), ("", 1), ("tuned", 0), ("tuned", 1),
    ]  # fmt: skip
    put_preset({"lr": cell_of(registry, results, "default").params["lr"]})
    assert len(expand([{**block, "presets": ["default", "tuned"]}], registry, results)) == 2
    with pytest.raises(BenchError, match="no preset 'tuned' of augerino on toy_se3"):
        expand([{**block, "methods": ["augerino"], "presets": ["tuned"]}], registry, results)


def test_a_record_names_its_preset_and_its_discovery_does_not(registry, put_preset):
    from bench.records.cell import discovery_of
    from bench.records.provenance import blank_record

    results = put_preset({"liegan.lr_g": 0.005, "lr": 0.0005}, method="liegan+augment")
    task, method = registry.task("toy_se3"), registry.method("liegan+augment")
    cell = cell_of(registry, results, method="liegan+augment")
    first = discovery_of(cell, method)
    assert (first.changed, first.preset) == ({"lr_g": 0.005}, None)
    assert blank_record(cell, task, method, "cpu").preset == "tuned"
    assert blank_record(first, task, method.discoverer, "cpu").preset is None
    store = Store(results)
    record = replaced(blank_record(cell, task, method, "cpu"), {"status": Status.UNSUPPORTED, "reason": "some"})
    assert store.write_outcome(cell, record).preset == "tuned"


def test_a_corrupt_preset_names_the_file_and_the_place(put_preset, registry):
    results = put_preset({"lr": 0.0005})
    path = preset_path(results, cell_of(registry, results, "default"))
    path.write_text(path.read_text().replace('"tuned"', '"best"'))
    with pytest.raises(
        BenchError, match=r"preset '.*preset\.json' cannot be read: Invalid enum value 'best' - at `\$\.name`"
    ):
        cell_of(registry, results)
    path.write_text("{")
    with pytest.raises(BenchError, match=r"preset '.*' cannot be read"):
        cell_of(registry, results)


def test_only_just_its_changes_are_those_of_a_preset(put_preset, registry):
    results = put_preset({"lr": 0.002})
    preset = read_preset(preset_path(results, cell_of(registry, results, "default")))
    preset = msgspec.structs.replace(preset, fixed={"copies": 2})
    assert preset.made({"lr": 0.002})
    assert preset.made({"lr": 0.002, "copies": 2})
    assert not preset.made({})
    assert not preset.made({"lr": 0.002, "passes": 3})
    assert not preset.made({"lr": 0.002, "copies": 3})
    assert not preset.made({"copies": 2})


def test_a_results_folder_without_a_preset_takes_the_committed_one(tmp_path, monkeypatch, registry):
    task, method = registry.task("nbody_1step_id"), registry.method("plain")
    cell = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="x")
    committed = tmp_path / "committed" / "results"
    monkeypatch.setattr("bench.records.preset.results_dir", lambda: committed)
    assert find_preset(tmp_path / "own" / "results", cell) is None
    for root in (committed, tmp_path / "own" / "results"):  # its own goes first
        path = preset_path(root, cell)
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        assert find_preset(tmp_path / "own" / "results", cell) == path
