"""Laws of the eccentric twin: the textbook's rotation is all that is left, and the data themselves say so."""

import pytest
import torch

from bench.datasets.two_body import RELEASED, flow_step
from bench.lie.field import field_gram
from bench.lie.vectors import VectorAction
from bench.metrics.symmetry import compare
from bench.running.registry import load_registry
from bench.tasks.nbody import rotation, torus

ROTATION, TORUS = rotation(), torus()


@pytest.fixture(scope="module")
def load(tmp_path_factory, load_all):
    registry, folder = load_registry(), tmp_path_factory.mktemp("data")
    return lambda name: load_all(registry.task(name), "small", None, folder)


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


def states_and_next(data):
    return data.test.x[:2000, 0].double(), data.test.y[:2000, 0].double()


def test_a_map_that_the_torus_leaves_alone_fits_circular_labels_though_it_is_not_the_flow(load):
    def circular(x):  # every 2-vector turns at the circular rate, which only |q1| sets
        rate = 0.5 * x[:, :2].norm(dim=1) ** -1.5
        return VectorAction(8).apply(RELEASED.dt * rate[:, None, None] * ROTATION[0], x)

    x, y = states_and_next(load("nbody_1step_iid"))
    angles = torch.randn(len(x), 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    algebra = torch.einsum("nk,kij->nij", angles, TORUS)
    turned, expected = (VectorAction(8).apply(algebra, s) for s in (x, y))
    step = (y - x).norm(dim=1).mean()
    torch.testing.assert_close(circular(turned), VectorAction(8).apply(algebra, circular(x)))
    assert float((circular(turned) - expected).norm(dim=1).mean() / step) < 0.01
    assert float((flow_step(turned, RELEASED.dt) - expected).norm(dim=1).mean() / step) > 0.5


def test_labels_contradict_the_torus_on_generic_orbits_only(load):
    def contradiction(name):
        # Turning the momenta alone can reverse the radial velocity: the mirrored motion, as likely in the data.
        # Were the torus a symmetry, the distance after the step could not tell the two apart.
        x, y = states_and_next(load(name))
        unit = torch.nn.functional.normalize(x[:, :2], dim=1)
        radial = 2.0 * (x[:, 2:4] * unit).sum(1, keepdim=True) * unit
        turned = x - torch.cat([torch.zeros_like(unit), radial, torch.zeros_like(unit), -radial], dim=1)
        after = flow_step(turned, RELEASED.dt)[:, :2].norm(dim=1)
        return float((after - y[:, :2].norm(dim=1)).abs().mean() / (y - x).norm(dim=1).mean())

    circular, eccentric = contradiction("nbody_1step_iid"), contradiction("nbody_eccentric_1step")
    assert circular < 0.005
    assert eccentric > 100 * circular
