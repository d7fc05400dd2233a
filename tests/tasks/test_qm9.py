"""Laws of the QM9 task, on real molecules where the cache holds them."""

import pytest
import torch

from bench.api.parameters import from_values
from bench.datasets.cache import data_dir
from bench.lie.algebra import se
from bench.lie.field import field_gram
from bench.metrics.symmetry import compare
from bench.nn.accelerated import Accelerated
from bench.records.cell import make_cell
from bench.running.registry import load_registry
from bench.tasks.qm9 import QM9Options

needs_molecules = pytest.mark.skipif(
    not (data_dir() / "qm9" / "qm9.npz").exists(), reason="needs qm9/qm9.npz in SYMMETRY_BENCH_DATA"
)


@pytest.fixture(scope="module")
def data(load_all):
    task = load_registry().task("qm9_homo")
    budget = task.card.budgets["smoke"]
    return load_all(task, budget, from_values(QM9Options, budget.options, owner="qm9_homo"), data_dir(), 0)


@needs_molecules
def test_targets_are_standardised_and_come_back_in_mev(data):
    y = data.units.y_to_training(data.train.y)
    assert float(y.mean()) == pytest.approx(0.0, abs=1e-4)
    assert float(y.std()) == pytest.approx(1.0, abs=1e-4)
    torch.testing.assert_close(data.units.y_to_physical(y), data.train.y)
    assert -9000 < float(data.train.y.mean()) < -4000  # HOMO lies around -6.5 eV


@needs_molecules
def test_every_test_molecule_is_scored_once(data):
    seen = torch.cat([index for index, _ in data.test.batches(7)])
    assert sorted(seen.tolist()) == list(range(len(data.test)))
    assert len(data.test) == 64


@needs_molecules
def test_the_search_space_contains_the_declared_truth_and_sees_all_of_it(data):
    space = data.spaces["affine3d"]
    gram = field_gram(data.action_in, data.val.x, space.basis, data.field_weights)
    scores = compare(se(3), data.truth.algebra(space), space.basis, gram)
    assert (scores.dimension, scores.precision, scores.recall) == (6, pytest.approx(1.0), pytest.approx(1.0))
    assert scores.precision_chance == pytest.approx(0.5)


@needs_molecules
@pytest.mark.parametrize(("backbone", "invariant"), [("t3", True), ("trivial", False)])
def test_the_backbone_is_the_one_that_the_option_names(load_all, backbone, invariant):
    task = load_registry().task("qm9_homo")
    options = from_values(QM9Options, {"width": 8, "blocks": 1, "backbone": backbone}, owner="qm9_homo")
    chosen = load_all(task, "smoke", options, data_dir())
    torch.manual_seed(0)
    network = chosen.backbone().double().eval()
    x = chosen.test.x[:8].double()
    shift = torch.zeros(8, 4, 4)
    shift[:, :3, 3] = 1.0
    with torch.no_grad():
        change = (network(x) - network(chosen.action_in.apply(shift, x))).abs().max()
    assert float(change) < 1e-9 if invariant else float(change) > 1e-6


def test_the_budget_sets_the_size_of_the_network():
    registry = load_registry()
    task, plain = registry.task("qm9_homo"), registry.method("plain")
    sizes = {b: make_cell(task, plain, search=None, budget=b, seed=0, fingerprint="").params["task.width"]
             for b in ("smoke", "small", "paper")}  # fmt: skip
    assert sizes == {"smoke": 8, "small": 64, "paper": 1536}


def test_precision_and_compilation_are_in_the_key_only_where_they_are_chosen():
    registry = load_registry()
    task, method = registry.task("qm9_homo"), registry.method("plain")

    def cell(*assignments):
        return make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="f", assignments=assignments)

    plain, same = cell(), cell(("task.precision", "float32"), ("task.compile", "false"))
    fast = cell(("task.precision", "bfloat16"))
    assert plain.key == same.key != fast.key
    assert fast.changed == {"task.precision": "bfloat16"}
    assert "task.precision" not in plain.params


@needs_molecules
def test_the_chosen_precision_reaches_the_network():
    task = load_registry().task("qm9_homo")
    values = {"width": 8, "blocks": 1, "precision": "bfloat16"}
    chosen = task.load(task.card.budgets["smoke"], from_values(QM9Options, values, owner="qm9_homo"), data_dir(), 0)
    network = chosen.backbone()
    assert isinstance(network, Accelerated)
    assert network.reduced
