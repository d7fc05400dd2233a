"""A suite on a real Ray cluster of two nodes: no cell is lost or run twice, whatever happens to nodes and cells."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

pytest.importorskip("ray", reason="needs the extra [cluster]")

from bench.records.preset import read_preset
from bench.records.store import Store, read_arrays

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


#: A dead node is noticed within seconds, not half a minute.
WATCHFUL = {"health_check_period_ms": 500, "health_check_failure_threshold": 4, "health_check_initial_delay_ms": 500}
#: The smallest object store that Ray accepts, bytes.
OBJECTS = 80 * 2**20


class Nodes:
    """A head that runs no cell, and nodes of one core each."""

    def __init__(self, log):
        from ray.cluster_utils import Cluster

        self.log = log
        head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": OBJECTS, "_system_config": WATCHFUL}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.options = ["--executor", "ray", "--address", self.cluster.address]
        self.living = []
        self.fill()

    def fill(self, count=2):
        while len(self.living) < count:
            self.living.append(self.cluster.add_node(num_cpus=1, object_store_memory=OBJECTS))

    def kill(self, node):
        self.living.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)

    def workers(self, node):
        """The processes in which a node runs cells."""
        (raylet,) = node.all_processes["raylet"]
        below = psutil.Process(raylet.process.pid).children(recursive=True)
        return [process for process in below if _is_forked(process) and _is_forked(process.parent())]


def _is_forked(process):
    """Whether it is a fork server, or was forked by one and so has its command line."""
    try:
        return any("forkserver" in word for word in process.cmdline())
    except psutil.Error:
        return False


@pytest.fixture(scope="module")
def nodes(tmp_path_factory, write_package, odd):
    folder = tmp_path_factory.mktemp("nodes")
    earlier = psutil.Process().children(recursive=True)  # such as the fork server of this process
    write_package(folder / "site", "odd", odd)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder / "site"))
        patch.setenv("ODD_LOG", str(folder / "odd.log"))
        nodes = Nodes(folder / "odd.log")
        yield nodes
        before = set(psutil.Process().children(recursive=True)) - set(earlier)
        nodes.cluster.shutdown()
        _, alive = psutil.wait_procs(before, timeout=20)
    assert not alive


@pytest.fixture
def suites(nodes, suites_at, tmp_path):
    nodes.fill()
    return suites_at(tmp_path, log=nodes.log)


def test_outcomes_logs_and_scores_are_those_of_the_local_executor(nodes, suites, suites_at, tmp_path):
    good = ["plain", "semola+augment"]
    brief = '[[cells]]\nmethods=["hangs"]\ntasks=["brief"]\n'
    memory = ["--memory-mb", "1500"]
    there = suites.start([*good, "eats", "dies", "raises"], options=[*nodes.options, *memory], more=brief)
    out, errors = there.communicate(timeout=240)
    assert (there.returncode, errors) == (1, ""), out
    here = suites_at(tmp_path, "local")
    assert here.run([*good, "raises"])[0] == 1

    reasons = {record.method.id: (record.status, record.reason) for record in suites.records()}
    assert {name: reasons[name][0] for name in ("semola", *good)} == dict.fromkeys(("semola", *good), "ok")
    assert reasons["hangs"] == ("timeout", "exceeded the wall limit of 8 s")
    assert reasons["raises"] == ("failed", "RuntimeError: no luck")
    assert reasons["dies"] == ("failed", "killed (SIGKILL), which the system does when memory runs out")
    assert reasons["eats"][0] == "out_of_memory"
    assert "more than its limit of 1500 MiB" in reasons["eats"][1]

    for place, record in Store(here.results).scan().records.items():
        path, twin = here.results / place, suites.results / place
        shipped = Store(suites.results).scan().records[place]
        for field in ("key", "scores", "params", "method", "task", "status", "discovery", "arrays"):
            assert getattr(shipped, field) == getattr(record, field)
        arrays, others = read_arrays(twin, shipped), read_arrays(path, record)
        assert arrays.keys() == others.keys()
        assert all((arrays[name] == others[name]).all() for name in arrays if name.startswith("test"))
        assert ("said before" in _log(twin)) == ("said before" in _log(path)) == (record.status == "failed")
    assert "[33m" not in out  # nothing of Ray's own words


def _log(path):
    log = path.with_suffix(".log")
    return log.read_text() if log.exists() else ""


def test_the_cell_of_a_killed_node_is_run_again_on_another(nodes, suites):
    process = suites.start(["waits"], "0-3", options=nodes.options)
    suites.wait_for_fits(2)
    victim = nodes.living[-1]
    workers = nodes.workers(victim)
    assert len(workers) == 1
    nodes.kill(victim)
    # Its result would still reach the head if it ended before it is gone.
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    nodes.log.with_name("odd.log.go").touch()
    out, errors = process.communicate(timeout=240)
    assert (process.returncode, errors) == (0, ""), out
    assert suites.statuses() == {("waits", seed): "ok" for seed in range(4)}
    assert len(suites.fits()) == 5  # one of them a second time
    assert set(suites.fits()) == {f"waits {seed}" for seed in range(4)}
    assert len(list(suites.results.rglob("seed*.json"))) == 4


def test_a_suite_on_the_cluster_and_one_beside_it_share_the_cells(nodes, suites):
    both = [suites.start(["sleeps"], "0-3", options=nodes.options), suites.start(["sleeps"], "0-3")]
    outputs = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted(suites.fits()) == [f"sleeps {seed}" for seed in range(4)]
    assert set(suites.statuses().values()) == {"ok"}
    assert "by another process" in outputs[0][0] + outputs[1][0]
    assert not list(suites.results.rglob("*.lock"))


def test_ctrl_c_ends_the_cells_on_all_nodes(nodes, suites):
    process = suites.start(["hangs"], "0-3", options=nodes.options)
    suites.wait_for_fits(2)
    workers = [worker for node in nodes.living for worker in nodes.workers(node)]
    assert len(workers) == 2
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "error: interrupted; finished cells are stored, the same command continues."
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    assert set(suites.statuses().values()) == {"interrupted"}
    assert not list(suites.results.rglob("*.lock"))


def test_without_any_node_left_each_cell_fails_with_that_reason(nodes, suites_at, tmp_path):
    suites = suites_at(tmp_path, log=nodes.log)
    for node in list(nodes.living):
        nodes.kill(node)
    impatient = (
        "import bench.running.executors.cluster as c; c.PATIENCE_S = 1.0; from bench.cli.app import main; main()"
    )
    began = time.monotonic()
    code, _, _ = suites.run(["plain"], "0-2", options=nodes.options, program=("-c", impatient))
    assert code == 1
    assert time.monotonic() - began < 60
    reasons = [record.reason for record in suites.records()]
    assert reasons == ["the cluster has no node left that offers 1 CPU"] * 3


def bench(command, results, *words):
    line = [sys.executable, "-m", "bench", command, "--budget", "smoke", "--device", "cpu", "--results", str(results)]
    done = subprocess.run([*line, *words], capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def test_a_run_on_the_cluster_gives_the_records_of_one_here(nodes, tmp_path):
    nodes.fill()
    there, here = tmp_path / "there" / "results", tmp_path / "here" / "results"
    words = ["--method", "semola+augment", "--task", "short", "--seeds", "0-1", "--no-mlflow"]
    out = bench("run", there, *words, *nodes.options)
    bench("run", here, *words, "--workers", "2")
    ours, theirs = (Store(folder).scan().records for folder in (there, here))
    assert len(ours) == 4
    assert {place: record.scores for place, record in ours.items()} == {p: r.scores for p, r in theirs.items()}
    assert all(record.status == "ok" for record in ours.values())
    assert "[33m" not in out
    assert bench("run", there, *words, *nodes.options).count("finished before (ok)") == 4


def test_a_sweep_on_the_cluster_makes_the_trials_of_one_here(nodes, tmp_path):
    nodes.fill()
    words = ["--method", "plain", "--task", "toy_se3", "--studies", "2", "--trials", "6", "--set", "passes=1536"]
    studies = {}
    for place, options in (("there", nodes.options), ("here", ["--workers", "2"])):
        bench("sweep", tmp_path / place / "results", *words, *options)
        (path,) = (tmp_path / place).rglob("preset.json")
        studies[place] = [study.trials for study in read_preset(path).studies]
    assert studies["there"] == studies["here"]
    assert [len(trials) for trials in studies["there"]] == [6, 6]
    trials = Store(path.parent / "trials").scan().records.values()
    assert all(not record.scores for record in trials)


def test_ctrl_c_ends_a_sweep_on_all_nodes_and_the_same_command_goes_on(nodes, suites_at, tmp_path):
    nodes.fill()
    suites = suites_at(tmp_path, log=nodes.log)
    words = ["--method", "plain", "--task", "toy_se3", "--studies", "2", "--trials", "2", "--set", "passes=25600"]
    line = [sys.executable, "-m", "bench", "sweep", *words, "--budget", "smoke", "--device", "cpu", *nodes.options]
    process = subprocess.Popen(
        [*line, "--results", str(suites.results)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 120
    while not (workers := [worker for node in nodes.living for worker in nodes.workers(node)]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "error: interrupted; finished trials are stored, the same command continues."
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    bench("sweep", suites.results, *words, *nodes.options)
    (path,) = tmp_path.rglob("preset.json")
    assert [len(study.trials) for study in read_preset(path).studies] == [2, 2]


def test_an_address_where_nobody_is_is_told_at_once():
    line = [sys.executable, "-m", "bench", "suite", "bench/suites/smoke.toml", "--executor", "ray", "--address"]
    for address, message in [("127.0.0.1:9", "nobody answers at --address 127.0.0.1:9"), ("ray://a:1", "host:port")]:
        done = subprocess.run([*line, address], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        assert message in done.stderr
        assert len(done.stderr.splitlines()) == 1
