"""Reduced precision and compilation change the speed of a network, not what it is."""

import copy
import shutil

import pytest
import torch

from bench.nn.accelerated import Accelerated
from bench.nn.lieconv import LieConvNet
from bench.nn.mlp import MLP

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


def molecules(n=32, atoms=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.cat([torch.full((n, atoms, 1), 6.0), torch.randn(n, atoms, 3, generator=generator)], -1)
    x[: n // 2, atoms - 2 :] = 0.0
    return x


def trained(net, steps=40):
    x = molecules()
    y = (x[..., 1:].square().sum((1, 2)) - 20.0) / 8.0
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = (net(x) - y).abs().mean()
        loss.backward()
        optimiser.step()
    return float(loss.detach())


@pytest.mark.parametrize("group", ["trivial", "t3"])
def test_bfloat16_learns_as_float32_does_and_keeps_weights_statistics_and_outputs_in_float32(group):
    torch.manual_seed(0)
    exact = LieConvNet(32, 1, group)
    rough = Accelerated(copy.deepcopy(exact), bfloat16=True, compiled=False)
    x = molecules(seed=1)
    first, second = exact(x), rough(x)
    assert second.dtype == torch.float32
    assert 0.0 < float((first - second).detach().abs().max()) < 0.03 * float(first.detach().std())
    untrained, losses = trained(copy.deepcopy(exact), steps=1), (trained(exact), trained(rough))
    assert losses[0] < 0.5 * untrained
    assert losses[1] < 0.5 * untrained
    assert {p.dtype for p in rough.state_dict().values()} == {torch.float32}


def test_t3_stays_invariant_to_large_shifts_in_bfloat16():
    torch.manual_seed(0)
    net = Accelerated(LieConvNet(32, 1, "t3"), bfloat16=True, compiled=False).eval()
    x = molecules()
    moved = x.clone()
    moved[..., 1:] += 64.0
    torch.testing.assert_close(net(moved), net(x), rtol=0.0, atol=1e-3)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile on a CPU needs a C++ compiler")
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated")  # torch's own compiler calls it
def test_a_compiled_network_computes_the_same_and_its_weights_keep_their_names():
    torch.manual_seed(0)
    net = MLP((4, 1), (1, 1), width=8, hidden_layers=1)
    compiled = Accelerated(copy.deepcopy(net), bfloat16=False, compiled=True)
    for n in (3, 5):
        x = torch.randn(n, 4, 1)
        torch.testing.assert_close(compiled(x), net(x))
    assert list(compiled.state_dict()) == [f"net.{name}" for name in net.state_dict()]
