"""Real sweeps in real processes: chosen by validation alone, the same after a kill, refused where without sense."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from bench.records.cell import make_cell
from bench.records.preset import read_preset
from bench.records.store import Store
from bench.running.registry import load_registry
from bench.running.sweeps.search import space_of

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


#: A method whose quality is known from its parameter, a discoverer that hides that it has no predictor, and tasks: one
#: that cannot be scored on its test split, and one whose targets there are the opposite.
ODD = """
import copy, dataclasses, os, time
import torch
from bench.api import Fitted, Method, MethodCard, SymmetryEstimate
from bench.api.discovery import Discovery
from bench.api.parameters import Parameters, parameter
from bench.tasks.toy_se3 import TASKS as TOYS
from dataclasses import dataclass

@dataclass(frozen=True)
class ShiftParameters(Parameters):
    shift: float = parameter(1.0, meaning="what is added", low=0.0, high=10.0, sweep=(0.0, 2.0))
    pause: float = parameter(0.0, meaning="seconds of an epoch", low=0.0, high=60.0)

class Shifted(Fitted):
    def __init__(self, y, shift):
        self.y, self.shift = y, shift

    def predict(self, x):
        return self.y + self.shift + x.new_zeros(len(x), 1, 1)

class Shift(Method):
    card = MethodCard(id="shift", title="Shift", summary="odd", knowledge="none", citation="")
    Params = ShiftParameters

    def fit(self, problem, ctx):
        with open(os.environ["ODD_LOG"], "a") as log:
            log.write(f"{ctx.seed} {ctx.params.shift}\\n")
        for epoch in range(1, 4):
            time.sleep(ctx.params.pause)
            ctx.log(epoch, **{"val/loss": ctx.params.shift + 1 / epoch})
            ctx.progress(epoch, 3)
        if ctx.params.shift > 1.7:
            raise ValueError("too far")
        return Shifted(problem.val.y.mean(), ctx.params.shift)

class Silent(Method):
    card = MethodCard(id="silent", title="Silent", summary="odd", knowledge="none", citation="", discovers=True)
    Params = ShiftParameters

    def fit(self, problem, ctx) -> Fitted:
        return Discovery(SymmetryEstimate(torch.zeros(1, 4, 4), lambda n, generator: torch.zeros(n, 4, 4)))

class Blind(type(TOYS[0])):
    def load_test(self, training, budget, options, data_dir):
        data = super().load_test(training, budget, options, data_dir)
        return dataclasses.replace(data, test=self.turned(data.test))

def blind(name, turned):
    task = copy.copy(TOYS[0])
    task.__class__ = Blind
    task.card = dataclasses.replace(TOYS[0].card, id=name)
    task.turned = turned
    return task

class Unreadable:
    def __len__(self):
        return 7

    def __getattr__(self, name):
        raise AssertionError("the test split was looked at")

