"""Laws of the actions on vectors, images, point clouds and channels."""

import pytest
import torch

from bench.lie.action import IdentityAction
from bench.lie.algebra import block_diagonal_mask, se, so
from bench.lie.channels import ChannelAction
from bench.lie.images import ImageAction, disc_mask
from bench.lie.matrices import MatrixAction
from bench.lie.points import PointAction
from bench.lie.search_space import affine2d, full
from bench.lie.vectors import VectorAction

PLANE_ROTATION = torch.nn.functional.pad(so(2)[0], (0, 1, 0, 1))  # [[0, -1, 0], [1, 0, 0], [0, 0, 0]]


def smooth_images(n: int = 2, size: int = 28) -> torch.Tensor:
    """(n, 1, size, size) float64 sums of broad bumps within the disc."""
    torch.manual_seed(0)
    axis = torch.linspace(-1, 1, size, dtype=torch.float64)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    centre = torch.rand(n, 3, 2, 1, 1, dtype=torch.float64) - 0.5
    bumps = torch.exp(-((x - centre[:, :, 0]) ** 2 + (y - centre[:, :, 1]) ** 2) / 0.1)
    return bumps.sum(1, keepdim=True)


def clouds(n: int = 3, atoms: int = 5) -> torch.Tensor:
    """(n, atoms, 2 + 3): charge, another feature, coordinates; the last atom is padding."""
    torch.manual_seed(1)
    x = torch.randn(n, atoms, 5, dtype=torch.float64)
    x[..., 0] = torch.tensor([6.0, 1.0, 8.0, 1.0, 0.0])
    return x


