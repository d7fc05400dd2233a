"""Equivariant subspaces against the emlp package's."""

import numpy as np
import pytest
import torch

from bench.lie.algebra import so
from bench.lie.equivariant_maps import intertwiners
from tests.oracles.arrays import committed, live
from tests.oracles.make import GROUPS, POWERS

J = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
REFLECTION = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))
#: Lie algebra and further group elements of each group.
GENERATORS = {"so3": (so(3), []), "o3": (so(3), [REFLECTION]), "so13": (so(1, 3), [])}


def tensor_power(matrix, power, algebra):
    """A Lie algebra or group element on V ⊗ ... ⊗ V; the trivial representation for power 0."""
    if power == 0:
        return torch.zeros(1, 1, dtype=torch.float64) if algebra else torch.ones(1, 1, dtype=torch.float64)
    result = matrix
    for _ in range(power - 1):
        one, eye = torch.eye(len(result), dtype=torch.float64), torch.eye(len(matrix), dtype=torch.float64)
        result = torch.kron(result, eye) + torch.kron(one, matrix) if algebra else torch.kron(result, matrix)
    return result


def ours(algebra, group, power_in, power_out):
    pairs = [(tensor_power(a, power_out, True), tensor_power(a, power_in, True)) for a in algebra]
    pairs += [(tensor_power(h, power_out, False), tensor_power(h, power_in, False)) for h in group]
    flat = intertwiners(pairs).basis.flatten(1)
    return (flat.mT @ flat).numpy()


def projector(basis):
    """Onto the span of the package's basis, one map a column."""
    basis = basis.astype(np.float64)
    return basis @ basis.T


@pytest.mark.parametrize(("power_in", "power_out"), POWERS)
@pytest.mark.parametrize("name", GROUPS)
def test_tensor_maps_span_the_packages_space(oracle, name, power_in, power_out):
    # For SO(1,3) the package's T(p) >> T(q) takes p upper indices to q upper indices, as ours does.
    theirs = projector(oracle("emlp")[f"{name}_{power_in}_{power_out}"])
    assert np.abs(ours(*GENERATORS[name], power_in, power_out) - theirs).max() < 1e-5


def test_four_copies_of_the_plane_span_the_packages_space(oracle):
    planes = torch.kron(torch.eye(4, dtype=torch.float64), J)
    basis = oracle("emlp")["planes"]
    flat = intertwiners([(planes, planes)]).basis.flatten(1)
    assert flat.shape[0] == basis.shape[1] == 32
    # The package orders the entries of a sum of representations by pairs of summands (i -> j), ours row by row.
    mine, theirs = (flat.mT @ flat).numpy(), projector(basis)
    direct = np.abs(mine - theirs).max()
    blocks = np.arange(64).reshape(4, 2, 4, 2).transpose(0, 2, 1, 3).ravel()
    assert min(direct, np.abs(mine[np.ix_(blocks, blocks)] - theirs).max()) < 1e-5


def test_the_package_still_gives_the_committed_spaces():
    expected, now = committed("emlp"), live("emlp")
    assert now.keys() == expected.keys() - {"versions"}
    for name, basis in now.items():
        assert basis.shape == expected[name].shape
        assert np.abs(projector(basis) - projector(expected[name])).max() < 1e-5
