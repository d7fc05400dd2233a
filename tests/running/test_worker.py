"""A cell's validation score, and a cell that is ended by whoever watches its validation losses."""

import dataclasses

import pytest
import torch

from bench.errors import Pruned
from bench.records.cell import make_cell
from bench.records.store import Store
from bench.running.jobs import Job, Watch
from bench.running.registry import load_registry
from bench.running.session import Session
from bench.running.supervisor import run_in_worker
from bench.running.worker import run_cell


@pytest.fixture(scope="module")
def registry():
    return load_registry()


class Same:
    """A task whose test split is its validation split."""

    def __init__(self, task):
        self.task, self.card, self.Options = task, task.card, task.Options

    def load(self, *arguments):
        data = self.task.load(*arguments)
        return dataclasses.replace(data, test=data.val)


def run(registry, tmp_path, task="toy_se3", method="plain", wrap=lambda task: task, **options):
    task, method = registry.task(task), registry.method(method)
    cell = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="x")
    wrapped, said = wrap(task), []
    where = torch.device("cpu"), tmp_path
    record, _ = run_cell(cell, wrapped, method, *where, lambda **message: said.append(message), **options)
    return record, said


class Named(Same):
    __module__ = "bench.tasks.toy_se3"


def test_the_validation_score_is_the_test_score_where_both_splits_are_one(registry, tmp_path):
    record, said = run(registry, tmp_path, wrap=Named)
    score = record.scores["test/mse"]
    assert (record.validation.name, record.validation.value, record.validation.unit) == (
        "val/mse",
        score.value,
        score.unit,
    )
    losses = [point for message in said for point in message["losses"]]
    assert [epoch for epoch, _ in losses] == list(range(1, record.params["epochs"] + 1))


def test_a_cell_that_is_not_tested_has_the_same_validation_score_and_no_other(registry, tmp_path):
    tested, _ = run(registry, tmp_path)
    blind, _ = run(registry, tmp_path, tested=False)
    assert blind.validation == tested.validation
    assert (blind.status, blind.scores) == ("ok", {})


def test_what_only_discovers_has_no_validation_score(registry, tmp_path):
    record, _ = run(registry, tmp_path, method="liegan")
    assert record.status == "ok"
    assert record.validation is None


def test_a_pruned_cell_leaves_nothing_behind(registry, tmp_path):
    task, method, store = registry.task("toy_se3"), registry.method("plain"), Store(tmp_path / "results")
    cell = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="x")
    heard = []

    def prune(losses):
        heard.extend(losses)
        return True

    with pytest.raises(Pruned):
        run_in_worker(Job(cell), Session(store, registry, "cpu", tmp_path), watch=Watch(prune=prune))
    assert [epoch for epoch, _ in heard] == [1]
    assert not [path for path in store.root.rglob("*") if path.is_file()]
