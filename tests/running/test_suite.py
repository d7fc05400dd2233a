"""What a suite file means: which cells, in which order, and what is refused."""

import json
import re

import msgspec
import pytest

from bench import load_results
from bench.errors import BenchError
from bench.records.paths import packed_dir, results_dir
from bench.records.provenance import blank_record
from bench.records.record import Status, replaced
from bench.records.store import Store
from bench.running.plan import make_plan
from bench.running.registry import load_registry
from bench.running.session import Session
from bench.running.suite import BUILT_IN, expand, read_suite


@pytest.fixture(scope="module")
def registry():
    return load_registry()


@pytest.fixture
def jobs_of(tmp_path, registry):
    def read(text):
        path = tmp_path / "suite.toml"
        path.write_text(text)
        return expand(read_suite(path), registry, tmp_path / "results")

    return read


def names(jobs):
    return [(job.cell.method, job.cell.search, job.cell.seed) for job in jobs]


def test_a_discovery_comes_before_its_consumers_and_no_cell_comes_twice(jobs_of):
    jobs = jobs_of(
        """
        seeds = "0-1"
        [[cells]]
        methods = ["liegan+augment", "liegan+emlp", "liegan"]
        tasks = ["nbody_1step_id"]
        [[cells]]
        methods = ["liegan"]
        tasks = ["nbody_1step_i[d]"]
        """
    )
    assert sorted(names(jobs)) == sorted(
        (method, "full", seed) for method in ("liegan", "liegan+augment", "liegan+emlp") for seed in (0, 1)
    )
    places = [job.cell.folder for job in jobs]
    assert all(places.index(job.discovery.folder) < n for n, job in enumerate(jobs) if job.discovery)
    assert [job.discovery is not None for job in jobs] == [False] * 2 + [True] * 4


def test_search_spaces_are_those_of_the_task_and_only_for_methods_that_search(jobs_of):
    block = 'seeds="0"\n[[cells]]\nmethods=["plain","semola"]\ntasks=["nbody_1step_id"]\nsearches='
    assert names(jobs_of(block + '["all"]')) == [
        ("plain", None, 0), ("semola", "full", 0), ("semola", "mask2", 0), ("semola", "mask4", 0),
    ]  # fmt: skip
    assert names(jobs_of(block + '["mask2", "affine2d"]'))[1:] == [("semola", "mask2", 0)]
    with pytest.raises(BenchError, match="has no search space affine2d"):
        jobs_of(block + '["affine2d"]')


def test_a_block_goes_before_the_file(jobs_of):
    text = 'seeds="0"\nbudget="smoke"\n[[cells]]\nmethods=["plain"]\ntasks=["toy_se3"]\n'
    other = '[[cells]]\nmethods=["plain"]\ntasks=["toy_se3"]\nbudget="paper"\ntrain_fractions=[0.5, 1.0]\nset={lr=0.1}'
    jobs = jobs_of(text + other)
    assert [(job.cell.budget, job.cell.changed) for job in jobs] == [
        ("smoke", {}), ("paper", {"lr": 0.1, "train_fraction": 0.5}), ("paper", {"lr": 0.1}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "cannot be read"),
        ('seeds = "0"', "has no [[cells]] block"),
        ('[[cells]]\nmethod = ["plain"]', "unknown field 'method'. Did you mean 'methods'?"),
        ('[[cells]]\nmethods = "plain"', "methods is 'plain'; it must be a list"),
        ("[[cells]]\nmethods = []", "methods is empty"),
        ('[[cells]]\ntrain_fractions = ["half"]', "train_fractions is ['half']; it must hold numbers"),
        ('[[cells]]\nmethods = ["plain"]\ntasks = ["toy_se3"]', "has no 'seeds'"),
        ('seeds="0"\n[[cells]]\nmethods=["plian"]\ntasks=["toy_se3"]', "unknown method 'plian'. Did you mean 'plain'?"),
        ('seeds="0"\n[[cells]]\nmethods=["plain"]\ntasks=["moon*"]', "no task fits the pattern 'moon*'"),
        ('seeds="a"\n[[cells]]\nmethods=["plain"]\ntasks=["toy_se3"]', "--seeds is 'a'"),
    ],
)
def test_what_a_suite_cannot_mean_is_refused_in_one_line(jobs_of, text, message):
    with pytest.raises(BenchError, match=re.escape(message)) as caught:
        jobs_of(text)
    assert "\n" not in str(caught.value)


