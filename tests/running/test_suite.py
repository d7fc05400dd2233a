"""What a suite file means: which cells, in which order, and what is refused."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from bench import load_results
from bench.errors import BenchError
from bench.records.cell import make_cell
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


SEMOLA = 'seeds="0"\nbudget="smoke"\n[[cells]]\nmethods=["semola"]\ntasks=["toy_se3"]\n'


def test_lists_in_set_give_a_cell_for_every_combination(jobs_of):
    jobs = jobs_of(SEMOLA + 'set={copies=[1, 2, 4], weight_sparsity=[0, 0.01], inference="average"}')
    changed = [(job.cell.params["copies"], job.cell.params["weight_sparsity"]) for job in jobs]
    assert changed == [(1, 0.0), (1, 0.01), (2, 0.0), (2, 0.01), (4, 0.0), (4, 0.01)]
    assert {job.cell.params["inference"] for job in jobs} == {"average"}


def test_a_cell_of_a_grid_is_that_of_run_with_the_same_set_and_the_default_is_the_plain_cell(jobs_of, registry):
    choices = {"search": None, "budget": "smoke", "seed": 0, "fingerprint": ""}
    task, method = registry.task("toy_se3"), registry.method("semola")
    cells = [make_cell(task, method, **choices, assignments=given) for given in ([], [("copies", "2")])]
    assert [job.cell.key for job in jobs_of(SEMOLA + "set={copies=[1, 2]}")] == [cell.key for cell in cells]
    assert [cell.changed for cell in cells] == [{}, {"copies": 2}]


def test_a_grid_sets_parameters_of_a_pipeline_s_stages_and_of_the_task(jobs_of):
    block = 'seeds="0"\n[[cells]]\nmethods=["semola+augment"]\ntasks=["toy_se3"]\n'
    jobs = jobs_of(block + 'set={"semola.copies"=[1, 2], copies=[2], "semola.inference"="average"}')
    consumers = [job.cell.changed for job in jobs if job.discovery]
    assert [changed.get("semola.copies", 1) for changed in consumers] == [1, 2]
    assert [changed["semola.inference"] for changed in consumers] == ["average"] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "cannot be read"),
        ('seeds = "0"', "has no [[cells]] block"),
        ('[[cells]]\nmethod = ["plain"]', "unknown field 'method'. Did you mean 'methods'?"),
        ('[[cells]]\nmethods = "plain"', "methods is 'plain'; it must be a list"),
        ("[[cells]]\nmethods = []", "methods is empty"),
        ('[[cells]]\ntrain_fractions = ["half"]', "train_fractions is ['half']; it must hold numbers"),
        ("[[cells]]\nset = {copies = []}", "in set, copies is []; it must be a number"),
        ("[[cells]]\nset = {copies = [1, [2]]}", "in set, copies is [1, [2]]; it must be a number"),
        ("[[cells]]\nset = {liegan.steps = 5}", 'A name with a dot needs quotes, like "liegan.steps"'),
        (f"{SEMOLA}set={{copeis=[1, 2]}}", "unknown parameter 'copeis' of semola. Did you mean 'copies'?"),
        (f"{SEMOLA}set={{copies=[1, 0]}}", "parameter 'copies' of semola is 0; it must be an integer in [1, 64]"),
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


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_the_suites_that_are_shipped_can_be_expanded(registry, name):
    blocks = read_suite(BUILT_IN[name])
    jobs = expand(blocks, registry, Path("results"))
    assert len(jobs) > 20
    assert len({(job.cell.folder, job.cell.seed) for job in jobs}) == len(jobs)


@pytest.mark.skipif(not any(packed_dir(results_dir()).glob("*.jsonl")), reason="a copy without the committed records")
def test_the_suites_plan_every_committed_record(registry):
    def row(task, method, search, budget, seed, preset, changed):
        return task, method, search, budget, seed, preset, json.dumps(changed, sort_keys=True)

    suites = [read_suite(BUILT_IN[name]) for name in ("exact", "long", "ablations", "remul")]
    jobs = [job for suite in suites for job in expand(suite, registry, results_dir())]
    cells = [job.cell for job in jobs]
    planned = {row(c.task, c.method, c.search, c.budget, c.seed, c.preset, c.changed) for c in cells}
    names = ["task", "method", "search", "budget", "seed", "preset", "changed", "path"]
    frame = load_results()[names].drop_duplicates("path").astype(object)
    rows = frame.where(frame.notna(), None).itertuples(index=False)
    stored = {row(*r[:6], json.loads(r.changed)) for r in rows}
    assert stored
    assert stored <= planned
