"""The search: verdicts do not depend on units, order, offsets or precision; files and partial reports."""

import json

import numpy as np
import pytest
import torch

import bench
from bench.errors import BenchError
from bench.own.data import make_data
from bench.own.discover import discover, discover_in
from bench.own.problem import prepare
from bench.own.result import DiscoveryResult
from bench.own.search import Search
from bench.own.work import Work

NAMES = ("x", "y", "z")


def disc(n=500):
    """Invariant under turns of (x, y) and nothing else."""
    x = np.random.default_rng(0).normal(size=(n, 3))
    return x, x[:, 0] ** 2 + x[:, 1] ** 2 + np.sin(x[:, 2])


#: Passes of one network; half of what the least are.
PASSES = 50_000


@pytest.fixture(autouse=True)
def one_thread():
    """The networks are small: more threads are slower."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def begun(data, output="invariant"):
    """A search whose discovery is done, at few passes."""
    search = Search(prepare(data, output), Work(600.0))
    search.passes = PASSES
    search.discover()
    return search


def verdicts(x, y, names=NAMES, group="r:x,y"):
    search = begun(make_data(x, y, inputs=names, group=group))
    answer = search.answer
    places = {tuple(sorted(search.prepared.data.inputs[c] for c in f.named.places[0])) for f in answer.findings}
    return answer.dimension, [f.named.kind for f in answer.findings], places


@pytest.mark.parametrize("change", ["none", "units", "order", "offset", "float32"])
def test_verdicts_do_not_depend_on(change):
    x, y = disc()
    names = NAMES
    if change == "units":
        x = x * [1000.0, 1000.0, 1.0]
    elif change == "order":
        x, names = x[:, [2, 1, 0]], ("z", "y", "x")
    elif change == "offset":
        x, y = x + np.array([100.0, -30.0, 7.0]), y + 1e4
    elif change == "float32":
        x, y = x.astype(np.float32), y.astype(np.float32)
    assert verdicts(x, y, names) == (1, ["rotation"], {("x", "y")})


def test_nothing_is_declared_where_there_is_nothing():
    x, _ = disc(1000)
    y = np.sin(2 * x[:, 0]) + 0.3 * x[:, 1] ** 3 + x[:, 0] * x[:, 2] + np.exp(0.5 * x[:, 2])
    assert verdicts(x, y, group="")[0] == 0


@pytest.mark.parametrize("output", ["same", "vector"])
def test_outputs_that_move(output):
    x, _ = disc(800)
    v = 0.3 * np.stack([-x[:, 1], x[:, 0], 0 * x[:, 0]], 1) - x * np.exp(-0.5 * (x**2).sum(1, keepdims=True))
    data = make_data(x + 50.0, x + 50.0 + 0.1 * v if output == "same" else v, inputs=NAMES)
    assert [f.named.kind for f in begun(data, output).answer.findings] == ["rotation"]


def test_a_map_near_the_identity_does_not_commute_with_everything():
    x, _ = disc(1500)
    v = 0.3 * np.stack([-x[:, 1], x[:, 0], 0 * x[:, 0]], 1) - x * np.exp(-0.5 * (x**2).sum(1, keepdims=True))
    data = make_data(x, x + 0.01 * v, inputs=NAMES)
    assert begun(data, "vector").answer.dimension <= 1  # nothing where it cannot tell
    assert [f.named.kind for f in begun(data, "same").answer.findings] == ["rotation"]


def test_a_result_is_saved_and_read_again(tmp_path):
    x, y = disc()
    data = make_data(x + 5.0, y, inputs=NAMES)
    result = DiscoveryResult(data, (begun(data),), 1.0)
    result.save(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http" not in page  # self-contained
    assert "<style>" in result._repr_html_()
    for name in ("symmetry.npz", "symmetry.json", ""):
        symmetry = bench.load_symmetry(tmp_path / "out" / name)
        assert np.allclose(symmetry.generators, result.symmetry.generators)
        assert np.allclose(symmetry.half_widths, result.symmetry.half_widths)
    moved, same = symmetry.transform(torch.from_numpy(x + 5.0).float(), torch.from_numpy(y), seed=0)
    assert moved.dtype == torch.float32
    assert torch.equal(same, torch.from_numpy(y))
    held = moved.double().numpy() - 5.0
    assert np.abs(held - x).max() > 0.5
    # The centre of the turn is found, not given.
    assert np.abs(held[:, 0] ** 2 + held[:, 1] ** 2 - x[:, 0] ** 2 - x[:, 1] ** 2).mean() < 0.3
    assert json.loads((tmp_path / "out" / "symmetry.json").read_text())["output"] == "invariant"


@pytest.mark.slow
def test_every_stage_runs():
    x, y = disc(2000)
    result = discover(x, y, inputs=NAMES, seconds=600.0)
    (finding,) = result.best.findings
    assert finding.verdict == "supported"
    assert set(finding.methods) == {"semola", "liegan"}
    assert result.best.placebo == 0
    assert len(result.best.gains) == 2
    assert not result.missing


def test_a_stopped_search_says_what_is_missing(tmp_path):
    stages = []

    def stop(title, share):
        stages.append(title)
        if len(set(stages)) > 1:
            raise KeyboardInterrupt

    x, y = disc()
    result = discover_in(make_data(x, y, inputs=NAMES), "invariant", 600.0, stop)
    assert result.stopped
    assert result.best.findings == []  # one run alone declares nothing
    assert len(result.missing) > 2
    result.save(tmp_path)
    assert "partial" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert not (tmp_path / "symmetry.npz").exists()


def test_a_wrong_output_is_refused():
    x, y = disc()
    for output in ("sme", "same"):
        with pytest.raises(BenchError):
            discover(x, y, output=output)


def test_what_holds_no_symmetry_is_refused(tmp_path):
    np.savez(tmp_path / "symmetry.npz", x=np.zeros(3))
    for name in ("symmetry.npz", "absent.json"):
        with pytest.raises(BenchError, match=name):
            bench.load_symmetry(tmp_path / name)
