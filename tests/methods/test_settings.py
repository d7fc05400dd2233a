"""Settings never saw the truth: the same on every task, printed ones by family, sweeps on seeds of their own."""

import pytest

from bench.errors import BenchError
from bench.records.cell import make_cell, stages_of
from bench.records.preset import PUBLISHED, preset_cell
from bench.running.registry import load_registry
from bench.running.suite import BUILT_IN, parse_seeds, read_suite
from bench.running.sweeps.search import FIRST_SEED

REGISTRY = load_registry()
FAMILIES = {task.card.family for task in REGISTRY.tasks.values()}
#: What the task's budget supplies or its card tells.
TOLD = {"passes", "batch_size", "lr", "steps", "n_generators"}
PUBLISHED_ROWS = [(m, f) for m in REGISTRY.methods.values() for f in m.published]


def test_no_table_of_settings_is_keyed_by_a_task():
    assert not FAMILIES & set(REGISTRY.tasks)
    for method in REGISTRY.methods.values():
        assert set(method.published) <= FAMILIES, method.card.id


@pytest.mark.parametrize("name", sorted(n for n, m in REGISTRY.methods.items() if not m.card.consumes))
def test_the_defaults_of_a_method_are_the_same_on_every_task(name):
    method = REGISTRY.method(name)
    cells = [
        make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="") for task in REGISTRY.tasks.values()
    ]
    own = [{n: v for n, v in c.params.items() if n not in TOLD and not n.startswith("task.")} for c in cells]
    assert all(params == own[0] for params in own)


def test_sweeps_never_train_with_a_seed_of_the_boards():
    seeds = {seed for path in BUILT_IN.values() for block in read_suite(path) for seed in parse_seeds(block["seeds"])}
    assert max(seeds) < 100 <= FIRST_SEED


@pytest.mark.parametrize(("method", "family"), PUBLISHED_ROWS, ids=lambda x: x if isinstance(x, str) else x.card.id)
def test_published_settings_make_a_cell_of_their_own(method, family, tmp_path):
    task = next(task for task in REGISTRY.tasks.values() if task.card.family == family)
    name = f"{method.card.id}+augment" if method.card.consumes else method.card.id
    cell = preset_cell(
        PUBLISHED, tmp_path, task, REGISTRY.method(name), search=None, budget="small", seed=0, fingerprint=""
    )
    assert cell.preset == PUBLISHED
    assert set(cell.changed) <= set(method.published[family])
    assert len(stages_of(method)) == 1


def test_a_method_without_printed_settings_says_so(tmp_path):
    task, method = REGISTRY.task("toy_se3"), REGISTRY.method("semola")
    with pytest.raises(BenchError, match="no preset 'published' of semola: its authors print no settings for the fam"):
        preset_cell(PUBLISHED, tmp_path, task, method, search=None, budget="small", seed=0, fingerprint="")
