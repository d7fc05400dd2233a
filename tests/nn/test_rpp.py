"""Laws of the network with residual pathways: an EMLP where the free weights are zero, free everywhere else."""

import pytest
import torch

from bench.lie.algebra import so
from bench.nn.emlp import EMLP, Output
from bench.nn.equivariant_spaces import EquivariantSpaces
from bench.nn.rpp import RPP

J = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
PLANES = torch.kron(torch.eye(4, dtype=torch.float64), J)[None]  # (1, 8, 8)
EVERY = torch.eye(9, dtype=torch.float64).reshape(9, 3, 3)  # gl(3): only multiples of the identity commute


def network(generators, t=2, invariant=False):
    d = generators.shape[-1]
    torch.manual_seed(0)
    output = Output.INVARIANTS if invariant else Output.VECTORS
    return RPP(EquivariantSpaces(generators), (t, 0), (1, 3) if invariant else (t, d), output).double()


def inputs(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def free_of(net):
    return [p for layer in net.layers for p in layer.free.parameters()]


def set_free(net, size):
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for p in free_of(net):
            p.copy_(size * torch.randn(p.shape, generator=generator, dtype=torch.float64))
    return net


def defect(net, generators, x):
    """The relative error of equivariance of a network between vectors."""
    g = torch.matrix_exp(0.7 * generators.sum(0))
    with torch.no_grad():
        return float((net(x @ g.mT) - net(x) @ g.mT).norm() / net(x).norm())


@pytest.mark.parametrize("invariant", [False, True])
def test_with_free_weights_of_zero_it_is_the_emlp_of_its_other_weights(invariant):
    net, x = set_free(network(so(3), invariant=invariant), 0.0), inputs(16, 2, 3)
    emlp = EMLP(EquivariantSpaces(so(3)), (2, 0), net.out_shape, net.output).double()
    emlp.load_state_dict({n.replace(".equivariant.", "."): v for n, v in net.state_dict().items() if ".free." not in n})
    with torch.no_grad():
        assert torch.equal(net(x), emlp(x))
        g = torch.matrix_exp(0.7 * so(3).sum(0))
        moved = net(x) if invariant else net(x) @ g.mT
        torch.testing.assert_close(net(x @ g.mT), moved, rtol=1e-5, atol=1e-5)


def test_the_defect_grows_with_the_free_weights_from_almost_none_at_the_start():
    net, x = network(PLANES), inputs(64, 2, 8)
    start = defect(net, PLANES, x)
    assert start < 1e-2
    assert start < defect(set_free(net, 1e-2), PLANES, x) < defect(set_free(net, 1e-1), PLANES, x)


def test_norms_are_those_of_the_matrices_that_act():
    net = set_free(network(PLANES), 0.1)
    first = net.layers[0]
    with torch.no_grad():
        x = torch.eye(16, dtype=torch.float64).view(16, 2, 8)
        empty = x.new_zeros(16, 0)
        v, _ = first.equivariant((x.flatten(1), empty))  # the rows of the matrix, one per unit vector; no bias
        torch.testing.assert_close(v.square().sum(), first.equivariant.vector.square().sum())
        equivariant, free = net.norms()
    rest = sum(p.square().sum() for p in net.parameters()) - sum(p.square().sum() for p in free_of(net))
    torch.testing.assert_close(equivariant, rest.detach())
    torch.testing.assert_close(free, sum(p.square().sum() for p in free_of(net)).detach())


def test_the_gradient_of_a_norm_is_twice_the_weight_and_reaches_no_other():
    net = set_free(network(PLANES), 0.1)
    equivariant, free = net.norms()
    (1e-3 * equivariant + 10.0 * free).backward()
    chosen = {id(p) for p in free_of(net)}
    for p in net.parameters():
        torch.testing.assert_close(p.grad, (20.0 if id(p) in chosen else 2e-3) * p.detach())


@pytest.mark.parametrize("invariant", [False, True])
def test_where_nothing_is_equivariant_the_free_pathway_bends_the_map_and_all_of_it_learns(invariant):
    net, x = set_free(network(EVERY, invariant=invariant), 0.2), inputs(32, 2, 3)
    net(x).square().sum().backward()
    assert all(float(p.grad.abs().max()) > 0 for p in free_of(net) if p.grad is not None)
    with torch.no_grad():
        a, b, zero = net(x), net(-x), net(torch.zeros_like(x))
    assert float((a + b - 2 * zero).norm() / a.norm()) > 1e-2


def test_dependent_generators_give_the_network_of_one():
    twice = torch.cat([PLANES, 2.0 * PLANES])
    one, two = network(PLANES), network(twice)
    assert [p.shape for p in one.parameters()] == [p.shape for p in two.parameters()]
    g = torch.matrix_exp(0.7 * PLANES[0])
    x = inputs(16, 2, 8)
    with torch.no_grad():
        torch.testing.assert_close(set_free(two, 0.0)(x @ g.mT), two(x) @ g.mT, rtol=1e-5, atol=1e-5)
