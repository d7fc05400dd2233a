"""Laws of the runner, with real worker processes: one record whatever happens, and a good one is never lost."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from functools import partial

import pytest
import torch

from bench.metrics.symmetry import cosine_and_mae
from bench.records.cell import make_cell
from bench.records.record import Status, replaced
from bench.records.store import Store, read_arrays
from bench.running.jobs import Job, Watch
from bench.running.registry import load_registry
from bench.running.session import Session
from bench.running.supervisor import Limits, run_in_worker

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


TASK = "nbody_1step_id"


@pytest.fixture
def run(tmp_path):
    store = Store(tmp_path / "results")

    def run_cell(method="plain", seed=0, assignments=(), on_progress=lambda done, total: None):
        registry = load_registry()
        task = registry.task(TASK)
        chosen = registry.method(method)
        cell = make_cell(
            task, chosen, search=None, budget="smoke", seed=seed, fingerprint="x", assignments=list(assignments)
        )
        session = Session(store, registry, "cpu", tmp_path / "data")
        record = run_in_worker(Job(cell), session, watch=Watch(on_progress))
        return cell, record, store

    return run_cell


def test_a_cell_leaves_one_whole_record(run):
    messages = []
    cell, record, store = run("semola", on_progress=lambda done, total: messages.append((done, total)))
    assert record.status == "ok", record.reason
    assert messages == [(1024, 4096), (2048, 4096), (3072, 4096), (4096, 4096)]
    assert record.key == cell.key
    assert {"test/mse", "test/mse_plain", "test/mse_average", "symmetry/precision"} <= set(record.scores)
    assert (record.cost.passes, record.cost.steps) == (4096, 8)
    arrays = read_arrays(store.path(cell), record)
    assert arrays["generators"].shape == (1, 8, 8)
    assert arrays["test_score"].shape == (512,)
    assert arrays["sample_moved"].shape == (4, 8, 1, 8)
    assert arrays["history/val/loss"].shape == (4, 2)
    assert store.finished(cell) == record


def test_the_same_cell_twice_gives_the_same_scores(run):
    scores = [run("semola", seed=1)[1].scores for _ in range(2)]
    assert scores[0] == scores[1]


def test_divergence_is_recorded_and_not_fatal(run):
    # Coefficients of 10 with generators of norm 100: the exponential overflows.
    wild = [("coefficient_range", "10"), ("generator_norm", "100")]
    _, record, _ = run("semola", assignments=wild)
    assert record.status == "diverged"
    assert "is not finite after 1024 of 4096 passes" in record.reason


def test_a_discoverer_alone_is_scored_by_its_generators(run):
    cell, record, store = run("liegan")
    assert record.status == "ok"
    arrays = read_arrays(store.path(cell), record)
    learned, textbook = (torch.from_numpy(arrays[name]) for name in ("generators", "truth"))
    assert record.scores["symmetry/cosine"].value == pytest.approx(cosine_and_mae(learned, textbook).cosine)
    assert {"symmetry/precision", "symmetry/finds", "symmetry/false_discovery"} <= set(record.scores)
    assert not any(name.startswith(("test/", "equivariance/")) for name in record.scores)


def test_an_unsupported_pair_is_recorded_with_its_reason(run):
    _, record, _ = run("gcnn")
    assert record.status == "unsupported"
    assert record.reason == "group convolutions classify images; the task gives something else"


MORTAL = """
import os, signal
from bench.api import MethodCard
from bench.methods.plain import Plain

class Mortal(Plain):
    card = MethodCard(id="mortal", title="Mortal", summary="is killed when asked", knowledge="none", citation="")

    def fit(self, problem, ctx):
        if "MORTAL_DIES" in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(problem, ctx)

METHODS = (Mortal(),)
"""


def test_a_killed_worker_is_recorded_and_a_good_record_survives_it(run, install, monkeypatch):
    install("mortal", MORTAL)
    cell, good, store = run("mortal")
    before = store.path(cell).read_bytes()
    monkeypatch.setenv("MORTAL_DIES", "yes")
    _, record, _ = run("mortal", seed=0)
    assert (record.status, record.reason[:16]) == ("failed", "killed (SIGKILL)")
    assert store.path(cell).read_bytes() == before
    other, record, _ = run("mortal", seed=1)
    assert record.status == "failed"
    assert store.finished(other) is None
    assert store.path(other).exists()
    assert good.status == "ok"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_a_stopped_run_leaves_a_valid_store_and_no_worker(tmp_path, sign):
    program = textwrap.dedent(
        f"""
        from bench.cli.app import main
        import signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        sys.argv = ["bench", "run", "--method", "semola", "--task", "{TASK}", "--budget", "small",
                    "--results", r"{tmp_path / "results"}", "--no-mlflow"]
        main()
        """
    )
    environment = {**os.environ, "SYMMETRY_BENCH_DATA": str(tmp_path / "data")}
    parent = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, env=environment)
    log = None
    for _ in range(600):
        log = next((tmp_path / "results").glob("*/*/*/.seed0-*.log.tmp"), None)
        if log is not None:
            break
        time.sleep(0.1)
    assert log is not None, "the worker never started"
    time.sleep(1.0)
    parent.send_signal(sign)
    _, errors = parent.communicate(timeout=60)
    assert parent.returncode == 130
    assert errors.strip().splitlines()[-1].startswith("error: interrupted; finished cells are stored")
    assert "Traceback" not in errors
    scan = Store(tmp_path / "results").scan()
    assert [record.status for record in scan.records.values()] == ["interrupted"]
    assert not scan.skipped
    assert not list((tmp_path / "results").rglob("*.tmp"))


LOUD = """
import sys
from bench.api import Fitted, Method, MethodCard
from bench.api.parameters import Parameters

