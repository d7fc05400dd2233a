"""A smooth twin has the shape of its network and derivatives that change continuously."""

import pytest
import torch

from bench.nn.cnn import CNN
from bench.nn.lieconv import LieConvNet
from bench.nn.mlp import MLP
from bench.nn.smooth_twin import smooth_twin


def test_a_perceptron_keeps_its_sizes_and_gets_another_activation():
    network, x = MLP((2, 3), (1, 4), 16, 2), torch.randn(5, 2, 3)
    twin = smooth_twin(network, x)
    assert [p.shape for p in twin.parameters()] == [p.shape for p in network.parameters()]
    twin.load_state_dict(network.state_dict())
    assert twin(x).shape == network(x).shape
    assert not torch.equal(twin(x), network(x))


def test_the_second_derivative_of_a_twin_is_not_zero():
    network = MLP((1, 2), (1, 1), 8, 2)
    x = torch.randn(1, 1, 2)
    twin = smooth_twin(network, x)

    def curvature(f):
        return torch.autograd.functional.hessian(lambda z: f(z).sum(), x).abs().max()

    assert float(curvature(network)) == 0.0
    assert float(curvature(twin)) > 0.0


def test_a_convolutional_network_is_replaced_by_a_perceptron_on_pixels():
    x = torch.randn(4, 1, 12, 12)
    twin = smooth_twin(CNN(4, 3), x)
    assert twin(x).shape == (4, 3)
    assert not any(isinstance(part, torch.nn.Conv2d) for part in twin.modules())


def test_a_smooth_network_stays_as_it_is():
    network = LieConvNet(8, 1, "trivial")
    assert smooth_twin(network, torch.zeros(1, 2, 4)) is network


@pytest.mark.parametrize("activation", [torch.relu, torch.nn.functional.silu])
def test_the_activation_is_applied_between_layers(activation):
    network, x = MLP((1, 2), (1, 1), 4, 1, activation), torch.randn(3, 1, 2)
    first, last = network.layers
    torch.testing.assert_close(network(x)[:, 0], last(activation(first(x[:, 0]))))
