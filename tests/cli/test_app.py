"""The command line as a user meets it: what works prints the next step, what is wrong prints one line and exits 2."""

import time

import pytest

from bench.cli.app import parse_assignment
from bench.errors import BenchError
from bench.records.store import read_record
from bench.running.suite import parse_seeds

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


RUN = ("run", "--method", "plain", "--task", "nbody_1step_id", "--budget", "smoke", "--no-mlflow")


def test_seeds_are_ranges_and_lists():
    assert parse_seeds("0-3") == [0, 1, 2, 3]
    assert parse_seeds("4,0-1,1") == [4, 0, 1]
    for text in ("", "3-1", "a", "1-", "-1", "1.5"):
        with pytest.raises(BenchError, match="it must be like 0-5 or 0,2,4"):
            parse_seeds(text)


def test_assignments_are_name_and_value():
    assert parse_assignment("a.b=c=d") == ("a.b", "c=d")
    with pytest.raises(BenchError, match="it must be name=value"):
        parse_assignment("lr")


def test_run_stores_and_ranks_then_does_not_run_again(bench, tmp_path):
    results = tmp_path / "boards" / "results"
    code, out, _ = bench(*RUN, "--seeds", "0-1", "--results", results)
    assert code == 0
    assert "next: python -m bench show " in out
    started = time.perf_counter()
    code, out, _ = bench(*RUN, "--seeds", "0-1", "--results", results)
    assert code == 0
    assert out.count("finished before (ok)") == 2
    assert time.perf_counter() - started < 5
    record = next(results.glob("*/*/*/seed0.json"))
    code, out, _ = bench("show", record)
    assert code == 0
    assert "test/mse" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--method", "semloa", "--task", "nbody_1step_id"), "unknown method 'semloa'. Did you mean 'semola'?"),
        (("run", "--method", "plain", "--task", "nbody"), "unknown task 'nbody'. Did you mean 'nbody_1step_"),
        ((*RUN[:5], "--budget", "big"), "unknown budget 'big' of task 'nbody_1step_id'"),
        ((*RUN, "--set", "lr"), "--set is 'lr'; it must be name=value"),
        ((*RUN, "--set", "lr=-1"), "parameter 'lr' of plain is -1.0; it must be a number in (0, 1]"),
        ((*RUN, "--set", "learning_rate=1"), "unknown parameter 'learning_rate' of plain."),
        (("run", "--method", "semola+", "--task", "nbody_1step_id"), "method 'semola+' is not a pipeline; it must be"),
        ((*RUN, "--train-fraction", "1e-9"), "is 1e-09, which leaves none of the 512 training examples of budget"),
        ((*RUN, "--train-fraction", "nan"), "--train-fraction is nan; it must be in (0, 1], of 512 examples."),
        ((*RUN, "--seed", "1", "--seeds", "0-5"), "exclude each other"),
        ((*RUN, "--seed", "-1"), "'--seed'"),
        ((*RUN, "--device", "gpu"), "unknown device 'gpu'. Allowed: auto, cpu, cuda."),
        ((*RUN, "--colour", "red"), "No such option: --colour"),
        (("list", "method"), "cannot list 'method'. Did you mean 'methods'?"),
        (("data", "prepare", "qm8"), "unknown data set 'qm8'. Did you mean 'qm9'?"),
        (("show", "nothing.json"), "no record 'nothing.json'"),
        (("leaderboard", "--results", "nowhere"), "no results folder 'nowhere'"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[-2:]),
)
def test_a_mistake_is_one_clear_line_and_exit_code_two(bench, arguments, message):
    code, out, err = bench(*arguments)
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("error: ")
    assert message in err
    assert "Traceback" not in out + err