CASES = {
    "vectors": (VectorAction(4), torch.randn(3, 2, 4, dtype=torch.float64), so(1, 3)),
    "vectors with scalars": (VectorAction(3, scalars=2), torch.randn(3, 2, 5, dtype=torch.float64), so(3)),
    "matrices": (MatrixAction(3), torch.randn(3, 3, 3, dtype=torch.float64), so(3)),
    "points": (PointAction(), clouds(), se(3)),
    "images": (ImageAction(28), smooth_images(3), affine2d().basis),
    "channels": (ChannelAction(2), torch.randn(3, 4, 5, 6, dtype=torch.float64), full(2).basis),
    "identity": (IdentityAction(4), torch.randn(3, 2, dtype=torch.float64), so(1, 3)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_identity_of_the_group_moves_nothing(case):
    action, x, _ = case
    moved = action.apply(torch.zeros(len(x), action.dim, action.dim), x)
    torch.testing.assert_close(moved, x, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_infinitesimal_action_is_the_limit_of_the_finite_one(case):
    action, x, basis = case
    h = 1e-6
    for generator in basis:
        plus, minus = (action.apply((s * generator).expand(len(x), -1, -1), x) for s in (h, -h))
        torch.testing.assert_close(action.infinitesimal(generator, x), (plus - minus) / (2 * h), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_infinitesimal_action_is_linear_and_takes_one_matrix_per_sample(case):
    action, x, basis = case
    algebra = torch.einsum("nk,kij->nij", torch.randn(len(x), len(basis), dtype=torch.float64), basis)
    per_sample = torch.cat([action.infinitesimal(a, x[i : i + 1]) for i, a in enumerate(algebra)])
    torch.testing.assert_close(action.infinitesimal(algebra, x), per_sample)
    torch.testing.assert_close(action.infinitesimal(3 * algebra, x), 3 * per_sample)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_x_decides_the_dtype(case):
    action, x, basis = case
    algebra = basis[:1].expand(len(x), -1, -1)
    assert action.apply(algebra, x.float()).dtype == torch.float32
    assert action.apply(algebra.float(), x).dtype == torch.float64
    assert action.infinitesimal(basis[0], x.float()).dtype == torch.float32


def test_vectors_transform_by_the_matrix_exponential_at_every_time_step():
    torch.manual_seed(0)
    a, x = torch.randn(3, 4, 4, dtype=torch.float64), torch.randn(3, 2, 4, dtype=torch.float64)
    g = torch.matrix_exp(a)
    moved = VectorAction(4).apply(a, x)
    for i in range(3):
        for t in range(2):
            torch.testing.assert_close(moved[i, t], g[i] @ x[i, t])
    torch.testing.assert_close(VectorAction(4).apply(a, x[:, 0]), moved[:, 0])


def test_scalars_before_a_vector_stay_and_the_vector_moves():
    torch.manual_seed(0)
    x, a = torch.randn(4, 3, 5, dtype=torch.float64), torch.randn(4, 3, 3, dtype=torch.float64)
    action = VectorAction(3, scalars=2)
    moved, velocity = action.apply(a, x), action.infinitesimal(a, x)
    assert torch.equal(moved[..., :2], x[..., :2])
    assert not velocity[..., :2].any()
    torch.testing.assert_close(moved[..., 2:], VectorAction(3).apply(a, x[..., 2:]))
    assert torch.equal(action.moving_part(x), x[..., 2:])


def test_the_two_body_rotation_is_orthogonal():
    generator = torch.block_diag(*[so(2)[0]] * 4)
    assert not generator[~block_diagonal_mask([2] * 4)].any()
    x = torch.randn(10, 8)
    moved = VectorAction(8).apply(torch.linspace(-3, 3, 10)[:, None, None] * generator, x)
    torch.testing.assert_close(moved.norm(dim=1), x.norm(dim=1), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("turns", [1, 2, -1])
def test_a_quarter_turn_is_rot90_clockwise(turns):
    torch.manual_seed(0)
    x = torch.rand(2, 3, 28, 28)
    algebra = (turns * torch.pi / 2 * PLANE_ROTATION).expand(2, 3, 3)
    moved = ImageAction(28).apply(algebra, x)
    torch.testing.assert_close(moved, torch.rot90(x, -turns, dims=(2, 3)), rtol=0, atol=1e-5)


def test_a_positive_translation_moves_the_image_right_and_down():
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 1
    shift = torch.zeros(1, 3, 3)
    shift[0, 0, 2], shift[0, 1, 2] = 1.0, 0.5  # two pixels right, one down: a pixel is 2 / (5 - 1)
    assert ImageAction(5).apply(shift, x)[0, 0, 3, 4] == pytest.approx(1)


def test_there_and_back_is_near_the_identity_within_the_disc():
    x, action = smooth_images(), ImageAction(28)
    algebra = torch.tensor([0.4, 1.3])[:, None, None] * PLANE_ROTATION
    back = action.apply(-algebra, action.apply(algebra, x))
    error = (back - x).abs().amax((0, 1))[disc_mask(28)]
    assert error.max() < 0.05 * x.max()


def test_gradients_reach_the_generator_of_an_image_warp():
    x = smooth_images()
    algebra = torch.zeros(2, 3, 3, dtype=torch.float64, requires_grad=True)
    (ImageAction(28).apply(algebra + 0.1 * PLANE_ROTATION, x, norm_bound=1.0) ** 2 * x).sum().backward()
    assert algebra.grad[:, :2].abs().min() > 0


def test_no_rotation_leaves_the_disc():
    assert disc_mask(3).tolist() == [[False, True, False], [True, True, True], [False, True, False]]
    assert torch.equal(disc_mask(28), torch.rot90(disc_mask(28)))


def test_rigid_motions_keep_distances_features_and_padding():
    x = clouds()
    algebra = torch.einsum("nk,kij->nij", torch.randn(3, 6, dtype=torch.float64), se(3))
    moved = PointAction().apply(algebra, x)
    torch.testing.assert_close(torch.cdist(moved[:, :4, 2:], moved[:, :4, 2:]), torch.cdist(x[:, :4, 2:], x[:, :4, 2:]))
    assert torch.equal(moved[..., :2], x[..., :2])
    assert torch.equal(moved[:, 4], x[:, 4])
    assert (moved[:, :4, 2:] - x[:, :4, 2:]).abs().max() > 0.1
    assert not PointAction().infinitesimal(se(3)[5], x)[:, 4].any()


def test_without_features_every_point_moves():
    x = torch.zeros(2, 5, 3)
    moved = PointAction().apply(se(3)[3].expand(2, 4, 4), x)
    assert torch.equal(moved, torch.tensor([1.0, 0.0, 0.0]).expand(2, 5, 3))


def test_invariant_outputs_do_not_move():
    y = torch.randn(4, 3)
    assert IdentityAction(2).apply(torch.randn(4, 2, 2), y) is y
    assert not IdentityAction(2).infinitesimal(torch.randn(2, 2), y).any()


def test_channels_transform_by_the_matrix_exponential_at_every_place_and_time_step():
    torch.manual_seed(0)
    a, x = torch.randn(3, 2, 2, dtype=torch.float64), torch.randn(3, 4, 5, 6, dtype=torch.float64)
    g, action = torch.matrix_exp(a), ChannelAction(2)
    moved = action.apply(a, x)
    for step in (slice(0, 2), slice(2, 4)):
        torch.testing.assert_close(moved[:, step], torch.einsum("nij,njhw->nihw", g, x[:, step]))
        torch.testing.assert_close(action.apply(a, x[:, step]), moved[:, step])


def test_the_parts_of_a_field_that_channels_move_are_its_values_at_every_place():
    x = torch.arange(2 * 4 * 3 * 2, dtype=torch.float64).reshape(2, 4, 3, 2)
    rows = ChannelAction(2).moving_part(x)
    assert rows.shape == (2, 12, 2)
    assert torch.equal(rows[1, 5], x[1, :2, 2, 1])
    assert torch.equal(rows[1, 6], x[1, 2:, 0, 0])
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    moved = ChannelAction(2).apply(torch.pi / 3 * turn, x[:, :, 1:])
    cosines = torch.cosine_similarity(
        ChannelAction(2).moving_part(moved), ChannelAction(2).moving_part(x[:, :, 1:]), -1
    )
    torch.testing.assert_close(cosines, torch.full_like(cosines, 0.5))
