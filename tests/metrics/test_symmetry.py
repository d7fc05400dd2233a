"""Test vectors of the symmetry metrics: so(3), Lorentz, se(3), two-body and images."""

import math
from functools import partial

import pytest
import torch
from scipy.stats import ortho_group

from bench.lie.algebra import se, so
from bench.lie.field import field_gram, unit_weights
from bench.lie.images import ImageAction
from bench.lie.points import PointAction
from bench.lie.search_space import affine2d, affine3d, full, mask2
from bench.lie.vectors import VectorAction
from bench.metrics.symmetry import angle_rate, closure_defect, compare, cosine_and_mae, span_share

J = so(2)[0]
TWO_BODY = torch.block_diag(J, J, J, J)
ALGEBRAS = {
    "so3": (so(3), full(3).basis, VectorAction(3), (200, 3)),
    "lorentz": (so(1, 3), full(4).basis, VectorAction(4), (200, 4)),
    "se3": (se(3), affine3d().basis, PointAction(), (200, 6, 3)),
}


@pytest.fixture(params=range(3), ids="seed{}".format)
def rng(request):
    return torch.random.manual_seed(request.param)


def rotated(basis, seed=0):
    """The same span in a random orthonormal basis."""
    return torch.einsum("kl,lij->kij", torch.from_numpy(ortho_group.rvs(len(basis), random_state=seed)), basis)


def frobenius(generators):
    """Inner products of entries."""
    return generators.flatten(1) @ generators.flatten(1).mT


def mirrored(n=200):
    """(n, 8) two-body states whose second body is minus the first."""
    half = torch.randn(n, 4, dtype=torch.float64)
    return torch.cat([half, -half], 1)


@pytest.mark.parametrize("algebra", ALGEBRAS.values(), ids=ALGEBRAS)
def test_precision_does_not_depend_on_the_basis(algebra, rng):
    truth, basis, action, shape = algebra
    gram = field_gram(action, torch.randn(shape, dtype=torch.float64), basis)
    scores = compare(rotated(truth, rng.initial_seed()), truth, basis, gram)
    assert scores.precision == pytest.approx(1, abs=1e-10)
    assert scores.recall == pytest.approx(1, abs=1e-10)
    assert scores.dimension == scores.true_dimension == len(truth)
    assert scores.largest_angle == pytest.approx(0, abs=1e-6)
    assert scores.grassmann == pytest.approx(0, abs=1e-6)
    gram_of = partial(field_gram, action, torch.randn(shape, dtype=torch.float64))
    assert closure_defect(rotated(truth, rng.initial_seed()), gram_of) < 1e-7


@pytest.mark.parametrize("algebra", ALGEBRAS.values(), ids=ALGEBRAS)
def test_random_matrices_score_about_chance(algebra):
    truth, basis, action, shape = algebra
    torch.manual_seed(0)
    gram = field_gram(action, torch.randn(shape, dtype=torch.float64), basis)
    draws = []
    for _ in range(100):
        coordinates = torch.randn(2, len(basis), dtype=torch.float64)
        draws.append(compare(torch.einsum("km,mij->kij", coordinates, basis), truth, basis, gram))
    chance = draws[0].precision_chance
    assert chance == pytest.approx(len(truth) / len(basis))
    assert draws[0].recall_chance == pytest.approx(2 / len(basis))
    assert sum(s.precision for s in draws) / 100 == pytest.approx(chance, abs=0.15)


def test_units_leave_precision_and_recall_unchanged(rng):
    x, basis, action = torch.randn(100, 6, 3, dtype=torch.float64) + 0.3, affine3d().basis, PointAction()
    learned = torch.cat([rotated(se(3))[:4], torch.randn(1, 4, 4, dtype=torch.float64) * affine3d().mask])
    units = torch.diag(torch.tensor([100.0, 100.0, 100.0, 1.0], dtype=torch.float64))
    scores = []
    for data, scale in ((x, torch.eye(4, dtype=torch.float64)), (100 * x, units)):
        gram = field_gram(action, data, basis, unit_weights(data, [[0, 1, 2]]))
        scores.append(compare(scale @ learned @ scale.inverse(), scale @ se(3) @ scale.inverse(), basis, gram))
    assert 0 < scores[0].precision < 1
    assert scores[1].precision == pytest.approx(scores[0].precision, abs=1e-8)
    assert scores[1].recall == pytest.approx(scores[0].recall, abs=1e-8)


def test_positions_in_another_unit_leave_the_textbook_se3_whole():
    x = 100 * torch.randn(100, 6, 3, dtype=torch.float64)
    gram = field_gram(PointAction(), x, affine3d().basis, unit_weights(x, [[0, 1, 2]]))
    scores = compare(se(3), se(3)[[0, 1, 2]], affine3d().basis, gram)
    assert compare(se(3)[[0]], se(3), affine3d().basis, gram).true_dimension == 6
    assert scores.recall == pytest.approx(1)