def test_a_results_folder_that_cannot_be_written_is_refused_before_anything_runs(bench, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = bench(*RUN, "--results", tmp_path / "file" / "results")
    assert code == 2
    assert "cannot be written" in err


def test_a_missing_gpu_is_refused(bench, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, _, err = bench(*RUN, "--device", "cuda")
    assert code == 2
    assert "device 'cuda' is not there" in err


def test_a_consumer_runs_its_discovery_once_and_reuses_it(bench, tmp_path):
    where = ("--task", "nbody_1step_id", "--budget", "smoke", "--search", "mask2", "--no-mlflow", "--results", tmp_path)
    code, out, _ = bench("run", "--method", "semola+augment", *where)
    assert code == 0
    assert out.count("discovery: semola [mask2]") == 1
    assert len(list(tmp_path.glob("*/semola--mask2/*/seed0.json"))) == 1
    code, out, _ = bench("run", "--method", "semola", *where)
    assert "finished before (ok)" in out
    code, out, _ = bench("run", "--method", "semola+augment", "--set", "copies=1", *where)
    assert code == 0
    assert "discovery: semola [mask2] on nbody_1step_id, smoke, seed 0: finished before (ok)" in out


def test_a_consumer_of_a_diverged_discoverer_fails_with_that_reason(bench, tmp_path):
    wild = ("--set", "semola.coefficient_range=10", "--set", "semola.generator_norm=100")
    code, _, err = bench("run", "--method", "semola+augment", "--task", "nbody_1step_id", "--budget", "smoke",
                           *wild, "--no-mlflow", "--results", tmp_path)  # fmt: skip
    assert code == 1
    assert "semola+augment [full] on nbody_1step_id, smoke, seed 0: failed: its discoverer semola [full]" in err
    assert "diverged: loss is not finite after 1024 of 4096 passes" in err


def test_a_part_of_the_training_examples_is_another_cell(bench, tmp_path):
    code, _, err = bench(*RUN, "--train-fraction", "1.5", "--results", tmp_path)
    assert code == 2
    assert "--train-fraction is 1.5; it must be in (0, 1], of 512 examples." in err
    for fraction in ("1", "0.25"):
        assert bench(*RUN, "--train-fraction", fraction, "--results", tmp_path)[0] == 0
    records = [read_record(path) for path in tmp_path.glob("*/plain/*/seed0.json")]
    assert sorted(r.task.sizes.train for r in records) == [128, 512]
    assert {r.changed.get("train_fraction") for r in records} == {None, 0.25}


def test_a_cell_that_fails_is_one_line_a_record_and_exit_code_one(bench, tmp_path):
    code, out, err = bench("run", "--method", "gcnn", "--task", "nbody_1step_id", "--budget", "smoke", "--no-mlflow",
                           "--results", tmp_path / "results")  # fmt: skip
    assert code == 1
    assert "unsupported" in out
    assert err.startswith("error: gcnn on nbody_1step_id, smoke, seed 0: unsupported: ")
    assert len(list((tmp_path / "results").glob("*/*/*/seed0.json"))) == 1


def test_missing_molecules_without_internet_are_explained(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    code, _, err = bench("run", "--method", "plain", "--task", "qm9_homo", "--budget", "smoke", "--no-mlflow",
                         "--results", tmp_path / "results")  # fmt: skip
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert "qm9" in err


def test_a_damaged_data_file_is_named(bench, tmp_path):
    folder = tmp_path / "data" / "qm9"
    folder.mkdir(parents=True)
    (folder / "qm9.npz").write_bytes(b"PK but not really")
    (folder / "uncharacterized.txt").write_text("")
    code, _, err = bench("run", "--method", "plain", "--task", "qm9_homo", "--budget", "smoke", "--no-mlflow",
                         "--results", tmp_path / "results")  # fmt: skip
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert "qm9.npz is damaged" in err


@pytest.mark.parametrize(
    "arguments",
    ["list", "list methods", "list tasks", "list methods semola", "list tasks qm9_homo", "list methods true+augment"],
)
def test_list_shows_what_there_is(bench, arguments):
    code, out, _ = bench(*arguments.split())
    assert code == 0
    assert len(out.splitlines()) > 3


RAISES = """
import dataclasses
from bench.methods.plain import Plain
class Raises(Plain):
    card = dataclasses.replace(Plain.card, id="raises")
    def fit(self, problem, ctx):
        raise RuntimeError("caf\\udce9")
METHODS = (Raises(),)
"""


def test_a_method_that_raises_is_told_with_the_log_that_holds_its_traceback(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("SYMMETRY_BENCH_PLUGINS", "")
    (tmp_path / "raises.py").write_text(RAISES)
    own = ("--plugin", tmp_path / "raises.py", "--results", tmp_path / "results", "--no-mlflow")
    code, _, err = bench("run", "--method", "raises", "--task", "nbody_1step_id", "--budget", "smoke", *own)
    assert code == 1
    (log,) = (tmp_path / "results").glob("*/raises/*/seed0.log")
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert "RuntimeError: caf\\udce9" in err
    assert err.endswith(f" (log: {log})\n")
    _, out, _ = bench("show", log.with_suffix(".json"))
    assert f"(log: {log})" in out
    suite = tmp_path / "one.toml"
    suite.write_text(
        'budget="smoke"\nseeds="0"\n[[cells]]\nmethods=["raises"]\ntasks=["nbody_1step_id"]\n', encoding="utf-8"
    )
    code, out, _ = bench("suite", suite, "--retry", "failed", "--workers", "1", *own)
    assert code == 1
    assert f"(log: {log})" in out
