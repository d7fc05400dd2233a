"""Laws of the convolutional network on periodic fields."""

import pytest
import torch

from bench.lie.action import directional_derivative
from bench.nn.periodic_cnn import PeriodicCNN
from bench.nn.smooth_twin import smooth_twin


def test_it_commutes_with_shifts_of_the_grid():
    torch.manual_seed(0)
    net, x = PeriodicCNN(2, width=5).double(), torch.randn(3, 2, 8, 6, dtype=torch.float64)
    shifted = x.roll((3, -1), (2, 3))
    torch.testing.assert_close(net(shifted), net(x).roll((3, -1), (2, 3)))


def test_an_output_depends_on_the_five_by_five_inputs_around_it():
    torch.manual_seed(0)
    net = PeriodicCNN(2, width=5).double()
    x = torch.randn(1, 2, 8, 8, dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(net(x)[0, 0, 0, 0], x)
    reached = torch.tensor([True, True, True, False, False, False, True, True])
    for channel in grad[0]:
        assert torch.equal(channel != 0, reached[:, None] & reached)


def test_it_is_its_own_smooth_twin_and_its_forward_derivative_is_right():
    torch.manual_seed(0)
    net, (x, v) = PeriodicCNN(2, width=4, hidden_layers=2).double(), torch.randn(2, 3, 2, 6, 6, dtype=torch.float64)
    assert smooth_twin(net, x) is net
    h = 1e-6
    torch.testing.assert_close(directional_derivative(net, x, v), (net(x + h * v) - net(x - h * v)) / (2 * h))


def test_sizes_and_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="width 0"):
        PeriodicCNN(2, width=0)
    with pytest.raises(ValueError, match=r"fields of shape \(4, 3, 8, 8\); they must be \(n, 2, h, w\)"):
        PeriodicCNN(2)(torch.zeros(4, 3, 8, 8))
