"""Laws of the two-body network."""

import pytest
import torch

from bench.nn.mlp import MLP


def test_the_reference_network_has_four_linear_layers_of_the_published_sizes():
    sizes = [tuple(layer.weight.shape) for layer in MLP((5, 8), (3, 8)).layers]
    assert sizes == [(32, 40), (32, 32), (32, 32), (24, 32)]


def test_the_output_has_the_asked_shape_and_depends_on_every_input_number():
    torch.manual_seed(0)
    x = torch.randn(4, 2, 8, dtype=torch.float64, requires_grad=True)
    out = MLP((2, 8), (3, 8)).double()(x)
    assert out.shape == (4, 3, 8)
    (grad,) = torch.autograd.grad(out.square().sum(), x)
    assert (grad != 0).all()


def test_without_hidden_layers_it_is_affine():
    torch.manual_seed(0)
    net, x, y = MLP((1, 3), (1, 2), hidden_layers=0).double(), *torch.randn(2, 4, 1, 3, dtype=torch.float64)
    torch.testing.assert_close(net(2 * x - y), 2 * net(x) - net(y))


def test_wrong_shapes_and_sizes_are_refused_by_name():
    with pytest.raises(ValueError, match=r"input of shape \(4, 8, 2\); it must be \(n, 2, 8\)"):
        MLP((2, 8), (1, 8))(torch.zeros(4, 8, 2))
    with pytest.raises(ValueError, match="width 0"):
        MLP((2, 8), (1, 8), width=0)