METHODS = (Shift(), Silent())
TASKS = (
    blind("honest", lambda test: test),
    blind("opposite", lambda test: dataclasses.replace(test, y=test.y + 1.9)),
    blind("unreadable", lambda test: Unreadable()),
)
"""


@pytest.fixture
def sweeps(install, tmp_path, monkeypatch):
    install("odd", ODD)
    monkeypatch.setenv("ODD_LOG", str(tmp_path / "odd.log"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return Sweeps(tmp_path)


class Sweeps:
    """Commands over one results folder, each a process of its own."""

    def __init__(self, folder):
        self.folder, self.results, self.log = folder, folder / "results", folder / "odd.log"

    def start(self, command, *words, results=None):
        line = [sys.executable, "-m", "bench", command, *words, "--results", str(results or self.results)]
        return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))

    def run(self, command, *words, results=None):
        process = self.start(command, *words, results=results)
        out, errors = process.communicate(timeout=240)
        assert "Traceback" not in errors
        return process.returncode, out, errors

    def sweep(self, task, *words, method="shift", trials=4, results=None):
        choice = ["--method", method, "--task", task, "--budget", "smoke", "--trials", str(trials), "--device", "cpu"]
        return self.run("sweep", *choice, *words, results=results)

    def preset(self, task, method="shift", results=None):
        return read_preset((results or self.results).parent / "sweeps" / f"{task}@2" / method / "smoke" / "preset.json")

    def fits(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


def test_a_sweep_chooses_by_validation_and_never_looks_at_the_test_split(sweeps):
    chosen = {}
    for task in ("honest", "opposite", "unreadable"):
        code, out, errors = sweeps.sweep(task, "--studies", "2", "--workers", "2")
        assert code == 0, errors
        chosen[task] = sweeps.preset(task)
    assert chosen["honest"].params == chosen["opposite"].params == chosen["unreadable"].params
    assert chosen["honest"].params["shift"] < 1.0
    assert [s.trials for s in chosen["honest"].studies] == [s.trials for s in chosen["unreadable"].studies]
    assert "next: python -m bench run --method shift --task unreadable --budget smoke --preset tuned" in out
    for task in chosen:
        trials = Store(sweeps.results.parent / "sweeps" / f"{task}@2" / "shift" / "smoke" / "trials").scan()
        assert trials.records
        assert all(record.scores == {} for record in trials.records.values())
        assert {record.seed for record in trials.records.values()} == {1000, 1001}
    best = chosen["honest"].best
    assert best.validation == pytest.approx(min(t.validation for t in _complete(chosen["honest"])))

    # The cell of the board is scored on the test split like any other.
    choice = ["--method", "shift", "--task", "honest", "--budget", "smoke", "--preset", "tuned"]
    code, out, errors = sweeps.run("run", *choice, "--no-mlflow", "--device", "cpu")
    assert code == 0, errors
    (record,) = Store(sweeps.results).scan().records.values()
    assert (record.preset, record.changed) == ("tuned", dict(chosen["honest"].params))
    assert record.scores["test/mse"].value > 0
    assert record.validation.value > 0


def _complete(preset):
    (study,) = [study for study in preset.studies if study.study == preset.chosen]
    return [trial for trial in study.trials if trial.validation is not None]


def test_a_killed_sweep_goes_on_to_a_whole_preset_and_loses_no_trial(sweeps):
    words = ["--studies", "1", "--set", "pause=0.3"]
    choice = ["--method", "shift", "--task", "honest", "--budget", "smoke", "--trials", "5", "--device", "cpu"]
    process = sweeps.start("sweep", *choice, *words)
    deadline = time.monotonic() + 120
    while len(sweeps.fits()) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    code, _, errors = sweeps.sweep("honest", *words, trials=5)
    assert code == 0, errors
    assert workers
    assert not any(worker.is_running() for worker in workers)
    preset = sweeps.preset("honest")
    assert preset.fixed == {"pause": 0.3}
    assert [trial.trial for trial in preset.studies[0].trials] == [0, 1, 2, 3, 4]
    assert preset.params == preset.best.params
    assert preset.best.state == "complete"
    # The trial that was running is fitted once more, no other.
    fits = sweeps.fits()
    assert fits[2] == fits[3]
    assert len(fits) == 6
    assert len(set(fits)) == 5

    before = sweeps.fits()
    assert "finished before" in sweeps.sweep("honest", *words, trials=5)[1]
    assert sweeps.fits() == before


def test_two_sweeps_of_one_thing_exclude_each_other_and_another_setting_is_refused(sweeps):
    choice = ["--method", "shift", "--task", "honest", "--budget", "smoke", "--studies", "1", "--trials", "1"]
    first = sweeps.start("sweep", *choice, "--device", "cpu", "--set", "pause=2")
    deadline = time.monotonic() + 120
    while not sweeps.fits():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    code, _, errors = sweeps.sweep("honest", "--studies", "1", "--set", "pause=2", trials=1)
    assert (code, errors.count("\n")) == (2, 1)
    assert errors.startswith("error: the sweep in ")
    assert f" is being run by process {first.pid};" in errors
    first.communicate(timeout=120)
    assert first.returncode == 0
    code, _, errors = sweeps.sweep("honest", "--studies", "1", trials=1)
    assert (code, errors.count("\n")) == (2, 1)
    assert "holds a sweep by other code, data, ranges or settings" in errors


def test_every_method_that_is_swept_can_hold_the_settings_of_every_family():
    registry, searched = load_registry(), {}
    methods = [*registry.methods, "liegan+augment", "semola+emlp"]
    for name, (task_name, task) in itertools.product(methods, registry.tasks.items()):
        method = registry.method(name)
        if not method.card.consumes:
            cell = make_cell(task, method, search=None, budget="small", seed=0, fingerprint="")
            space = space_of(method, cell, ())
            searched.setdefault(name, set()).update(space)
            outside = {n for n, s in space.items() if not s.low <= cell.params[n] <= s.high}
            assert not outside, (name, task_name)
            assert space.keys() <= cell.params.keys()
            # The kind of task, the amount of training and the cost of a prediction are not searched.
            assert not {"n_generators", "passes", "steps", "batch_size", "inference_copies"} & {
                n.split(".")[-1] for n in space
            }
    assert searched["plain"] == {"lr"}
    assert len(searched["semola"]) == 7
    assert {"liegan.lr_g", "lr", "copies"} < searched["liegan+augment"]
    assert searched["linear"] == searched["true"] == set()


NO_PREDICTOR = "has no predictor, so no validation score to select by; sweep it with a consumer:"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "liegan"), f"'liegan' {NO_PREDICTOR} liegan+augment or "),
        (("--method", "silent"), f"'silent' {NO_PREDICTOR} silent+augment or "),
        (("--method", "linear"), "method 'linear' has nothing to sweep"),
        (("--method", "shift", "--set", "shift=0.5"), "method 'shift' has nothing to sweep"),
        (("--method", "gcnn"), "gcnn does not support honest: group convolutions classify images"),
        (("--method", "augment"), "run it as <discoverer>+augment"),
        (("--method", "shift", "--max-hours", "0"), "--max-hours is 0; it must be above 0 and finite."),
        (("--method", "shift", "--budget", "smal"), "unknown budget 'smal'"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_refused_in_one_line(sweeps, words, message):
    budget = () if "--budget" in words else ("--budget", "smoke")
    code, _, errors = sweeps.run("sweep", *words, *budget, "--task", "honest", "--trials", "1", "--studies", "1")
    assert (code, errors.count("\n")) == (2, 1)
    assert message in errors


def test_a_pipeline_is_swept_with_the_parameters_of_both_stages(sweeps):
    code, _, errors = sweeps.sweep(
        "honest", "--studies", "1", "--set", "passes=512", "--set", "liegan.steps=4", method="liegan+augment", trials=2
    )
    assert code == 0, errors
    path = sweeps.results.parent / "sweeps" / "honest@2" / "liegan+augment--affine3d" / "smoke" / "preset.json"
    preset = json.loads(path.read_text())
    assert {"liegan.lr_g", "liegan.lr_d", "liegan.weight_regulariser", "lr", "copies"} == preset["params"].keys()
    assert preset["fixed"] == {"passes": 512, "liegan.steps": 4}


def test_a_sweep_on_a_full_disk_is_one_line_and_goes_on_once_there_is_room(sweeps, small_disk):
    sweeps.results = small_disk / "results"
    code, _, errors = sweeps.sweep("honest", "--studies", "1", trials=60)
    assert (code, errors.count("\n")) == (2, 1), errors
    assert "No space left on device" in errors
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    code, _, errors = sweeps.sweep("honest", "--studies", "1", trials=4)
    assert code == 0, errors
    assert all(trial.state in ("complete", "pruned", "failed") for trial in sweeps.preset("honest").studies[0].trials)
    assert not list(small_disk.rglob("*.tmp"))


def test_ctrl_c_ends_a_sweep_and_the_same_command_goes_on(sweeps):
    choice = ["--method", "shift", "--task", "honest", "--budget", "smoke", "--trials", "3", "--device", "cpu"]
    words = [*choice, "--studies", "2", "--workers", "2", "--set", "pause=0.3"]
    process = sweeps.start("sweep", *words)
    deadline = time.monotonic() + 120
    while len(sweeps.fits()) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)  # as Ctrl-C, which a background process ignores
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "error: interrupted; finished trials are stored, the same command continues."
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    code, _, errors = sweeps.run("sweep", *words)
    assert code == 0, errors
    assert [len(study.trials) for study in sweeps.preset("honest").studies] == [3, 3]
