"""Laws of discoverer+consumer: both stages are counted, and the consumer gets what the discoverer found."""

import pytest
import torch

from bench.api import RunContext
from bench.cell import make_cell
from bench.errors import Unsupported
from bench.problem import make_problem
from bench.registry import load_registry
from bench.worker import stage_params

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    registry, folder = load_registry(), tmp_path_factory.mktemp("data")
    task = registry.task("nbody_1step_id")
    data = task.load(task.card.budgets["smoke"], None, folder)

    def fit_method(name, told_group=False):
        method = registry.method(name)
        cell = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="")
        ctx = RunContext(stage_params(cell, method), 0, CPU, folder)
        return method.fit(make_problem(data, "mask2", CPU, told_group=told_group), ctx), ctx

    return fit_method


def test_both_stages_are_counted_and_logged_apart(fit):
    alone, one = fit("semola")
    fitted, both = fit("semola+augment")
    assert both.steps == 2 * one.steps
    assert both.samples == 2 * one.samples
    assert {"semola/val/loss", "val/loss"} <= set(both.history)
    assert fitted.parameters > alone.parameters


def test_the_consumer_uses_what_the_discoverer_found(fit):
    alone, _ = fit("semola")
    fitted, _ = fit("semola+augment")
    torch.testing.assert_close(fitted.symmetry().generators, alone.symmetry().generators)


def test_a_method_that_finds_nothing_cannot_be_a_discoverer(fit):
    with pytest.raises(Unsupported, match="'plain' discovers no symmetry that could be handed on"):
        fit("plain+augment")
