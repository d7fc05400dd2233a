"""Methods that cheat are caught: by what the Problem leads to, by guarded tensors, by what they ask the interpreter."""

from __future__ import annotations

import dataclasses
import gc
import inspect
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.api import MethodCard, Split
from bench.contract.blind_check import is_blind, leaks, spied_fit
from bench.contract.check import Examination, Violation
from bench.contract.reach import reachable
from bench.contract.subject import Subject
from bench.contract.toys import TINY, toys
from bench.methods.plain import Plain
from bench.nn.mlp import MLP
from bench.running.registry import load_registry

NOWHERE = Path("no data needed")


class Cheat(Plain):
    card = MethodCard(id="cheat", title="Cheat", summary="looks around", knowledge="none", citation="")

    def __init__(self, look):
        self.look = look

    def fit(self, problem, ctx):
        self.look(problem)
        return super().fit(problem, ctx)


def by_frames(problem):
    frame = sys._getframe()
    while frame is not None:
        data = frame.f_locals.get("data")
        if data is not None:
            return data
        frame = frame.f_back
    return None


def by_current_frame(problem):
    return inspect.currentframe().f_back


def by_traceback(problem):
    try:
        raise ValueError
    except ValueError as error:
        return error.__traceback__.tb_frame.f_back


def by_objects(problem):
    return [thing for thing in gc.get_objects() if isinstance(thing, torch.Tensor)]


def by_referrers(problem):
    return gc.get_referrers(problem.train.x)


def quietly(problem):
    try:
        by_frames(problem).test.x.mean()
    except Exception:
        return


def test_an_honest_method_raises_no_alarm():
    is_blind(Examination(Plain(), NOWHERE))


@pytest.mark.parametrize(
    ("look", "alarm"),
    [
        (by_frames, "sys._getframe was called at test_blind_check.py"),
        (by_current_frame, "sys._getframe was called at test_blind_check.py"),
        (by_traceback, "object.__getattr__ tb_frame was called at test_blind_check.py"),
        (by_objects, "gc.get_objects was called at test_blind_check.py"),
        (by_referrers, "gc.get_referrers was called at test_blind_check.py"),
    ],
)
def test_a_method_that_looks_around_is_caught_in_the_act(look, alarm):
    alarms = spied_fit(Subject(Cheat(look), toys()[0], NOWHERE, TINY))
    assert alarms[0].startswith(alarm)


def test_a_use_of_the_test_set_is_heard_even_when_the_error_is_swallowed():
    alarms = spied_fit(Subject(Cheat(quietly), toys()[0], NOWHERE, TINY))
    assert "a tensor of the test set or the truth was used (mean)" in alarms


@pytest.mark.parametrize(
    "use",
    [
        lambda data: data.test.x.shape,
        lambda data: data.test.y.numpy(),
        lambda data: data.test.x[0],
        lambda data: torch.linalg.norm(data.truth.textbook),
        lambda data: data.truth.textbook.tolist(),
        lambda data: data.truth.sample(4, torch.Generator()),
        lambda data: data.truth.algebra(None),
    ],
)
def test_every_use_of_the_test_set_and_the_truth_is_heard(use):
    alarms = spied_fit(Subject(Cheat(lambda problem: use(by_frames(problem))), toys()[0], NOWHERE, TINY))
    assert any("of the test set or the truth" in alarm or "the true" in alarm for alarm in alarms)


def test_a_method_that_reads_the_data_cache_is_caught(tmp_path):
    (tmp_path / "test.npy").write_bytes(b"secret")
    cheat = Cheat(lambda problem: (tmp_path / "test.npy").read_bytes())
    assert spied_fit(Subject(cheat, toys()[0], tmp_path, TINY)) == ["the data cache was read (test.npy)"]


def test_a_method_that_imports_tasks_is_caught_without_running_it(tmp_path, monkeypatch):
    (tmp_path / "importing_cheat.py").write_text(
        "from bench.methods.plain import Plain\n"
        "class Importing(Plain):\n"
        "    def fit(self, problem, ctx):\n"
        "        from bench.tasks.toy_se3 import TASKS\n"
        "        raise NotImplementedError\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from importing_cheat import Importing

    with pytest.raises(Violation, match=r"importing_cheat imports bench\.tasks\.toy_se3, which leads to data"):
        is_blind(Examination(Importing(), NOWHERE))
    del sys.modules["importing_cheat"]


@pytest.fixture
def honest():
    subject = Subject(Plain(), toys()[0], NOWHERE, TINY)
    return subject.problem(subject.data), subject.data


def leaky_backbone(data):
    return lambda: MLP((1, 2), (1, 2), width=len(data.test))


def bound_backbone(data):
    class Maker:
        def __init__(self):
            self.hidden = {"deep": [data.test.x.numpy()[3:5]]}

        def make(self):
            return MLP((1, 2), (1, 2))

    return Maker().make


def test_an_honest_problem_leads_nowhere(honest):
    problem, data = honest
    assert list(leaks(problem, data, "toy_vectors", False)) == []


@pytest.mark.parametrize(
    ("change", "way"),
    [
        (lambda p, d: {"backbone": leaky_backbone(d)}, "problem.backbone.__closure__[data] is the TaskData"),
        (lambda p, d: {"backbone": bound_backbone(d)}, "problem.backbone.__self__.hidden['deep'][0] "),
        (
            lambda p, d: {"backbone": partial(MLP, name="toy_vectors")},
            "problem.backbone.keywords['name'] is the task's",
        ),
        (lambda p, d: {"train": Split(p.train.x, p.train.y, d.test.x.numpy()[:, 0, 0].copy())}, None),
        (lambda p, d: {"val": d.test}, "problem.val.x shares memory with the test set"),
        (lambda p, d: {"val": Split(d.test.x * 1.0, p.val.y)}, "problem.val.x holds examples of the test set"),
        (lambda p, d: {"group": d.truth.textbook.clone()}, "problem.group is the true generators"),
        (lambda p, d: {"link": d.truth.algebra}, "problem.link.__closure__[self] is the Toy"),
    ],
)
def test_a_way_to_the_secrets_is_named(honest, change, way):
    problem, data = honest
    found = list(leaks(dataclasses.replace(problem, **change(problem, data)), data, "toy_vectors", False))
    assert way is None or found[0].startswith(way)


def test_a_method_that_is_told_the_group_may_hold_it(honest):
    problem, data = honest
    told = dataclasses.replace(problem, group=data.truth.textbook.clone())
    assert list(leaks(told, data, "toy_vectors", True)) == []


def test_the_walk_follows_what_code_could_follow():
    class Slotted:
        __slots__ = ("held",)

    slotted, base = Slotted(), torch.zeros(4, 2)
    slotted.held = (x for x in [1])
    root = {"a": [partial(max, key=slotted)], "b": base[1:], "c": np.zeros(3)[1:]}
    ways = dict(reachable(root, "root"))
    assert ways["root['a'][0].keywords['key']"] is slotted
    assert any(thing is slotted.held for thing in ways.values())
    assert ways["root['b']._base"] is base
    assert ways["root['c'].base"].shape == (3,)


@pytest.mark.parametrize(
    "name",
    ["toy_se3", "toy_se3_control", "discrete_rotation", "partial_permutation", "nbody_1step_id", "nbody_3step_ood"],
)
def test_no_task_leads_a_method_to_its_test_set_or_truth(name, tmp_path):
    subject = Subject(Plain(), load_registry().task(name), tmp_path, "smoke")
    assert list(leaks(subject.problem(subject.data), subject.data, name, False)) == []
