import numpy as np

from bench.leaderboard.drawing.gauge import aligned


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
