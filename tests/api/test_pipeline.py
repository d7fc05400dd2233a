"""Laws of discoverer+consumer: the consumer gets what was found, in its own process or through the store."""

import pytest
import torch

from bench.api import RunContext, SymmetryEstimate
from bench.api.coefficients import uniform_sampler
from bench.api.discovery import from_arrays, to_arrays
from bench.api.training_problem import make_problem
from bench.errors import BenchError
from bench.records.cell import discovery_of, make_cell
from bench.records.store import Store
from bench.running.jobs import Job
from bench.running.registry import load_registry
from bench.running.session import Session
from bench.running.supervisor import run_in_worker
from bench.running.worker import stage_params

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def registry():
    return load_registry()


@pytest.fixture(scope="module")
def task(registry):
    return registry.task("nbody_1step_id")


@pytest.fixture(scope="module")
def cell_of(registry, task):
    def make(name, **choices):
        return make_cell(
            task, registry.method(name), **{"search": None, "budget": "smoke", "seed": 0, "fingerprint": ""} | choices
        )

    return make


def test_the_discovery_is_the_cell_that_the_discoverer_alone_would_run(registry, cell_of):
    changes = [("semola.copies", "2"), ("copies", "3")]
    pipeline = cell_of("semola+augment", search="mask2", assignments=changes, train_fraction=0.5)
    alone = cell_of("semola", search="mask2", assignments=[("copies", "2")], train_fraction=0.5)
    assert discovery_of(pipeline, registry.method("semola+augment")) == alone


def test_the_true_group_is_no_discovery(registry, cell_of):
    assert discovery_of(cell_of("true+augment"), registry.method("true+augment")) is None
    assert discovery_of(cell_of("plain"), registry.method("plain")) is None


def test_the_consumer_uses_what_was_stored_and_is_charged_for_it(registry, task, cell_of, tmp_path):
    store, method = Store(tmp_path / "results"), registry.method("semola+augment")
    cell = cell_of("semola+augment", search="mask2")
    first = discovery_of(cell, method)
    session = Session(store, registry, "cpu", tmp_path)
    alone = run_in_worker(Job(first), session)
    both = run_in_worker(Job(cell, first), session)
    assert (alone.status, both.status) == ("ok", "ok"), both.reason
    assert both.discovery_place == store.place(first)
    found, used = (store.arrays(r.place)["generators"] for r in (alone, both))
    assert found == pytest.approx(used, rel=1e-6)
    assert both.cost.steps == alone.cost.steps
    assert both.cost.with_discovery(alone.cost).steps == 2 * alone.cost.steps


def test_generators_and_their_distribution_survive_the_store(task, tmp_path):
    units = task.load(task.card.budgets["smoke"], None, tmp_path, 0).units
    generators = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(0))
    estimate = SymmetryEstimate(generators, uniform_sampler(generators, 0.5), torch.tensor([1.0, 0.5]))
    back = from_arrays(to_arrays(estimate, units), units)
    torch.testing.assert_close(back.generators, generators)
    torch.testing.assert_close(back.strength.float(), estimate.strength)
    draws = [e.sample(5, torch.Generator().manual_seed(1)) for e in (estimate, back)]
    torch.testing.assert_close(*draws)


def test_a_distribution_without_a_name_cannot_be_handed_on(task, tmp_path):
    units = task.load(task.card.budgets["smoke"], None, tmp_path, 0).units
    estimate = SymmetryEstimate(torch.eye(8)[None], lambda n, generator: torch.zeros(n, 8, 8))
    with pytest.raises(BenchError, match="its discoverer's distribution has no name"):
        from_arrays(to_arrays(estimate, units), units)


def test_the_told_group_is_asked_in_the_consumers_own_process(registry, task, cell_of, tmp_path):
    data, group = task.load(task.card.budgets["smoke"], None, tmp_path, 0), task.group(None, tmp_path)
    method, cell = registry.method("true+augment"), cell_of("true+augment")
    ctx = RunContext(stage_params(cell, method), 0, CPU, tmp_path)
    problem = make_problem(data, "full", CPU, group)
    fitted = method.fit(problem, ctx)
    torch.testing.assert_close(fitted.symmetry().generators, problem.group.generators)


def test_halves_that_do_not_fit_are_refused(registry, cell_of):
    with pytest.raises(BenchError, match="'plain' returns no generators"):
        registry.method("plain+augment")
    with pytest.raises(BenchError, match="'plain' takes no generators"):
        registry.method("true+plain")
    with pytest.raises(BenchError, match="run it as <discoverer>\\+augment"):
        cell_of("augment")