def test_invisible_directions_change_nothing(rng):
    basis, gram = full(8).basis, field_gram(VectorAction(8), mirrored(), full(8).basis)
    learned = torch.stack([TWO_BODY, torch.randn(8, 8, dtype=torch.float64)])
    invisible = torch.randn(2, 8, 4, dtype=torch.float64).repeat(1, 1, 2)  # equal columns for x1 and x2 = -x1
    before, after = (compare(g, TWO_BODY[None], basis, gram) for g in (learned, learned + 5 * invisible))
    assert after.precision == pytest.approx(before.precision, abs=1e-8)
    assert after.recall == pytest.approx(before.recall, abs=1e-8) == pytest.approx(1)
    assert compare(invisible, TWO_BODY[None], basis, gram).dimension == 0


def test_a_two_body_generator_in_the_other_form_has_cosine_0_7071_but_precision_1():
    block = torch.block_diag(J, J)
    learned = torch.cat([torch.cat([block, -block], 1), torch.cat([-block, block], 1)], 0)[None]
    similarity = cosine_and_mae(learned, TWO_BODY[None])
    scores = compare(learned, TWO_BODY[None], full(8).basis, field_gram(VectorAction(8), mirrored(), full(8).basis))
    assert similarity.cosine == pytest.approx(0.5**0.5)
    assert scores.precision == pytest.approx(1)
    assert scores.recall == pytest.approx(1)


def test_a_turn_of_one_body_backwards_has_cosine_one_half_but_lies_in_the_torus():
    learned = torch.block_diag(J, J, J, -J)[None]
    torus = mask2().basis.reshape(4, 4, 8, 8)
    torus = torus[:, 2] - torus[:, 1]  # block rotations
    gram = field_gram(VectorAction(8), torch.randn(100, 8, dtype=torch.float64), mask2().basis)
    assert cosine_and_mae(learned, TWO_BODY[None]).cosine == pytest.approx(0.5)
    assert compare(learned, torus, mask2().basis, gram).precision == pytest.approx(1)
    assert compare(learned, TWO_BODY[None], mask2().basis, gram).precision < 0.5


def test_duplicates_and_zeros_count_once_and_not_at_all():
    basis, gram = full(3).basis, field_gram(VectorAction(3), torch.randn(100, 3, dtype=torch.float64), full(3).basis)
    twice = compare(torch.stack([so(3)[0], -2 * so(3)[0], 0 * so(3)[0]]), so(3), basis, gram)
    assert (twice.dimension, twice.precision, twice.recall) == (1, pytest.approx(1), pytest.approx(1 / 3))
    nothing = compare(torch.zeros(2, 3, 3), so(3), basis, gram)
    assert (nothing.dimension, nothing.precision, nothing.recall) == (0, 0, 0)
    assert nothing.largest_angle == pytest.approx(math.pi / 2)
    no_truth = compare(so(3), torch.zeros(0, 3, 3), basis, gram)
    assert (no_truth.true_dimension, no_truth.precision, no_truth.recall) == (0, 0, 0)


def test_one_wrong_generator_beside_one_right_halves_precision_only():
    x = torch.randn(500, 2, dtype=torch.float64)
    basis, gram = full(2).basis, field_gram(VectorAction(2), x, full(2).basis)
    wrong = torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))
    c_wrong, c_right = wrong.flatten(), J.flatten()
    wrong = wrong - (c_wrong @ gram @ c_right) / (c_right @ gram @ c_right) * J  # orthogonal in the field
    scores = compare(torch.stack([J, wrong]), J[None], basis, gram)
    assert scores.precision == pytest.approx(0.5)
    assert scores.recall == pytest.approx(1)


def test_images_have_a_field_gram_too():
    x = torch.rand(10, 1, 14, 14)
    rotation = torch.nn.functional.pad(J, (0, 1, 0, 1))[None]
    scores = compare(2 * rotation.float(), rotation, affine2d().basis, field_gram(ImageAction(14), x, affine2d().basis))
    assert scores.precision == pytest.approx(1)
    assert scores.precision_chance == pytest.approx(1 / 6)


def test_a_perfect_algebra_in_another_basis_does_not_have_cosine_1():
    so3 = [cosine_and_mae(rotated(so(3), seed), so(3)).cosine for seed in range(200)]
    lorentz = [cosine_and_mae(rotated(so(1, 3), seed), so(1, 3)).cosine for seed in range(200)]
    assert sum(so3) / 200 == pytest.approx(0.83, abs=0.02)
    assert sum(lorentz) / 200 == pytest.approx(0.69, abs=0.02)


