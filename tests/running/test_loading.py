"""Whatever a task's code raises or returns that cannot be right ends in one line that names the task and the part."""

import dataclasses
import re

import numpy as np
import pytest
import torch

from bench.api import Budget, EvaluationData, Split, Task, TrainingData, Truth, Units
from bench.contract.toys import TINY, toys
from bench.errors import BenchError
from bench.running.loading import DataSource, prepared

VECTORS, IMAGES, POINTS = toys()


class Changed(Task):
    """A toy whose parts are changed before they are handed over."""

    def __init__(self, task=VECTORS, load=lambda data: data, load_test=lambda data: data, group=lambda group: group):
        self.task, self.card, self.Options = task, task.card, task.Options
        self.changes = load, load_test, group

    def load(self, *arguments):
        return self.changes[0](self.task.load(*arguments))

    def load_test(self, *arguments):
        return self.changes[1](self.task.load_test(*arguments))

    def group(self, *arguments):
        return self.changes[2](self.task.group(*arguments))


def source(task, folder):
    return DataSource(task, task.card.budgets[TINY], None, folder, 0)


def read_all(task, folder):
    whole = source(task, folder)
    return whole.evaluation(whole.training())


def before_fit(**changes):
    return {"load": lambda data: dataclasses.replace(data, **{name: f(data) for name, f in changes.items()})}


def after_fit(**changes):
    return {"load_test": lambda data: dataclasses.replace(data, **{name: f(data) for name, f in changes.items()})}


def spoiled(split, part, value):
    tensor = getattr(split, part).clone()
    tensor[3] = value
    return dataclasses.replace(split, **{part: tensor})


def part(split, chosen):
    return Split(split.x[chosen], split.y[chosen])


