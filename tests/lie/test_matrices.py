"""Laws of the action on matrices: its definition by loops, the exponential, and what it keeps."""

import pytest
import torch

from bench.lie.algebra import bracket, so
from bench.lie.matrices import MatrixAction
from bench.lie.vectors import VectorAction


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(g, y):
    """``Σ_ab g_ia g_jb Y_ab``, one entry at a time."""
    d, moved = len(g), torch.zeros_like(y)
    for i in range(d):
        for j in range(d):
            moved[i, j] = sum(g[i, a] * g[j, b] * y[a, b] for a in range(d) for b in range(d))
    return moved


@pytest.mark.parametrize("d", [2, 3])
def test_it_is_the_definition_entry_by_entry(d):
    elements, y = normal(4, d, d), normal(4, d, d, seed=1)
    expected = torch.stack([by_loops(g, one) for g, one in zip(elements, y, strict=True)])
    torch.testing.assert_close(MatrixAction(d).act(elements, y), expected)
    shared = torch.stack([by_loops(elements[0], one) for one in y])
    torch.testing.assert_close(MatrixAction(d).act(elements[:1], y), shared)


def test_the_infinitesimal_action_generates_the_finite_one():
    action, a, y = MatrixAction(3), normal(3, 3), normal(1, 3, 3, seed=1)
    eye = torch.eye(3, dtype=torch.float64)
    on_rows = torch.kron(a, eye) + torch.kron(eye, a)  # A ⊗ 1 + 1 ⊗ A on the flattened matrix
    torch.testing.assert_close(action.infinitesimal(a, y).flatten(), on_rows @ y.flatten())
    torch.testing.assert_close(action.apply(a, y).flatten(), torch.matrix_exp(on_rows) @ y.flatten())


def test_it_is_a_representation_and_outer_products_move_as_their_vectors():
    action, x = MatrixAction(3), normal(5, 2, 3)
    y = x.mT @ x
    g, h = normal(5, 3, 3, seed=2), normal(5, 3, 3, seed=3)
    torch.testing.assert_close(action.act(g @ h, y), action.act(g, action.act(h, y)))
    moved = VectorAction(3).act(g, x)
    torch.testing.assert_close(action.act(g, y), moved.mT @ moved)
    a, b = normal(3, 3, seed=4), normal(3, 3, seed=5)
    both = action.infinitesimal(a, action.infinitesimal(b, y)) - action.infinitesimal(b, action.infinitesimal(a, y))
    torch.testing.assert_close(action.infinitesimal(bracket(a, b), y), both)


def test_symmetric_matrices_stay_symmetric_and_rotations_keep_the_spectrum():
    action, y = MatrixAction(3), normal(4, 3, 3)
    y = y + y.mT
    turned = action.apply(torch.einsum("nk,kij->nij", normal(4, 3, seed=1), so(3)), y)
    torch.testing.assert_close(turned, turned.mT)
    torch.testing.assert_close(torch.linalg.eigvalsh(turned), torch.linalg.eigvalsh(y))
