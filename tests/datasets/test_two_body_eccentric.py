"""Laws of the eccentric orbits: Kepler's, as drawn, in both senses, and solved by the true flow."""

import numpy as np
import pytest
import torch

from bench.datasets.two_body import flow_step, simulate
from bench.datasets.two_body_eccentric import RECIPE, EccentricRecipe
from bench.errors import BenchError

MU = 0.25


@pytest.fixture(scope="module")
def orbits():
    return simulate(RECIPE)


def elements(states):
    """Semi-major axis, eccentricity and angular momentum of body 1, each ``(..., steps)``."""
    q, p = states[..., 0:2], states[..., 2:4]
    r = np.linalg.norm(q, axis=-1)
    energy = (p**2).sum(-1) / 2 - MU / r
    momentum = q[..., 0] * p[..., 1] - q[..., 1] * p[..., 0]
    runge_lenz = np.stack([p[..., 1], -p[..., 0]], -1) * momentum[..., None] / MU - q / r[..., None]
    return -MU / (2 * energy), np.linalg.norm(runge_lenz, axis=-1), momentum


def test_sizes_and_mirror_image(orbits):
    assert orbits.train.shape == (814, 20, 8)
    assert orbits.test.shape == (790, 20, 8)
    assert np.array_equal(orbits.train[..., 4:], -orbits.train[..., :4])


def test_axis_and_eccentricity_are_those_drawn_and_conserved(orbits):
    axis, eccentricity, momentum = elements(np.concatenate(orbits))
    for values in (axis, eccentricity, momentum):
        assert np.ptp(values, axis=1).max() < 1e-6
    assert 1.5 < axis.min() < 1.51 < 2.99 < axis.max() < 3.0
    assert 0.1 < eccentricity.min() < 0.11 < 0.59 < eccentricity.max() < 0.6
    assert abs(np.corrcoef(axis[:, 0], eccentricity[:, 0])[0, 1]) < 0.1


def test_both_senses_any_direction_and_any_phase(orbits):
    states = np.concatenate(orbits)
    senses = np.sign(elements(states)[2][:, 0])
    assert 0.45 < (senses > 0).mean() < 0.55
    angles = np.arctan2(states[:, 0, 1], states[:, 0, 0])
    assert np.histogram(angles, 8, (-np.pi, np.pi))[0].min() > 0.08 * len(states)
    outwards = (states[:, 0, 0:2] * states[:, 0, 2:4]).sum(1) > 0
    assert 0.45 < outwards.mean() < 0.55


def test_the_true_flow_leads_from_step_to_step(orbits):
    states = torch.from_numpy(orbits.test[:100])
    assert float((flow_step(states[:, :-1], RECIPE.dt) - states[:, 1:]).abs().max()) < 1e-7


def test_recipes_have_their_own_keys_and_refuse_what_cannot_be():
    small = EccentricRecipe(n_train=2, n_test=1)
    assert small.content_key() != RECIPE.content_key()
    for wrong in ({"eccentricity_max": 0.9}, {"axis_min": 0.0}, {"eccentricity_min": 0.7}, {"n_steps": 51}):
        with pytest.raises(BenchError, match=next(iter(wrong)).removesuffix("_min").removesuffix("_max")):
            EccentricRecipe(**wrong)
