"""Laws of the masked batch norm; the oracle is torch.nn.BatchNorm1d on the valid rows alone."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bench.nn.masked_batchnorm import MaskedBatchNorm, Valid


def make_pair(features, dtype):
    """A masked norm and its oracle with the same random parameters."""
    ours, oracle = MaskedBatchNorm(features).to(dtype), nn.BatchNorm1d(features).to(dtype)
    with torch.no_grad():
        for name in ("weight", "bias"):
            getattr(ours, name).copy_(torch.randn(features))
            getattr(oracle, name).copy_(getattr(ours, name))
    return ours, oracle


def run(norm, form, x, mask):
    """Both forms of the layer as functions of ``(..., c)`` that end in swish."""
    if form == "forward":
        return F.silu(norm(x, mask))
    return norm.swish(x.flatten(0, -2), Valid.of(mask, x.dtype)).view_as(x)


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(6, 7, 5, dtype=torch.float64) * torch.tensor([1.0, 2, 3, 4, 5]) + 1.5


@pytest.fixture
def mask():
    torch.manual_seed(1)
    return torch.rand(6, 7) < 0.6


@pytest.mark.parametrize("form", ["forward", "swish"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_training_and_evaluation_equal_torch_batch_norm_on_the_valid_rows(form, dtype, x, mask):
    ours, oracle = make_pair(5, dtype)
    x = x.to(dtype)
    for _ in range(3):
        torch.testing.assert_close(run(ours, form, x, mask)[mask], F.silu(oracle(x[mask])), atol=1e-5, rtol=1e-5)
        x = x * 1.1 + 0.3
    torch.testing.assert_close(ours.running_mean, oracle.running_mean)
    torch.testing.assert_close(ours.running_var, oracle.running_var)
    ours.eval(), oracle.eval()
    torch.testing.assert_close(run(ours, form, x, mask)[mask], F.silu(oracle(x[mask])), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("form", ["forward", "swish"])
def test_gradients_equal_torch_batch_norm_on_the_valid_rows(form, x, mask):
    ours, oracle = make_pair(5, torch.float64)
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    target = torch.randn_like(x[mask])
    (run(ours, form, a, mask)[mask] * target).sum().backward()
    (F.silu(oracle(b[mask])) * target).sum().backward()
    torch.testing.assert_close(a.grad, b.grad)
    torch.testing.assert_close(ours.weight.grad, oracle.weight.grad)
    torch.testing.assert_close(ours.bias.grad, oracle.bias.grad)


def test_the_fused_backward_equals_finite_differences_also_at_padding(x, mask):
    norm, _ = make_pair(5, torch.float64)
    rows, valid = x.flatten(0, 1).requires_grad_(), Valid.of(mask, x.dtype)
    assert torch.autograd.gradcheck(lambda r, w, b: _with(norm, w, b).swish(r, valid), (rows, norm.weight, norm.bias))


def _with(norm, weight, bias):
    assert norm.weight is weight
    assert norm.bias is bias
    return norm


@pytest.mark.parametrize("form", ["forward", "swish"])
def test_what_fills_the_padding_does_not_matter(form, x, mask):
    ours, other = MaskedBatchNorm(5).double(), MaskedBatchNorm(5).double()
    filled = torch.where(mask[..., None], x, 1e3)
    torch.testing.assert_close(run(ours, form, x, mask)[mask], run(other, form, filled, mask)[mask])
    torch.testing.assert_close(ours.running_var, other.running_var)


@pytest.mark.parametrize("form", ["forward", "swish"])
def test_a_large_offset_in_float32_keeps_the_variance(form, x, mask):
    norm = MaskedBatchNorm(5)
    shifted = (x + 1e4).float()
    expected = F.silu(MaskedBatchNorm(5).double()(shifted.double(), mask))[mask]
    # float32 itself resolves 1e4 to 1e-3; a variance by E[x^2] - E[x]^2 would be off by 10 or negative.
    torch.testing.assert_close(run(norm, form, shifted, mask)[mask].double(), expected, atol=3e-3, rtol=1e-3)


def test_the_bias_of_the_map_before_moves_only_the_running_mean(x, mask):
    linear, ours, oracle = nn.Linear(5, 4).double(), MaskedBatchNorm(4).double(), MaskedBatchNorm(4).double()
    rows, valid = x.flatten(0, 1), Valid.of(mask, x.dtype)
    for training in (True, False):
        ours.train(training), oracle.train(training)
        torch.testing.assert_close(ours.linear_swish(linear, rows, valid), F.silu(oracle(linear(rows), mask.flatten())))
    torch.testing.assert_close(ours.running_mean, oracle.running_mean)
    ours.train().linear_swish(linear, rows, valid).sum().backward()
    assert (linear.bias.grad == 0).all()


def test_a_batch_without_valid_entries_stays_finite():
    norm = MaskedBatchNorm(3)
    out = norm(torch.randn(4, 3), torch.zeros(4, dtype=torch.bool))
    assert out.isfinite().all()
    assert norm.running_var.isfinite().all()
