"""Laws of the GCNN method: invariant under quarter turns, sized like the task's network, and clear about its limits."""

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split
from bench.lie.action import IdentityAction
from bench.lie.images import ImageAction
from bench.lie.search_space import affine2d, full
from bench.lie.vectors import VectorAction
from bench.methods.gcnn import GCNN, GCNNParams, build
from bench.metrics.cost import parameter_count
from bench.nn.cnn import CNN
from bench.nn.p4cnn import P4CNN

CPU = torch.device("cpu")


def problem(batch_norm=True, n=40):
    x = torch.rand(n, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    split = Split(x, torch.arange(n) % 10)
    return Problem(split, split, ImageAction(12), IdentityAction(3), affine2d(), nn.functional.cross_entropy,
                   lambda: CNN(8, 10, 0.0, batch_norm), CPU, lambda logits: logits.softmax(1))  # fmt: skip


def fit(tmp_path, **changes):
    changes = {"passes": 40 * changes.pop("epochs", 2)} | changes
    params = GCNNParams(**{"batch_size": 16, "lr": 1e-2} | changes)
    return GCNN().fit(problem(), RunContext(params, 0, CPU, tmp_path))


def test_probabilities_do_not_change_under_quarter_turns(tmp_path):
    fitted, x = fit(tmp_path), problem().train.x
    assert fitted.predict(x).sum(1) == pytest.approx(1.0)
    for turns in (1, 2, 3):
        torch.testing.assert_close(fitted.predict(torch.rot90(x, turns, (2, 3))), fitted.predict(x), rtol=0, atol=1e-4)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_it_has_nearly_the_parameters_and_the_layers_of_the_tasks_network(batch_norm):
    given = problem(batch_norm)
    chosen = parameter_count(build(given, GCNNParams()))
    for other in range(1, 12):
        assert abs(chosen - parameter_count(CNN(8, 10, 0.0, batch_norm))) <= abs(
            parameter_count(P4CNN(other, 10, 0.0, batch_norm)) - parameter_count(CNN(8, 10, 0.0, batch_norm))
        )


def test_the_width_can_be_chosen():
    assert parameter_count(build(problem(), GCNNParams(width=3))) == parameter_count(P4CNN(3))


def test_what_it_cannot_treat_is_said():
    x = torch.zeros(4, 1, 8)
    vectors = Split(x, x)
    action = VectorAction(8)
    given = Problem(vectors, vectors, action, action, full(8), nn.functional.mse_loss, lambda: nn.Linear(8, 8), CPU)
    assert GCNN().supports(given) == "group convolutions classify images; the task gives something else"
    assert GCNN().supports(problem()) is None


def test_finer_groups_come_from_escnn(tmp_path):
    pytest.importorskip("escnn")
    fitted, x = fit(tmp_path, group="c8", epochs=1), problem().train.x
    assert fitted.parameters == pytest.approx(parameter_count(CNN(8)), rel=0.35)  # widths are whole numbers
    quarter = torch.rot90(x, 1, (2, 3))
    torch.testing.assert_close(fitted.predict(quarter), fitted.predict(x), rtol=0, atol=1e-4)
