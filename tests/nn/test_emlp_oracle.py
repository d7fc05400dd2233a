"""Equivariant subspaces against the emlp package; runs where the extra `emlp` is installed."""

import numpy as np
import pytest
import torch

from bench.lie.algebra import so
from bench.lie.equivariant_maps import intertwiners

groups = pytest.importorskip("emlp.groups")
reps = pytest.importorskip("emlp.reps")

J = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
REFLECTION = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))


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


def theirs(group, power_in, power_out):
    basis = np.asarray((reps.T(power_in)(group) >> reps.T(power_out)(group)).equivariant_basis(), dtype=np.float64)
    return basis @ basis.T


@pytest.mark.parametrize(("power_in", "power_out"), [(1, 1), (1, 2), (2, 2), (2, 0), (0, 2)])
@pytest.mark.parametrize("name", ["so3", "o3", "so13"])
def test_tensor_maps_span_the_packages_space(name, power_in, power_out):
    # For SO(1,3) the package's T(p) >> T(q) takes p upper indices to q upper indices, as ours does.
    package, algebra, group = {
        "so3": (groups.SO(3), so(3), []),
        "o3": (groups.O(3), so(3), [REFLECTION]),
        "so13": (groups.SO13p(), so(1, 3), []),
    }[name]
    difference = ours(algebra, group, power_in, power_out) - theirs(package, power_in, power_out)
    assert np.abs(difference).max() < 1e-5


def test_four_copies_of_the_plane_span_the_packages_space():
    planes = torch.kron(torch.eye(4, dtype=torch.float64), J)
    v = reps.V(groups.SO(2))
    operator = (4 * v >> 4 * v).equivariant_basis()
    basis = np.asarray(operator @ np.eye(operator.shape[1]), dtype=np.float64)
    flat = intertwiners([(planes, planes)]).basis.flatten(1)
    assert flat.shape[0] == basis.shape[1] == 32
    # The package orders the entries of a sum of representations by pairs of summands (i -> j), ours row by row.
    projector = (flat.mT @ flat).numpy()
    direct = np.abs(projector - basis @ basis.T).max()
    blocks = np.arange(64).reshape(4, 2, 4, 2).transpose(0, 2, 1, 3).ravel()
    assert min(direct, np.abs(projector[np.ix_(blocks, blocks)] - basis @ basis.T).max()) < 1e-5
