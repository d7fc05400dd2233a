"""Laws of the eccentric twin: the textbook's rotation is all that is left, and the data themselves say so."""

import pytest
import torch

from bench.lie.field import field_gram
from bench.metrics.symmetry import compare
from bench.registry import load_registry
from bench.tasks.nbody import ROTATION, TORUS


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    registry, folder = load_registry(), tmp_path_factory.mktemp("data")
    return lambda name: registry.task(name).load(registry.task(name).card.budgets["small"], None, folder)


@pytest.mark.parametrize("search", ["full", "mask2", "mask4"])
@pytest.mark.parametrize("steps", [1, 3])
def test_the_true_algebra_is_the_textbooks(load, steps, search):
    data = load(f"nbody_eccentric_{steps}step")
    space = data.spaces[search]
    gram = field_gram(data.action_in, data.val.x[:200], space.basis, data.field_weights)
    scores = compare(ROTATION, data.truth.algebra(space), space.basis, gram)
    assert (scores.dimension, scores.true_dimension) == (1, 1)
    assert min(scores.precision, scores.recall) == pytest.approx(1.0, abs=1e-6)
    assert data.truth.on_data is None


def reach(data):
    """How far states whose momenta alone are turned lie from the training states, against untouched ones."""
    scale = data.field_weights.sqrt()
    momenta = 0.7 * (TORUS[1] + TORUS[3])  # both bodies' alike, so that they stay mirror images
    x = data.test.x[:300].double()
    turned = data.action_in.apply(momenta.expand(300, -1, -1), x)
    train = data.train.x[:, 0].double() * scale
    nearest = [torch.cdist(states[:, 0] * scale, train).amin(1).median() for states in (turned, x)]
    return float(nearest[0] / nearest[1])


def test_only_eccentric_orbits_reach_where_momenta_turned_alone_would_go(load):
    # On circular orbits momenta are tangential: turned ones meet no label that could contradict them.
    assert reach(load("nbody_1step_iid")) > 20
    assert reach(load("nbody_eccentric_1step")) < 3
