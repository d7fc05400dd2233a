"""The fork server stays safe to fork, and workers see the environment and the modules of the process that asks."""

import json
import subprocess
import sys

import psutil
import pytest

from bench.records.cell import make_cell
from bench.records.store import Store
from bench.running.jobs import Job
from bench.running.registry import load_registry
from bench.running.session import Session
from bench.running.supervisor import run_in_worker

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles

CURIOUS = """
import os, sys
from bench.api import MethodCard
from bench.methods.plain import Plain

class Curious(Plain):
    card = MethodCard(id="curious", title="Curious", summary="tells what it sees", knowledge="none", citation="")

    def fit(self, problem, ctx):
        import torch
        raise RuntimeError(" ".join(map(str, (
            os.environ.get("CURIOUS"), os.getpid() == os.getpgid(0), torch.get_num_threads(),
            "pytest" in sys.modules, torch.cuda.is_initialized()))))

METHODS = (Curious(),)
"""


#: Starts a server and ends at once; prints the numbers of its processes.
USER = """
import psutil
from bench.running.process import start_server
start_server()
print([process.pid for process in psutil.Process().children()])
"""


@pytest.fixture
def ask(tmp_path, install):
    """``ask()``: what a method sees in a worker."""
    install("curious", CURIOUS)
    registry = load_registry()
    task, method = registry.task("toy_se3"), registry.method("curious")
    session = Session(Store(tmp_path / "results"), registry, "cpu", tmp_path / "data")

    def run(seed=0):
        cell = make_cell(task, method, search=None, budget="smoke", seed=seed, fingerprint="x")
        return run_in_worker(Job(cell), session).reason.removeprefix("RuntimeError: ")

    return run


def test_a_worker_has_the_present_environment_a_group_of_its_own_and_no_module_of_the_caller(ask, monkeypatch):
    assert ask() == "None True 1 False False"
    monkeypatch.setenv("CURIOUS", "yes")
    assert ask(1) == "yes True 1 False False"


def test_the_server_has_one_thread_and_ends_with_its_users(ask):
    ask()
    servers = [p for p in psutil.Process().children() if any("forkserver" in word for word in p.cmdline())]
    assert [server.num_threads() for server in servers] == [1]
    done = subprocess.run([sys.executable, "-c", USER], capture_output=True, text=True, check=True, timeout=60)
    left = [psutil.Process(pid) for pid in json.loads(done.stdout) if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(left, timeout=30)
    assert not alive
