"""No score moves unnoticed: who moves one raises a version and writes the golden file anew."""

from __future__ import annotations

import copy

import pytest
import torch

from bench.datasets.cache import data_dir
from bench.running.registry import load_registry
from tests.golden.compare import TOLERANCES, UNSTABLE, moved, outdated, tolerance_of
from tests.golden.make import TASKS, golden, is_here, names, read

REGISTRY = load_registry()
FILE = read()
CELLS = FILE["cells"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("method", names(REGISTRY))
@pytest.mark.parametrize("name", TASKS.values())
def test_smoke_scores_are_the_committed_ones(name, method):
    if not is_here(name):
        pytest.skip(f"the data of {name} are not in the cache folder; `python -m bench data prepare mnist` gets them")
    task = REGISTRY.task(name)
    task.prepare(data_dir(), lambda done, total: None)
    assert method in CELLS[name], f"{method} on {name} is not in the golden file: run `make golden`"
    committed, now = CELLS[name][method], golden(task, REGISTRY.method(method))
    lines = outdated(committed, now)
    if not lines and (lines := list(moved(name, method, committed, now))):
        own = " or ".join(now["versions"])
        here = torch.__version__.partition("+")[0]
        other = "" if here == FILE["torch"] else f" (the file was made with torch {FILE['torch']}, this is {here})"
        lines.append(f"numbers moved: raise `version` of {own} and run `make golden`{other}")
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def test_the_file_holds_every_method_on_every_task_and_nothing_else():
    assert set(CELLS) == set(TASKS.values())
    for name in CELLS:
        assert set(CELLS[name]) == set(names(REGISTRY))


@pytest.mark.parametrize("name", TASKS.values())
def test_every_task_has_scores_of_prediction_and_of_generators(name):
    seen = {score.partition("/")[0] for cell in CELLS[name].values() for score in cell["scores"]}
    assert seen == {"test", "symmetry", "equivariance"}


CELL = CELLS["nbody_1step_id"]["semola+augment"]


@pytest.mark.parametrize("score", sorted(CELL["scores"]))
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_score_may_move_by_its_tolerance_and_no_further(score, sign):
    allowed, value = tolerance_of("nbody_1step_id", score), CELL["scores"][score]
    bound = allowed.absolute + allowed.relative * abs(value)
    now = copy.deepcopy(CELL)
    now["scores"][score] = value + 0.9 * sign * bound
    assert not list(moved("nbody_1step_id", "semola+augment", CELL, now))
    now["scores"][score] = value + sign * (1.1 * bound + 1e-9)
    assert [line.partition(":")[0] for line in moved("nbody_1step_id", "semola+augment", CELL, now)] == [score]


def test_a_status_or_a_score_that_comes_or_goes_is_said():
    now = copy.deepcopy(CELL)
    now["status"], now["reason"] = "failed", "no luck"
    del now["scores"]["test/mse"]
    now["scores"]["test/new"] = 1.0
    assert list(moved("nbody_1step_id", "semola+augment", CELL, now)) == [
        "status: 'ok' became 'failed'", "reason: None became 'no luck'", "test/mse: gone", "test/new: new",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["nbody_1step_id", "semola", "augment"])
def test_a_version_that_was_raised_asks_for_a_new_file(name):
    now = copy.deepcopy(CELL)
    assert outdated(CELL, now) == []
    now["versions"][name] += 1
    version = now["versions"][name]
    assert outdated(CELL, now) == [f"golden file is older than version {version} of {name}: run `make golden`"]


def test_every_tolerance_and_every_exception_is_of_use():
    scores = {(name, score) for name, row in CELLS.items() for cell in row.values() for score in cell["scores"]}
    assert {tolerance_of(*of).pattern for of in scores} == {row.pattern for row in TOLERANCES}
    assert all(method in CELLS[name] for name, method in UNSTABLE)
