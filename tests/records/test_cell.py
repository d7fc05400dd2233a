"""Laws of cells: the key names what defines a run, and nothing wrong gets one."""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.records.cell import PATH_PART, make_cell, split_params
from bench.records.preset import preset_path
from bench.records.store import Store
from bench.running.registry import load_registry


@pytest.fixture(scope="module")
def registry():
    return load_registry()


def cell(registry, method="semola", task="nbody_1step_id", **changes):
    choices = {"search": None, "budget": "small", "seed": 0, "fingerprint": "data", "assignments": []} | changes
    return make_cell(registry.task(task), registry.method(method), **choices)


def test_the_seed_is_not_part_of_the_key(registry):
    assert cell(registry, seed=0).key == cell(registry, seed=7).key


@pytest.mark.parametrize(
    "change",
    [
        {"search": "mask2"},
        {"budget": "smoke"},
        {"fingerprint": "other data"},
        {"assignments": [("copies", "2")]},
        {"method": "plain"},
        {"task": "nbody_1step_ood"},
    ],
    ids=str,
)
def test_all_else_is(registry, change):
    assert cell(registry, **change).key != cell(registry).key


def test_an_alias_is_the_same_cell(registry):
    assert cell(registry, method="lieaugmenter") == cell(registry, method="semola")


def test_setting_a_parameter_to_its_default_changes_nothing(registry):
    same = cell(registry, assignments=[("copies", "1")])
    assert same.key == cell(registry).key
    assert not same.changed


def test_a_changed_parameter_is_named(registry):
    assert cell(registry, assignments=[("copies", "2")]).changed == {"copies": 2}


def test_the_budget_of_the_task_reaches_every_method(registry):
    budget = registry.task("nbody_1step_id").card.budgets["small"]
    for method in ("plain", "semola", "true+augment"):
        params = cell(registry, method=method).params
        assert (params["passes"], params["batch_size"], params["lr"]) == (budget.passes, budget.batch_size, budget.lr)


def test_the_number_of_generators_is_told_by_the_task(registry):
    assert cell(registry, task="qm9_homo").params["n_generators"] == 6
    assert cell(registry).params["n_generators"] == 1


def test_a_pipeline_takes_parameters_of_both_stages(registry):
    pipeline = cell(registry, method="semola+augment", assignments=[("semola.copies", "2"), ("copies", "3")])
    assert (pipeline.params["semola.copies"], pipeline.params["copies"]) == (2, 3)
    assert split_params(pipeline.params, "semola.", ())["copies"] == 2
    assert split_params(pipeline.params, "", ["task.", "semola.", ""])["copies"] == 3


def test_task_options_are_parameters_with_a_prefix(registry):
    assert cell(registry, task="qm9_homo").params["task.backbone"] == "trivial"
    changed = cell(registry, task="qm9_homo", assignments=[("task.backbone", "t3")])
    assert changed.changed == {"task.backbone": "t3"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": "smal"}, "unknown budget 'smal' of task 'nbody_1step_id'. Did you mean 'small'?"),
        ({"search": "mask3"}, "unknown search space 'mask3' of task 'nbody_1step_id'. Did you mean 'mask"),
        ({"method": "plain", "search": "mask2"}, "method 'plain' does not use a search space"),
        ({"assignments": [("copeis", "2")]}, "unknown parameter 'copeis' of semola. Did you mean 'copies'?"),
        (
            {"assignments": [("coefficient_range", "-1.0")]},
            "'coefficient_range' of semola is -1.0; it must be a number",
        ),
        ({"assignments": [("task.backbone", "x")]}, "unknown parameter 'backbone' of nbody_1step_id"),
    ],
    ids=str,
)
def test_a_wrong_choice_is_refused(registry, change, message):
    with pytest.raises(BenchError) as error:
        cell(registry, **change)
    assert message in str(error.value)


ODD_NAMES = st.one_of(
    st.text(), st.text("./\\a+@-", max_size=8), st.sampled_from(["../../x", "/tmp/x", "..", ".", "", "x" * 300])
)


@given(st.tuples(*[ODD_NAMES] * 4))
def test_no_path_leaves_the_results_whatever_an_id_says(registry, names):
    task, method, search, budget = names
    odd = replace(cell(registry), task=task, method=method, search=search, budget=budget)
    root = Path("/results/folder").resolve()
    for top, place in ((root, Store(root).path), (root.parent / "sweeps", lambda cell: preset_path(root, cell))):
        if PATH_PART.fullmatch(method) is None:
            with pytest.raises(BenchError, match="cannot name a folder"):
                place(odd)
            continue
        with contextlib.suppress(BenchError):
            path = place(odd).parent.resolve()
            assert path.is_relative_to(top)
            assert len(path.relative_to(top).parts) == 3
