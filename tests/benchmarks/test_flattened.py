"""How far a span turns does not depend on its basis, and is the angle between planes where they are known."""

import numpy as np
import pytest

from benchmarks.flattened import turn


def at(angle):
    """One generator ``(1, 2, 2)`` at this angle from the squeeze, in the plane of squeeze and rotation."""
    return np.array([[[np.cos(angle), -np.sin(angle)], [np.sin(angle), -np.cos(angle)]]])


def test_a_single_generator_turns_by_its_angle_whatever_its_length_and_sign():
    trace = np.stack([at(0.0), 5.0 * at(0.2), -3.0 * at(0.7)])
    assert turn(trace, 0.0) == pytest.approx(0.7)
    assert turn(trace, 0.5) == pytest.approx(0.5)


def test_another_basis_of_the_same_span_is_no_turn():
    basis = np.random.default_rng(0).normal(size=(2, 3, 3))
    trace = np.stack([basis, np.array([[basis[0] + basis[1], 2 * basis[0] - basis[1]]])[0]])
    assert turn(trace, 0.0) < 1e-7
