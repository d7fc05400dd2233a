"""Laws of the textbook algebras and of orthonormal bases of spans."""

import pytest
import torch

from bench.lie.algebra import affine, block_diagonal_mask, bracket, elementary, orthonormalise, se, so
from bench.lie.search_space import affine2d, affine3d, full, mask2, mask4


@pytest.mark.parametrize(("p", "q"), [(2, 0), (3, 0), (1, 3), (2, 2)])
def test_so_preserves_its_quadratic_form(p, q):
    eta = torch.diag(torch.tensor([1.0] * p + [-1.0] * q, dtype=torch.float64))
    basis = so(p, q)
    assert len(basis) == (p + q) * (p + q - 1) // 2
    assert torch.equal(basis.mT @ eta + eta @ basis, torch.zeros_like(basis))


def test_so2_turns_the_first_axis_to_the_second():
    assert so(2)[0].tolist() == [[0, -1], [1, 0]]


@pytest.mark.parametrize("algebra", [so(3), so(1, 3), se(3), affine(2)], ids=["so3", "lorentz", "se3", "aff2"])
def test_textbook_algebras_are_closed_under_the_bracket(algebra):
    brackets = bracket(algebra[:, None], algebra[None, :]).reshape(-1, *algebra.shape[1:])
    rank = torch.linalg.matrix_rank(algebra.flatten(1))
    assert torch.linalg.matrix_rank(torch.cat([algebra, brackets]).flatten(1)) == rank == len(algebra)


def test_homogeneous_algebras_have_a_zero_last_row_and_rotations_first():
    assert se(3).shape == (6, 4, 4)
    assert affine(3).shape == (12, 4, 4)
    assert not se(3)[:, 3].any()
    assert not affine(3)[:, 3].any()
    assert not se(3)[:3, :, 3].any()
    assert torch.equal(se(3)[3:, :3, 3], torch.eye(3, dtype=torch.float64))


def test_search_spaces_have_the_sizes_of_the_published_masks():
    sizes = {space.name: (space.dim, space.size) for space in (full(8), mask2(), mask4(), affine2d(), affine3d())}
    assert sizes == {"full8": (8, 64), "mask2": (8, 16), "mask4": (8, 32), "affine2d": (3, 6), "affine3d": (4, 12)}
    assert mask2().basis.shape == (16, 8, 8)
    assert torch.equal(mask2().basis.sum(0).bool(), mask2().mask)


def test_mask4_couples_positions_with_positions_only():
    mask = mask4().mask
    for block in ([0, 1, 4, 5], [2, 3, 6, 7]):
        assert mask[block][:, block].all()
    assert not mask[[0, 1, 4, 5]][:, [2, 3, 6, 7]].any()


def test_block_diagonal_mask_agrees_with_block_diag():
    expected = torch.zeros(6, 6, dtype=torch.bool)
    expected[:1, :1] = expected[1:4, 1:4] = expected[4:, 4:] = True
    assert torch.equal(block_diagonal_mask([1, 3, 2]), expected)


def test_an_orthonormal_basis_spans_the_same_and_drops_duplicates():
    generators = torch.cat([so(3), 2 * so(3)[:1]])
    basis = orthonormalise(generators)
    flat = basis.flatten(1)
    torch.testing.assert_close(flat @ flat.mT, torch.eye(3, dtype=torch.float64))
    assert torch.linalg.matrix_rank(torch.cat([generators, basis]).flatten(1)) == 3


def test_orthonormal_in_a_given_inner_product():
    torch.manual_seed(0)
    root = torch.randn(6, 6, dtype=torch.float64)
    gram = root @ root.mT
    basis = orthonormalise(affine(2), gram)
    coordinates = basis.flatten(1) @ affine(2).flatten(1).mT
    torch.testing.assert_close(coordinates @ gram @ coordinates.mT, torch.eye(6, dtype=torch.float64))


def test_zero_generators_span_nothing():
    assert orthonormalise(torch.zeros(2, 3, 3)).shape == (0, 3, 3)
    assert orthonormalise(torch.zeros(0, 3, 3)).shape == (0, 3, 3)


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"so\(p, q\) has p = -1"):
        so(-1, 3)
    with pytest.raises(ValueError, match="a mask must be boolean"):
        elementary(torch.ones(2, 2))
    with pytest.raises(ValueError, match=r"gram has shape \(2, 2\); it must be \(3, 3\)"):
        orthonormalise(so(3), torch.eye(2))
    with pytest.raises(ValueError, match="non-finite entries in generator 1 of 3"):
        orthonormalise(so(3) * torch.tensor([1.0, torch.nan, 1.0])[:, None, None])
    with pytest.raises(ValueError, match="mask2 has d = 7"):
        mask2(7)
