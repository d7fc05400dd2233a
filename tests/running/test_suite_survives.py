"""A suite of real processes survives what happens to real processes: no cell is lost, none is run twice."""

import signal
import subprocess

import psutil
import pytest

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


@pytest.fixture
def suites(tmp_path, install, odd, suites_at):
    install("odd", odd)
    return suites_at(tmp_path)


def workers_of(process):
    return psutil.Process(process.pid).children(recursive=True)


def test_workers_that_hang_eat_or_die_each_leave_their_status_and_stop_nobody(suites):
    methods = ["hangs", "eats", "dies", "plain"]
    code, out, _ = suites.run(methods, options=["--memory-mb", "1500"])
    expected = {"hangs": "timeout", "eats": "out_of_memory", "dies": "failed", "plain": "ok"}
    assert suites.statuses() == {(name, 0): status for name, status in expected.items()}
    assert code == 1
    assert "--retry failed" in out
    reasons = {record.method.id: record.reason for record in suites.records()}
    assert reasons["hangs"] == "exceeded the wall limit of 40 s"
    assert "more than its limit of 1500 MiB" in reasons["eats"]
    before = suites.fits()
    assert suites.run(methods)[0] == 1  # what failed is kept and still said
    assert suites.fits() == before
    assert suites.run(["dies", "plain"], options=["--retry", "failed"])[0] == 1
    assert suites.fits() == [*before, "dies 0"]


def test_a_killed_parent_takes_its_workers_along_and_the_same_command_goes_on(suites):
    process = suites.start(["sleeps"], "0-3")
    suites.wait_for_fits(3)  # at least one of the first two has ended
    workers = workers_of(process)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    kept = suites.statuses()
    assert kept
    assert set(kept.values()) == {"ok"}
    assert suites.run(["sleeps"], "0-3")[0] == 0
    assert suites.statuses() == {("sleeps", seed): "ok" for seed in range(4)}
    for _, seed in kept:
        assert suites.fits().count(f"sleeps {seed}") == 1  # what was finished was not run again


def test_two_suites_on_one_store_share_the_cells(suites):
    both = [suites.start(["sleeps"], "0-5") for _ in range(2)]
    outputs = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted(suites.fits()) == [f"sleeps {seed}" for seed in range(6)]
    assert set(suites.statuses().values()) == {"ok"}
    assert "by another process" in outputs[0][0] + outputs[1][0]
    assert not list(suites.results.rglob("*.lock"))


def test_ctrl_c_ends_the_workers_and_says_how_to_go_on(suites):
    process = suites.start(["sleeps"], "0-3")
    suites.wait_for_fits(1)
    workers = workers_of(process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "error: interrupted; finished cells are stored, the same command continues."
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    assert set(suites.statuses().values()) <= {"ok", "interrupted"}
    assert suites.run(["sleeps"], "0-3")[0] == 0
    assert set(suites.statuses().values()) == {"ok"}


def test_a_full_disk_stops_the_suite_with_one_line_and_loses_nothing(suites, small_disk):
    suites.results = small_disk / "results"
    code, _, errors = suites.run(["plain"], "0-9")
    assert code == 2
    assert "No space left on device" in errors
    assert len(errors.strip().splitlines()) == 1
    kept = suites.statuses()
    assert kept
    assert len(kept) < 10
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    assert suites.run(["plain"], "0-9")[0] == 0
    assert suites.statuses() == {("plain", seed): "ok" for seed in range(10)}
    assert not list(small_disk.rglob("*.tmp"))