def test_a_plan_keeps_what_is_done_and_what_failed_unless_asked(jobs_of, tmp_path, registry):
    jobs = jobs_of('seeds="0-3"\nbudget="smoke"\n[[cells]]\nmethods=["plain"]\ntasks=["toy_se3"]')
    store = Store(tmp_path / "results")
    task, method = registry.task("toy_se3"), registry.method("plain")

    def write(job, status, **changes):
        fields = {"status": Status(status), "reason": "some", **changes}
        record = replaced(blank_record(job.cell, task, method, "cpu"), fields)
        store.write(job.cell, record)

    write(jobs[0], "unsupported")
    write(jobs[1], "timeout")
    write(jobs[2], "interrupted")
    session = Session(store, registry, "cpu", tmp_path)
    plan = make_plan(jobs, session)
    assert (plan.done, plan.failed, plan.to_run) == ((jobs[0],), (jobs[1],), (jobs[2], jobs[3]))
    assert make_plan(jobs, session, ["failed"]).to_run == tuple(jobs[1:])
    old = blank_record(jobs[3].cell, task, method, "cpu")
    write(jobs[3], "unsupported", method=msgspec.structs.replace(old.method, versions=(99,)))
    assert make_plan(jobs, session).stale == (jobs[3],)
    with pytest.raises(BenchError, match=r"--retry is 'fialed'\. Did you mean 'failed'"):
        make_plan(jobs, session, ["fialed"])


def test_a_stale_discovery_is_made_again_where_a_consumer_needs_it(jobs_of, tmp_path, registry):
    first, consumer = jobs_of('seeds="0"\nbudget="smoke"\n[[cells]]\nmethods=["liegan+augment"]\ntasks=["toy_se3"]')
    assert consumer.discovery == first.cell
    store, task = Store(tmp_path / "results"), registry.task("toy_se3")
    session = Session(store, registry, "cpu", tmp_path)
    record = replaced(blank_record(first.cell, task, registry.method("liegan"), "cpu"), {"status": Status.DIVERGED})
    store.write(first.cell, replaced(record, {"method": msgspec.structs.replace(record.method, versions=(99,))}))
    assert make_plan([first], session).stale == (first,)
    plan = make_plan([first, consumer], session)
    assert (plan.to_run, plan.stale) == ((first, consumer), ())


@pytest.mark.parametrize("name", ["smoke", "small", "paper", "exact", "long"])
def test_the_suites_that_are_shipped_can_be_expanded(registry, tmp_path, name):
    jobs = expand(read_suite(BUILT_IN[name]), registry, tmp_path / "results")
    assert len(jobs) > 20
    assert "nbody" in {registry.task(job.cell.task).card.family for job in jobs}
    assert len({(job.cell.folder, job.cell.seed) for job in jobs}) == len(jobs)


def test_every_suite_that_is_shipped_is_expanded_above():
    assert set(BUILT_IN) == {"smoke", "small", "paper", "exact", "long"}


@pytest.mark.skipif(not any(packed_dir(results_dir()).glob("*.jsonl")), reason="there are no committed records")
def test_every_committed_record_is_planned_by_exact_or_long(registry):
    def row(task, method, search, budget, seed, preset, changed):
        return task, method, search, budget, seed, preset, json.dumps(changed, sort_keys=True)

    blocks = [block for name in ("exact", "long") for block in read_suite(BUILT_IN[name])]
    cells = [job.cell for job in expand(blocks, registry, results_dir())]
    planned = {row(c.task, c.method, c.search, c.budget, c.seed, c.preset, c.changed) for c in cells}
    names = ["task", "method", "search", "budget", "seed", "preset", "changed", "path"]
    frame = load_results(packed_dir(results_dir()))[names].drop_duplicates("path").astype(object)
    rows = frame.where(frame.notna(), None).itertuples(index=False)
    stored = {row(*r[:6], json.loads(r.changed)) for r in rows}
    assert stored - planned == set()
