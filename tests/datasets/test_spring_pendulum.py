"""Laws of the double spring pendulum: energy, Hamilton's equations, the vertical turn, and the chunks."""

import pytest
import torch

from bench.datasets.spring_pendulum import CHUNK, DT, energy, first_states, flow, following, velocity


@pytest.fixture(scope="module")
def states():
    return first_states(200, torch.Generator().manual_seed(0))


def test_energy_is_kept_within_a_chunk(states):
    for later in following(states).split(4, 1):
        torch.testing.assert_close(energy(later), energy(states), rtol=0, atol=1e-5)


def test_velocities_are_hamiltons_equations(states):
    leaf = states.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(energy(leaf).sum(), leaf)
    torch.testing.assert_close(velocity(states), torch.cat([gradient[:, 2:], -gradient[:, :2]], 1))


def test_following_states_are_those_of_a_finer_integration(states):
    later = following(states)
    assert later.shape == (200, 4 * (CHUNK - 1), 3)
    fine = flow(states, DT * (CHUNK - 1), 400)
    torch.testing.assert_close(later[:, -4:], fine, rtol=0, atol=1e-5)
    torch.testing.assert_close(flow(states, DT, 10), later[:, :4])


def test_the_vertical_is_the_only_axis(states):
    angle = torch.tensor(0.7, dtype=torch.float64)
    for axis, turns in ((2, True), (0, False)):
        g = torch.eye(3, dtype=torch.float64)
        i, j = (k for k in range(3) if k != axis)
        g[[i, j], [i, j]], g[i, j], g[j, i] = angle.cos(), -angle.sin(), angle.sin()
        error = (following(states @ g.mT) - following(states) @ g.mT).abs().max()
        assert bool(error < 1e-11) is turns


def test_chunks_begin_at_all_times_of_the_trajectories(states):
    again = first_states(200, torch.Generator().manual_seed(0))
    assert torch.equal(states, again)
    early = energy(states)
    fresh = -3.5  # near the mean energy of what the recipe draws: 0.96 / 2 + 0.125 + 0.25 - 4.5
    assert float(early.mean()) == pytest.approx(fresh, abs=0.2)
    assert float(states[:, 1, 2].std()) > 0.5  # at the start it would be 0.2
