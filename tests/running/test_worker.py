"""A cell's validation score, and a cell that is ended by whoever watches its validation losses."""

import dataclasses

import pytest
import torch

from bench.api import Task
from bench.errors import Pruned
from bench.methods.plain import Plain
from bench.methods.true import TrueSymmetry
from bench.records.cell import make_cell
from bench.records.store import Store
from bench.running.jobs import Job, Watch
from bench.running.registry import load_registry
from bench.running.session import Session
from bench.running.supervisor import run_in_worker
from bench.running.worker import Work, run_cell


@pytest.fixture(scope="module")
def registry():
    return load_registry()


class Same(Task):
    """A task whose test split is its validation split; remembers the calls."""

    def __init__(self, task):
        self.task, self.Options, self.calls = task, task.Options, []
        smoke = task.card.budgets["smoke"]
        self.card = dataclasses.replace(task.card, budgets={"smoke": dataclasses.replace(smoke, test=smoke.val)})

    def load(self, *arguments):
        self.calls.append("load")
        return self.task.load(*arguments)

    def load_test(self, training, *arguments):
        self.calls.append("load_test")
        data = self.task.load_test(training, *arguments)
        return dataclasses.replace(data, test=training.val, references={})

    def group(self, *arguments):
        self.calls.append("group")
        return self.task.group(*arguments)


def run(registry, tmp_path, task="toy_se3", method="plain", **options):
    task = registry.task(task) if isinstance(task, str) else task
    method = registry.method(method) if isinstance(method, str) else method
    cell, said = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="x"), []
    work = Work(cell, task, method, torch.device("cpu"), tmp_path, **options)
    record, _ = run_cell(work, lambda **message: said.append(message))
    return record, said


def test_the_validation_score_is_the_test_score_where_both_splits_are_one(registry, tmp_path):
    record, said = run(registry, tmp_path, Same(registry.task("toy_se3")))
    score, validation = record.scores["test/mse"], record.validation
    assert (validation.name, validation.value, validation.unit) == ("val/mse", score.value, score.unit)
    losses = [point for message in said for point in message["losses"]]
    assert [passes for passes, _ in losses] == list(range(512, record.params["passes"] + 1, 512))


def test_a_cell_that_is_not_tested_has_the_same_validation_score_and_no_other(registry, tmp_path):
    tested, _ = run(registry, tmp_path)
    blind, _ = run(registry, tmp_path, tested=False)
    assert blind.validation == tested.validation
    assert (blind.status, blind.scores) == ("ok", {})


@pytest.mark.parametrize("kind", [Plain, TrueSymmetry], ids=["told nothing", "told the group"])
def test_the_test_split_is_read_after_the_fit_and_the_group_only_by_who_is_told_it(registry, tmp_path, kind):
    task = Same(registry.task("toy_se3"))

    class Watched(kind):
        def fit(self, problem, ctx):
            task.calls.append("fit begins")
            fitted = super().fit(problem, ctx)
            task.calls.append("fit ends")
            return fitted

    record, _ = run(registry, tmp_path, task, Watched())
    assert record.status == "ok", record.reason
    before = ["load", "group", "fit begins"] if kind is not Plain else ["load", "fit begins"]
    assert task.calls[: len(before) + 2] == [*before, "fit ends", "load_test"]


def test_a_cell_that_is_not_tested_never_reads_the_test_split(registry, tmp_path):
    task = Same(registry.task("toy_se3"))
    record, _ = run(registry, tmp_path, task, tested=False)
    assert record.status == "ok"
    assert task.calls == ["load"]


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
    assert [passes for passes, _ in heard] == [512]
    assert not [path for path in store.root.rglob("*") if path.is_file()]
