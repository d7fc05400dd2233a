import io

import numpy as np
import pytest

from bench.leaderboard.drawing.gauge import aligned
from bench.leaderboard.drawing.primitives import augmentation_samples, drawable, generator_heatmaps

ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])


def images(figure):
    return [np.asarray(axis.images[0].get_array()) for axis in figure.axes if axis.images]


def png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer)
    return buffer.getvalue()


def test_length_and_sign_of_a_generator_do_not_change_its_picture():
    shown, textbook = images(generator_heatmaps(-3.0 * ROTATION[None], ROTATION[None]))
    np.testing.assert_allclose(shown, textbook)
    assert np.linalg.norm(shown) == pytest.approx(1.0)


def test_all_generators_share_one_colour_scale_symmetric_about_zero():
    figure = generator_heatmaps(np.random.default_rng(0).normal(size=(3, 2, 2)), ROTATION[None])
    limits = {axis.images[0].get_clim() for axis in figure.axes if axis.images}
    assert len(limits) == 1
    low, high = limits.pop()
    assert low == -high < 0


def test_several_generators_are_turned_onto_the_truth_of_their_span():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(3, 4, 4))
    truth = np.linalg.qr(truth.reshape(3, -1).T)[0].T.reshape(3, 4, 4)
    mixed = np.einsum("ij,jab->iab", rng.normal(size=(3, 3)), truth)
    np.testing.assert_allclose(aligned(mixed, truth), truth, atol=1e-10)
    other = rng.normal(size=(3, 4, 4))  # another span: turned, not changed
    span = np.linalg.pinv(other.reshape(3, -1)) @ other.reshape(3, -1)
    turned = aligned(other, truth).reshape(3, -1)
    np.testing.assert_allclose(turned @ span, turned, atol=1e-10)
    np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-10)


def test_heat_maps_need_neither_a_truth_nor_a_nonzero_generator():
    assert len(images(generator_heatmaps(np.zeros((1, 2, 2))))) == 1
    assert png(generator_heatmaps(np.zeros((0, 2, 2)), ROTATION[None]))[:4] == b"\x89PNG"


def test_heat_maps_refuse_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"must be \(k, d, d\) and \(r, d, d\)"):
        generator_heatmaps(np.zeros((1, 2, 2)), np.zeros((1, 3, 3)))


@pytest.mark.parametrize("shape", [(1, 8), (1, 12, 12), (3, 6, 6), (5, 3), (5, 4)], ids=str)
def test_every_kind_of_input_can_be_drawn(shape):
    original = np.random.default_rng(1).random((3, *shape)).astype("float32")
    assert drawable(original)
    assert png(augmentation_samples(original, np.stack([original, -original], 1)))[:4] == b"\x89PNG"


def test_padding_of_a_point_cloud_is_not_drawn():
    original = np.zeros((1, 5, 4))
    original[0, :2] = [[6.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0]]
    axis = augmentation_samples(original, original[:, None]).axes[0]
    assert {len(points.get_offsets()) for points in axis.collections} == {2}


def test_samples_refuse_other_shapes():
    with pytest.raises(ValueError, match="neither"):
        augmentation_samples(np.zeros((2, 5)), np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match=r"\(s, J, \*shape\)"):
        augmentation_samples(np.zeros((2, 1, 8)), np.zeros((2, 1, 8)))