UNIT = torch.ones(1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"load": lambda data: None}, "load() returned NoneType; it must return a TrainingData"),
        ({"load_test": lambda data: None}, "load_test() returned NoneType; it must return an EvaluationData"),
        (before_fit(val=lambda d: d.val.x), "load() val is a Tensor; it must be a Split"),
        (
            before_fit(train=lambda d: part(d.train, slice(7))),
            "load() train holds 7 examples, the budget asks for 40; ",
        ),
        (before_fit(val=lambda d: part(d.val, slice(0))), "load() val holds 0 examples, the budget asks for 24; "),
        (
            after_fit(test=lambda d: part(d.test, slice(0))),
            "load_test() test holds 0 examples, the budget asks for 24; ",
        ),
        (
            after_fit(test=lambda d: part(d.test, slice(9))),
            "load_test() test holds 9 examples, the budget asks for 24; ",
        ),
        (before_fit(val=lambda d: d.train), "load() val holds 40 examples, the budget asks for 24; "),
        (
            before_fit(train=lambda d: Split(d.train.x, d.train.y[:5])),
            "load() train holds 40 inputs, 5 targets; they must be equally many",
        ),
        (
            before_fit(train=lambda d: spoiled(d.train, "x", np.nan)),
            "load() train.x holds numbers that are not finite (2, the first in example 3); leave such examples out",
        ),
        (before_fit(val=lambda d: spoiled(d.val, "y", np.inf)), "load() val.y holds numbers that are not finite (2, "),
        (
            after_fit(test=lambda d: spoiled(d.test, "y", np.nan)),
            "load_test() test.y holds numbers that are not finite (2, ",
        ),
        (
            before_fit(train=lambda d: Split(d.train.x.double(), d.train.y)),
            "load() train.x is float64 of shape (40, 1, 2); it must be float32",
        ),
        (
            before_fit(train=lambda d: Split(d.train.x.numpy(), d.train.y)),
            "load() train.x is a ndarray; it must be a tensor with the examples first",
        ),
        (
            before_fit(train=lambda d: Split(d.train.x, d.train.y.int())),
            "load() train.y is int32 of shape (40, 1, 2); it must be float32, or int64 for the labels of classes",
        ),
        (
            after_fit(test=lambda d: Split(d.test.x, d.test.y[:, 0])),
            "load_test() examples of test.y have shape (2,), those of train.y (1, 2)",
        ),
        (
            after_fit(test=lambda d: Split(d.test.x, torch.zeros(24, 1, 2, dtype=torch.int64))),
            "load_test() test and train differ in the kind of their targets, or in having sizes",
        ),
        (
            before_fit(units=lambda d: Units(UNIT, 0 * UNIT, UNIT, torch.ones(2))),
            "load() units.scale_out is [0.0]; a scale must be finite and > 0",
        ),
        (
            before_fit(units=lambda d: Units(UNIT, UNIT, UNIT * np.nan, torch.ones(2))),
            "load() units.shift_out is [nan]; it must be finite",
        ),
        (
            before_fit(units=lambda d: Units.as_they_are(3)),
            "load() units.generator_scale has shape (3,), expected (2,)",
        ),
        (before_fit(spaces=lambda d: {}), "load() spaces lacks full2, which card.searches names"),
        (
            after_fit(references=lambda d: {"constant": 0.5}),
            "load_test() references['constant'] is a float; it must predict all 24 test targets",
        ),
        (
            after_fit(references=lambda d: {"constant": d.test.y * np.nan}),
            "load_test() references['constant'] holds predictions that are not finite",
        ),
        (
            after_fit(
                truth=lambda d: Truth(dataclasses.replace(d.truth.group, textbook=torch.eye(2)), d.truth.algebra)
            ),
            "load_test() the truth's textbook has shape (2, 2), expected (r, 2, 2) and finite entries",
        ),
        ({"group": lambda group: None}, "load_test() returned a truth, but group() gives None; "),
    ],
)
def test_what_cannot_be_right_is_named_in_one_line(changes, words, tmp_path):
    with pytest.raises(BenchError) as error:
        read_all(Changed(**changes), tmp_path)
    assert str(error.value).startswith(f"task 'toy_vectors': {words}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("toy", toys(), ids=lambda toy: toy.card.id)
def test_good_data_of_every_kind_pass(toy, tmp_path):
    assert isinstance(source(toy, tmp_path).training(), TrainingData)
    assert isinstance(read_all(toy, tmp_path), EvaluationData)


def test_a_task_that_says_so_may_hold_fewer_examples_but_never_none(tmp_path):
    class Short(Changed):
        may_be_short = True

    short = Short(load_test=lambda data: dataclasses.replace(data, test=part(data.test, slice(9)), references={}))
    assert len(read_all(short, tmp_path).test) == 9
    empty = Short(load_test=lambda data: dataclasses.replace(data, test=part(data.test, slice(0)), references={}))
    with pytest.raises(BenchError, match="test holds 0 examples"):
        read_all(empty, tmp_path)


def test_slices_of_one_tensor_do_not_keep_the_rest_of_it(tmp_path):
    whole = torch.randn(88, 1, 2)
    cut = Changed(load=lambda data: dataclasses.replace(data, train=Split(whole[:40], whole[:40])))
    for tensor in (split := source(cut, tmp_path).training().train).x, split.y:
        assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


class FromFile(Changed):
    """Data of one's own, in a file."""

    def fingerprint(self, data_dir):
        return str((data_dir / "mine.npz").stat().st_size)

    def load(self, budget: Budget, options, data_dir, seed):
        with np.load(data_dir / "mine.npz") as data:
            return data["x"].reshape(budget.train, -1)


def test_an_absent_file_is_named_with_the_folder_where_it_belongs(tmp_path):
    task, expected = FromFile(), f"finds no file '{tmp_path / 'mine.npz'}'. Its data belong in the data folder, here "
    with pytest.raises(BenchError, match=re.escape(f"task 'toy_vectors': fingerprint() {expected}'{tmp_path}'; ")):
        prepared(task, tmp_path)
    with pytest.raises(BenchError, match=re.escape(f"task 'toy_vectors': load() {expected}'{tmp_path}'; ")):
        source(task, tmp_path).training()


def test_what_a_task_raises_is_named_with_the_line_of_its_file(tmp_path):
    np.savez(tmp_path / "mine.npz", y=1)
    words = r"task 'toy_vectors': load\(\) raised KeyError: 'x is not a file in the archive' \(test_loading\.py:\d+\)\."
    with pytest.raises(BenchError, match=words):
        source(FromFile(), tmp_path).training()
    np.savez(tmp_path / "mine.npz", x=np.zeros(3))
    with pytest.raises(BenchError, match=r"load\(\) raised ValueError: cannot reshape [^\n]* \(test_loading\.py:\d+\)"):
        source(FromFile(), tmp_path).training()