class Loud(Method):
    card = MethodCard(id="{name}", title="Loud", summary="prints, then fails", knowledge="none", citation="")
    Params = Parameters

    def fit(self, problem, ctx):
        print('{{"loss": 1}}')
        print("{{half a message")
        {body}

METHODS = (Loud(),)
"""


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("raises", "raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("forgets", "return None", "method 'forgets': fit() returned a NoneType; it must return a Fitted."),
    ],
)
def test_a_method_may_print_what_it_likes_and_its_mistakes_are_recorded(tmp_path, install, name, body, reason):
    install("loud", LOUD.format(name=name, body=body))
    registry, store = load_registry(), Store(tmp_path / "results")
    task, method = registry.task(TASK), registry.method(name)
    cell = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="x")
    record = run_in_worker(Job(cell), Session(store, registry, "cpu", tmp_path / "data"))
    assert (record.status, record.reason) == ("failed", reason)
    assert "half a message" in store.path(cell).with_suffix(".log").read_text()


PATIENT = """
import copy, dataclasses
from bench.api.parameters import Parameters, parameter
from bench.tasks.toy_se3 import TASKS as TOYS

@dataclasses.dataclass(frozen=True)
class Options(Parameters):
    warm: bool = parameter(False, "do something slow first")

class Patient(type(TOYS[0])):
    Options = Options

    def extra_seconds(self, options):
        return 300.0 if options.warm else 0.0

task = copy.copy(TOYS[0])
task.__class__ = Patient
budget = dataclasses.replace(task.card.budgets["smoke"], wall_limit_s=0.01)
task.card = dataclasses.replace(task.card, id="patient", budgets={"smoke": budget})
TASKS = (task,)
"""


@pytest.mark.parametrize(("warm", "status"), [("true", "ok"), ("false", "timeout")])
def test_options_that_cost_time_once_raise_the_wall_limit(tmp_path, install, warm, status):
    install("patient", PATIENT)
    registry = load_registry()
    task, method = registry.task("patient"), registry.method("plain")
    cell = make_cell(
        task, method, search=None, budget="smoke", seed=0, fingerprint="x", assignments=[("task.warm", warm)]
    )
    record = run_in_worker(Job(cell), Session(Store(tmp_path / "results"), registry, "cpu", tmp_path / "data"))
    assert record.status == status, record.reason


def test_a_worker_that_is_never_silent_is_watched_too(tmp_path, install):
    body = "import time\n        while True: ctx.progress(1, 2); time.sleep(0.02)"
    install("loud", LOUD.format(name="chatty", body=body))
    registry, store = load_registry(), Store(tmp_path / "results")
    task, method = registry.task(TASK), registry.method("chatty")
    cell = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="x")
    run = partial(run_in_worker, Job(cell), Session(store, registry, "cpu", tmp_path / "data"))
    assert run(limits=Limits(memory_mb=1.0)).status == "out_of_memory"
    stop = threading.Event()
    threading.Timer(5.0, stop.set).start()
    with pytest.raises(KeyboardInterrupt):
        run(limits=Limits(stop=stop))
    # Stopping does not turn a failure into a seed that had no chance.
    assert store.record(cell).status == "out_of_memory"


def test_a_failure_does_not_replace_a_finished_record(tmp_path):
    registry, store = load_registry(), Store(tmp_path)
    cell = make_cell(
        registry.task(TASK), registry.method("plain"), search=None, budget="smoke", seed=0, fingerprint="x"
    )
    blank = Session(store, registry, "cpu", tmp_path).blank(cell)
    for status, reason, kept in (
        (Status.DIVERGED, "the first run", Status.DIVERGED),
        (Status.FAILED, "later", Status.DIVERGED),
        (Status.UNSUPPORTED, "the code has changed", Status.UNSUPPORTED),
    ):
        store.write_outcome(cell, replaced(blank, {"status": status, "reason": reason}))
        assert store.finished(cell).status is kept
