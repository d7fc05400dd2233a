"""`python -m bench run` in real processes: several cells at once, interrupted, forced, beside another command."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from bench.records.store import Store

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


@pytest.fixture
def suites(tmp_path, install, odd, suites_at):
    install("odd", odd)
    return suites_at(tmp_path)


@pytest.fixture
def run(suites):
    def start(method, *words):
        line = [sys.executable, "-m", "bench", "run", "--method", method, "--task", "short", "--budget", "smoke"]
        return subprocess.Popen(
            [*line, "--no-mlflow", "--device", "cpu", "--results", str(suites.results), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ODD_LOG": str(suites.log), "OMP_NUM_THREADS": "1"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    return start


def test_as_many_cells_run_at_once_as_there_are_workers(suites, run):
    process = run("waits", "--seeds", "0-2", "--executor", "local", "--workers", "2")
    suites.wait_for_fits(2)
    assert suites.records() == []
    suites.log.with_name("odd.log.go").touch()
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert suites.statuses() == {("waits", seed): "ok" for seed in range(3)}
    assert [f"[{number}/3] waits on short" in out for number in (1, 2, 3)] == [True] * 3


def test_one_cell_runs_at_a_time_unless_more_are_asked_for(suites, run):
    process = run("sleeps", "--seeds", "0-1")
    suites.wait_for_fits(2)
    assert suites.statuses() == {("sleeps", 0): "ok"}
    assert process.wait(timeout=120) == 0
    process.communicate()


def test_ctrl_c_ends_every_worker_and_the_same_command_goes_on(suites, run):
    process = run("sleeps", "--seeds", "0-3", "--workers", "2")
    suites.wait_for_fits(3)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "error: interrupted; finished cells are stored, the same command continues."
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    process = run("sleeps", "--seeds", "0-3", "--workers", "2")
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "finished before (ok)" in out
    assert set(suites.statuses().values()) == {"ok"}


def test_a_run_beside_a_suite_waits_for_the_cell_that_the_suite_runs(suites, run):
    suite = suites.start(["waits"], "0")
    suites.wait_for_fits(1)
    process = run("waits")
    while not process.stdout.readline().startswith("[1/1] waits on short"):
        assert process.poll() is None
    time.sleep(2.5)  # it looks at the cell every second
    suites.log.with_name("odd.log.go").touch()
    out, errors = process.communicate(timeout=120)
    suite.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "by another process" in out
    assert out.count("[1/1]") == 1
    assert suites.fits() == ["waits 0"]


def test_force_runs_the_cell_that_was_asked_for_and_not_its_discovery(suites, run):
    for words in ((), ("--force",)):
        process = run("semola+augment", *words)
        out, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    assert "discovery: semola [affine3d] on short, smoke, seed 0: finished before (ok)" in out
    assert out.count("finished before") == 1


def test_a_failure_is_run_again_and_does_not_stop_the_others(suites, run):
    for _ in range(2):
        process = run("raises", "--seeds", "0-1", "--workers", "2")
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 1
        assert errors.count("failed: RuntimeError: no luck") == 2
    assert sorted(suites.fits()) == ["raises 0"] * 2 + ["raises 1"] * 2
    assert not list(suites.results.rglob("*.lock"))


def test_a_wrong_number_of_workers_is_one_line(run):
    for workers in ("0", "-1"):
        process = run("plain", "--workers", workers)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert errors.strip() == f"error: --workers is {workers}; it must be at least 1."


def test_records_of_a_run_are_those_of_a_suite(suites, run, suites_at, tmp_path):
    process = run("plain")
    process.communicate(timeout=120)
    assert process.returncode == 0
    other = suites_at(tmp_path, "other")
    assert other.run(["plain"])[0] == 0
    (ours,), (theirs,) = (Store(folder).scan().records.values() for folder in (suites.results, other.results))
    assert (ours.key, ours.scores, ours.params) == (theirs.key, theirs.scores, theirs.params)
