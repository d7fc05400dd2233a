"""Laws of GradNorm: equal losses keep equal weights, unequal gradients meet, and the slower loss is favoured."""

import pytest
import torch
from torch import nn

from bench.errors import BenchError
from bench.nn.grad_norm import LEAST, GradNorm, gradient_norms, last_weight


def balance(steps, losses, norms, gamma=1.5, rate=0.025):
    """The weights after ``steps`` updates with ``losses(step)`` and ``norms(step)``."""
    module = GradNorm(torch.ones(2), gamma, rate)
    for step in range(steps):
        module.update(torch.tensor(losses(step)), torch.tensor(norms(step)))
    return module.weights.tolist()


def test_two_copies_of_one_loss_keep_their_weights():
    loss, norm = torch.rand(2, 100, generator=torch.Generator().manual_seed(0)).tolist()
    assert balance(100, lambda s: [loss[s]] * 2, lambda s: [norm[s]] * 2) == pytest.approx([1, 1], abs=1e-3)


@pytest.mark.parametrize("gamma", [0.0, 1.5])
def test_a_loss_ten_times_as_large_gets_a_tenth_of_the_weight(gamma):
    # Both fall alike, so their relative rates are 1 and only the gradients differ: w = (20, 2) / 11.
    weights = balance(3000, lambda s: [0.99**s, 10 * 0.99**s], lambda s: [0.1, 1.0], gamma, rate=0.002)
    assert weights == pytest.approx([20 / 11, 2 / 11], abs=0.01)
    assert sum(weights) == pytest.approx(2.0)


def test_the_loss_that_fell_less_is_favoured_and_not_at_gamma_0():
    still, fallen = balance(2000, lambda s: [1.0, 0.5 if s else 1.0], lambda s: [0.1, 0.1], gamma=1.0, rate=0.01)
    assert (still, fallen) == pytest.approx((4 / 3, 2 / 3), abs=0.01)  # rates 4/3 and 2/3
    assert balance(2000, lambda s: [1.0, 0.5 if s else 1.0], lambda s: [0.1, 0.1], 0.0) == pytest.approx([1, 1])


def test_weights_stay_positive_and_keep_the_sum_of_the_start():
    module = GradNorm(torch.tensor([3.0, 1.0]), 1.5, 1.0)
    module.update(torch.ones(2), torch.tensor([0.0, 1e6]))
    assert module.weights.sum() == pytest.approx(4.0)
    assert 0 < float(module.weights.min()) <= 4 * LEAST
    module.update(torch.zeros(2), torch.zeros(2))  # a loss of 0 divides nothing by 0
    assert bool(module.weights.isfinite().all())


def test_an_update_is_part_of_the_state_and_leaves_the_graph_of_the_step_intact():
    module, value = GradNorm(torch.ones(2), 1.5, 0.1), torch.tensor(2.0, requires_grad=True)
    loss = module.weights[0] * value.square() + module.weights[1] * value
    module.update(torch.tensor([4.0, 2.0]), torch.tensor([4.0, 1.0]))
    loss.backward()  # raises if the weights had been changed in place
    assert float(value.grad) == 5.0
    other = GradNorm(torch.ones(2), 1.5, 0.1)
    other.load_state_dict(module.state_dict())
    assert torch.equal(other.weights, module.weights)
    assert other.first.tolist() == [4.0, 2.0]


def test_the_layer_is_the_last_with_two_dimensions_and_the_gradients_are_those_of_its_weights():
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2), nn.BatchNorm1d(2))
    weight = last_weight(network)
    assert weight is network[2].weight
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    losses = torch.stack([network(x)[:, 0].sin().mean(), network(x)[:, 1].exp().mean()])
    norms = gradient_norms(losses, weight)
    assert all(value.grad is None for value in network.parameters())
    for index in range(2):
        network.zero_grad()
        losses[index].backward(retain_graph=True)
        assert float(norms[index]) == pytest.approx(float(weight.grad.norm()))


def test_a_network_without_a_matrix_is_refused():
    with pytest.raises(BenchError, match="BatchNorm1d has no parameter of two or more dimensions"):
        last_weight(nn.BatchNorm1d(2))