def test_cosine_and_mae_ignore_order_scale_and_sign():
    learned = torch.stack([-2 * so(3)[2], 0.1 * so(3)[0], 7 * so(3)[1]])
    similarity = cosine_and_mae(learned, so(3))
    assert similarity.cosine == pytest.approx(1)
    assert similarity.mae == pytest.approx(0, abs=1e-12)


def test_a_missing_or_zero_generator_has_cosine_0_and_the_mean_entry_as_mae():
    for learned in (so(3)[:1], torch.cat([so(3)[:1], torch.zeros(2, 3, 3)])):
        similarity = cosine_and_mae(learned, so(3))
        assert similarity.cosine == pytest.approx(1 / 3)
        assert similarity.mae == pytest.approx(2 / 3 * 2 / 9)


@pytest.mark.parametrize("algebra", [so(3), so(1, 3), se(3)], ids=["so3", "lorentz", "se3"])
def test_algebras_are_closed_and_a_part_of_one_is_not(algebra):
    assert closure_defect(rotated(algebra), frobenius) < 1e-7
    assert closure_defect(algebra[:1], frobenius) == 0
    assert closure_defect(algebra[:2], frobenius) == pytest.approx(1)
    assert closure_defect(algebra.float(), frobenius) < 1e-6


def test_commuting_generators_are_closed():
    assert closure_defect(torch.stack([torch.block_diag(J, 0 * J), torch.block_diag(0 * J, J)]), frobenius) == 0


def test_closure_is_measured_by_what_brackets_do_to_the_data():
    """In another unit of length, translations dwarf rotations in their entries, and nothing else changes."""
    x = torch.randn(200, 5, 3, dtype=torch.float64)
    learned = torch.einsum("kl,lij->kij", torch.randn(4, 6, dtype=torch.float64), se(3))
    scale = torch.diag(torch.tensor([100.0, 100.0, 100.0, 1.0], dtype=torch.float64))
    here = closure_defect(learned, partial(field_gram, PointAction(), x))
    there = closure_defect(scale @ learned @ scale.inverse(), partial(field_gram, PointAction(), 100.0 * x))
    assert 0.1 < here < 1.0
    assert there == pytest.approx(here, abs=1e-8)


def test_an_exact_algebra_keeps_its_dimension_in_every_basis():
    x = torch.randn(300, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gram, draws = field_gram(VectorAction(4), x, full(4).basis), torch.Generator().manual_seed(1)
    for _ in range(2000):
        mixed = torch.einsum("kl,lij->kij", torch.randn(6, 6, generator=draws, dtype=torch.float64), so(1, 3))
        scores = compare(mixed, so(1, 3), full(4).basis, gram)
        assert scores.dimension == 6
        assert scores.recall == pytest.approx(1.0, abs=1e-6)


def test_angle_rate_is_the_angle_per_unit_coefficient():
    assert angle_rate(-0.9 * TWO_BODY) == pytest.approx(0.9)
    assert angle_rate(torch.diag(torch.tensor([1.0, 2.0]))) == 0


def test_the_share_of_a_span_is_squared_cosine_in_any_basis_of_it(rng):
    rotation, shift = so(2)[0], torch.zeros(3, 3, dtype=torch.float64)
    turn = torch.zeros(3, 3, dtype=torch.float64)
    turn[:2, :2], shift[0, 2] = rotation, 1.0
    assert span_share((turn + shift)[None], torch.stack([shift, shift])) == pytest.approx(1 / 3)
    assert span_share(shift[None], 5.0 * shift[None]) == pytest.approx(1.0)
    assert span_share(turn[None], shift[None]) == 0.0
    assert span_share(0.0 * turn[None], shift[None]) == 0.0


def test_errors_name_the_generator():
    basis = full(3).basis
    gram = torch.eye(9, dtype=torch.float64)
    with pytest.raises(ValueError, match="learned has non-finite entries in generator 2 of 3"):
        compare(so(3) / torch.tensor([1.0, 1.0, 0.0])[:, None, None], so(3), basis, gram)
    outside = torch.stack([so(3)[0], torch.eye(3, dtype=torch.float64)])
    with pytest.raises(ValueError, match="truth generator 1 of 2 is not in the span of the search space"):
        compare(so(3), outside, so(3), gram[:3, :3])
    with pytest.raises(ValueError, match=r"learned has shape \(3, 3\); it must be \(k, d, d\)"):
        compare(so(3)[0], so(3), basis, gram)
    with pytest.raises(ValueError, match="textbook holds a zero matrix"):
        cosine_and_mae(so(3), 0 * so(3))
    with pytest.raises(ValueError, match=r"learned \(3, 3, 3\) and textbook \(6, 4, 4\) must be"):
        cosine_and_mae(so(3), se(3))
