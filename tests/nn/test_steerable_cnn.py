"""Laws of the steerable network; its layers are escnn's, so most run only where the extra `escnn` is installed."""

import copy
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from bench.errors import BenchError
from bench.nn.steerable_cnn import steerable_cnn


@pytest.fixture
def escnn() -> Any:
    """The module; without it the test is skipped."""
    return pytest.importorskip("escnn.nn")


@pytest.mark.parametrize("batch_norm", [True, False], ids=["bn", "no-bn"])
@pytest.mark.parametrize("group", ["c4", "c8", "c16"])
def test_the_logits_do_not_change_under_quarter_turns(escnn, group, batch_norm):
    torch.manual_seed(0)
    net, x = steerable_cnn(group, 2, classes=7, mean=0.2, batch_norm=batch_norm), torch.rand(6, 1, 28, 28)
    for training in (True, False):
        net.train(training)
        expected = net(x)
        assert expected.shape == (6, 7)
        assert type(expected) is Tensor
        spread = expected.std(0).max().item()
        assert spread > 1e-3
        torch.testing.assert_close(net(x.rot90(1, (2, 3))), expected, atol=min(1e-4, 0.01 * spread), rtol=0)
        assert (net(x.flip(3)) - expected).abs().max() > 0.1 * spread


def test_an_evaluated_network_can_be_copied_and_loads_weights_and_follows_them(escnn):
    torch.manual_seed(0)
    net, other = steerable_cnn("c8", 2).eval(), steerable_cnn("c8", 2).eval()
    x = torch.rand(2, 1, 28, 28)
    assert (net(x) - other(x)).abs().max() > 1e-3
    torch.testing.assert_close(copy.deepcopy(net)(x), net(x))
    other.load_state_dict(net.train().state_dict())
    torch.testing.assert_close(other(x), net.eval()(x))


def test_every_parameter_gets_a_gradient(escnn):
    net = steerable_cnn("c4", 2)
    net(torch.rand(3, 1, 12, 12)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())


def test_wrong_images_are_refused_with_their_shape(escnn):
    with pytest.raises(ValueError, match=r"SteerableCNN got images of shape \(3, 1, 30, 30\)"):
        steerable_cnn("c4", 2)(torch.zeros(3, 1, 30, 30))


def test_wrong_groups_and_sizes_are_refused_by_name():
    with pytest.raises(ValueError, match="steerable_cnn got group 'c6'; it must be one of c4, c8, c16"):
        steerable_cnn("c6")
    with pytest.raises(ValueError, match="steerable_cnn got width 0 and classes 10"):
        steerable_cnn("c8", 0)


def test_without_escnn_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "escnn", None)
    message = r"group 'c8' of gcnn needs escnn, .*; `pip install \"symmetry-bench\[escnn\]\"` \(needs a Fortran"
    with pytest.raises(BenchError, match=message):
        steerable_cnn("c8")
