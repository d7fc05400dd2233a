"""Laws of the equivariant network: it commutes with its group, is not linear, and belongs to its own generators."""

import pytest
import torch

from bench.lie.algebra import so
from bench.nn.emlp import EMLP, EMLPSize, Output
from bench.nn.equivariant_spaces import EquivariantSpaces

J = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
PLANES = torch.kron(torch.eye(4, dtype=torch.float64), J)[None]  # (1, 8, 8)
NOISE = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
FLAT = torch.nn.functional.pad(J, (0, 1, 0, 1))[None]  # turns (x1, x2) of R^3


def network(generators, t=1, out=(2, 8), invariant=False, **sizes):
    torch.manual_seed(0)
    spaces = EquivariantSpaces(generators)
    return EMLP(spaces, (t, 0), out, Output.INVARIANTS if invariant else Output.VECTORS, EMLPSize(**sizes)).double()


def inputs(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("generators", [PLANES, so(3), so(1, 3), FLAT], ids=["so2x4", "so3", "so13", "plane"])
@pytest.mark.parametrize(("t", "products"), [(1, False), (3, False), (3, True)])
def test_outputs_move_with_the_group_or_stay(generators, t, products):
    d = generators.shape[-1]
    x = inputs(16, t, d)
    g = torch.matrix_exp(0.7 * generators.sum(0))
    equivariant = network(generators, t, (2, d), products=products)
    invariant = network(generators, t, (1, 3), invariant=True, products=products)
    with torch.no_grad():
        torch.testing.assert_close(equivariant(x @ g.mT), equivariant(x) @ g.mT, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(invariant(x @ g.mT), invariant(x), rtol=1e-5, atol=1e-5)
        assert float(invariant(x).std(0).min()) > 1e-3  # not constant


@pytest.mark.parametrize("generators", [so(3), so(1, 3), FLAT], ids=["so3", "so13", "plane"])
def test_matrices_move_as_g_y_gt_and_scalars_of_the_input_count(generators):
    d = generators.shape[-1]
    torch.manual_seed(0)
    net = EMLP(EquivariantSpaces(generators, tensors=True), (3, 2), (d, d), Output.MATRICES).double()
    x, g = inputs(16, 3, 2 + d), torch.matrix_exp(0.7 * generators.sum(0))
    moved = torch.cat([x[..., :2], x[..., 2:] @ g.mT], -1)
    other = torch.cat([x[..., :2].flip(0), x[..., 2:]], -1)
    with torch.no_grad():
        torch.testing.assert_close(net(moved), g @ net(x) @ g.mT, rtol=1e-5, atol=1e-5)
        assert float((net(other) - net(x)).abs().mean()) > 1e-3


def test_invariant_tensors_are_the_inverse_metric():
    eta = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0], dtype=torch.float64)) / 2.0
    (tensor,) = EquivariantSpaces(so(1, 3), tensors=True).tensors.double()
    assert min(float((tensor - sign * eta).abs().max()) for sign in (1.0, -1.0)) < 1e-6


@pytest.mark.parametrize("noise", [0.0, 1e-2])
def test_gates_bend_the_map_for_exact_and_learned_generators(noise):
    net = network(PLANES + noise * NOISE, out=(1, 8))
    x = inputs(32, 1, 8)
    with torch.no_grad():
        bent = (net(2.0 * x) - 2.0 * net(x)).norm() / net(2.0 * x).norm()
    assert float(bent) > 0.02


def test_without_hidden_layers_it_is_a_linear_map_of_the_commutant():
    net = network(PLANES, out=(1, 8), blocks=0)
    with torch.no_grad():
        weight = net(torch.eye(8, dtype=torch.float64)[:, None]).squeeze(1).mT
    assert float((weight @ PLANES[0] - PLANES[0] @ weight).abs().max()) < 1e-5
    assert sum(p.numel() for p in net.parameters()) == 32


def test_two_groups_in_one_process_have_their_own_maps():
    other = PLANES + 0.01 * NOISE  # the package's cache would hand it the first group's solution
    first, second = EquivariantSpaces(PLANES).commutant, EquivariantSpaces(other).commutant
    residual = (second.double() @ other[0] - other[0] @ second.double()).norm(dim=(1, 2)).max()
    crossed = (first.double() @ other[0] - other[0] @ first.double()).norm(dim=(1, 2)).max()
    assert float(residual) < float(crossed)


def test_the_mean_square_of_vectors_is_kept_at_the_start():
    net = network(PLANES, out=(1, 8), channels=16)
    with torch.no_grad():
        size = float(net(inputs(4096, 1, 8)).square().mean())
    assert 0.1 < size < 10.0


def test_a_reflection_leaves_fewer_maps():
    flip = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))[None]
    assert len(EquivariantSpaces(FLAT).commutant) == 3  # 1, J, and the axis
    assert len(EquivariantSpaces(FLAT, flip).commutant) == 2


def test_spectra_tell_the_ranks():
    for space in EquivariantSpaces(PLANES).solved.values():
        assert bool((space.singular_values.diff() >= -1e-12).all())
        assert int((space.singular_values < 1e-6).sum()) == len(space.basis)


def test_what_a_group_leaves():
    so3, axis = so(3), torch.diag(torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64))[None]
    assert not EquivariantSpaces(so3).nothing_left(invariant=True)  # |x|² is left
    every = torch.eye(9, dtype=torch.float64).reshape(9, 3, 3)
    assert EquivariantSpaces(every).nothing_left(invariant=True)
    assert EquivariantSpaces(every).nothing_left(invariant=False)
    assert not EquivariantSpaces(axis).nothing_left(invariant=True)  # x2 and x3 are left
