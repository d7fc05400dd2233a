"""Laws of the two-body orbits: their statistics, windows and splits, and the flow in torch."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from bench.datasets.cache import data_dir, read_npz
from bench.datasets.two_body import (
    Orbits,
    TwoBodyRecipe,
    flow_step,
    simulate,
    split,
    windows,
)
from bench.errors import BenchError

RECIPE = TwoBodyRecipe()


@pytest.fixture(scope="module")
def orbits() -> Orbits:
    return simulate(RECIPE)


@pytest.fixture(scope="module")
def released() -> Orbits:
    path = data_dir() / "two_body" / "2body-orbits-liegan.npz"
    if not path.exists():
        pytest.skip("the LieGAN release's orbits are not in the cache folder (they have no licence to ship)")
    arrays = read_npz(path)
    # Its columns are qx1, qx2, qy1, qy2, px1, px2, py1, py2; LieGAN's loader re-indexes them like this.
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    return Orbits(arrays["coords"][..., order], arrays["test_coords"][..., order])


def start(coords):
    """Radius, angle, speed relative to circular, cosine between position and velocity, spin; of body 1 at the start."""
    q, p = coords[:, 0, :2], coords[:, 0, 2:4]
    r, v = np.linalg.norm(q, axis=1), np.linalg.norm(p, axis=1)
    cosine = (q * p).sum(1) / (r * v)
    return r, np.arctan2(q[:, 1], q[:, 0]), 2 * np.sqrt(r) * v, cosine, q[:, 0] * p[:, 1] - q[:, 1] * p[:, 0]


def energy(coords):
    kinetic = (coords[..., 2:4] ** 2 + coords[..., 6:8] ** 2).sum(-1) / 2
    return kinetic - 1 / np.linalg.norm(coords[..., :2] - coords[..., 4:6], axis=-1)


def mse(a, b):
    return float(((a - b) ** 2).mean())


def linear_error(train, test):
    flat = [a.reshape(len(a), -1) for a in (train.x, train.y, test.x, test.y)]
    return mse(flat[2] @ np.linalg.lstsq(flat[0], flat[1], rcond=None)[0], flat[3])


def occupancy(pairs):
    """Fractions of the pairs whose first input step of body 1 is in quadrants I, II, III, IV."""
    x, y = pairs.x[:, 0, 0], pairs.x[:, 0, 1]
    return [float(((i * x > 0) & (j * y > 0)).mean()) for i, j in ((1, 1), (-1, 1), (-1, -1), (1, -1))]


def test_the_start_has_the_statistics_of_the_recipe(orbits):
    assert orbits.train.shape == (814, 20, 8)
    assert orbits.test.shape == (790, 20, 8)
    for coords, low in ((orbits.train, -np.pi), (orbits.test, 0.0)):
        r, angle, speed, cosine, spin = start(coords)
        assert r.min() >= 1.5
        assert r.max() <= 3.0
        assert r.mean() == pytest.approx(2.25, abs=0.05)
        assert ((angle > low) & (angle < low + np.pi)).all()
        assert angle.mean() == pytest.approx(low + np.pi / 2, abs=0.1)
        assert speed.mean() == pytest.approx(1, abs=1e-4)
        assert speed.std() == pytest.approx(7e-4, rel=0.1)
        assert np.abs(cosine).max() < 1e-12
        assert (spin > 0).all()


def test_body_2_mirrors_body_1_exactly(orbits):
    for coords in orbits:
        assert (coords[..., 4:] == -coords[..., :4]).all()


def test_energy_and_angular_momentum_are_conserved(orbits):
    for coords in orbits:
        e = energy(coords)
        spin = coords[..., 0] * coords[..., 3] - coords[..., 1] * coords[..., 2]
        assert np.abs(e - e[:, :1]).max() < 1e-9
        assert np.abs(spin - spin[:, :1]).max() < 1e-9


def test_circular_orbits_obey_keplers_third_law():
    recipe = dataclasses.replace(RECIPE, speed_spread=0.0, n_train=50, n_test=50)
    for coords in simulate(recipe):
        angle = np.unwrap(np.arctan2(coords[..., 1], coords[..., 0]), axis=1)
        omega = (angle[:, -1] - angle[:, 0]) / (recipe.dt * (recipe.n_steps - 1))
        r = np.linalg.norm(coords[..., :2], axis=-1)
        assert np.abs(omega * r[:, 0] ** 1.5 - 0.5).max() < 1e-9
        assert np.abs(r - r[:, :1]).max() < 1e-9


def test_more_accurate_integration_of_one_orbit_agrees(orbits):
    from scipy.integrate import solve_ivp

    def field(_, s):
        return np.concatenate([s[2:], -s[:2] / (4 * np.linalg.norm(s[:2]) ** 3)])

    for coords in (orbits.train[3], orbits.test[5]):
        times = RECIPE.dt * np.arange(20)
        exact = solve_ivp(field, (0, times[-1]), coords[0, :4], "Radau", times, rtol=1e-11, atol=1e-13).y.T
        assert np.abs(coords[:, :4] - exact).max() < 1e-9


@pytest.mark.parametrize(("steps", "sizes"), [(1, (14652, 14220)), (3, (11396, 11060)), (5, (8140, 7900))])
def test_windows_have_the_published_numbers(orbits, steps, sizes):
    for pairs, size in zip(split(orbits, "half_plane", steps, steps), sizes, strict=True):
        assert pairs.x.shape == pairs.y.shape == (size, steps, 8)


def test_windows_equal_the_reference_loop(orbits):
    coords = orbits.train[:5]
    pairs = windows(coords, 3, 2)
    loop = [(i, c[t : t + 3], c[t + 3 : t + 5]) for i, c in enumerate(coords) for t in range(20 - 3 - 2)]
    assert np.array_equal(pairs.trajectory, [i for i, _, _ in loop])
    assert np.array_equal(pairs.x, [x for _, x, _ in loop])
    assert np.array_equal(pairs.y, [y for _, _, y in loop])


def test_windows_that_do_not_fit_are_refused(orbits):
    with pytest.raises(
        BenchError, match=r"t_in \+ t_out = 12 \+ 8 steps do not fit trajectories of 20 steps; .* most 19"
    ):
        windows(orbits.train, 12, 8)
    with pytest.raises(BenchError, match="t_out is 0; it must be at least 1"):
        windows(orbits.train, 1, 0)


def test_persistence_and_linear_oracle_have_the_published_errors(orbits):
    train, test = split(orbits, "half_plane", 1, 1)
    assert mse(test.x, test.y) == pytest.approx(4.7e-3, rel=0.08)
    assert linear_error(train, test) < 1e-6
    train, test = split(orbits, "half_plane", 3, 3)
    assert mse(test.x[:, -1:], test.y) == pytest.approx(2.2e-2, rel=0.08)
    assert linear_error(train, test) < 1e-6


def test_half_plane_occupies_the_published_quadrants(orbits):
    train, test = split(orbits, "half_plane", 1, 1)
    assert occupancy(train) == pytest.approx([0.19, 0.0, 0.31, 0.50], abs=0.04)
    assert occupancy(test) == pytest.approx([0.33, 0.49, 0.18, 0.0], abs=0.04)


@pytest.mark.parametrize("steps", [1, 3])
def test_quadrant_split_has_disjoint_quadrants_and_loses_no_pair(orbits, steps):
    plain = split(orbits, "half_plane", steps, steps)
    turned = split(orbits, "quadrant", steps, steps)
    for before, after in zip(plain, turned, strict=True):
        assert before.x.shape == after.x.shape
        assert np.array_equal(before.trajectory, after.trajectory)
        # A turn keeps lengths and the angle between input and output, whatever was turned.
        assert np.allclose((before.x**2).sum((1, 2)), (after.x**2).sum((1, 2)), atol=1e-13)
        assert np.allclose((before.x * before.y).sum((1, 2)), (after.x * after.y).sum((1, 2)), atol=1e-13)
    assert occupancy(turned[0])[::2] == [0, 0]
    assert occupancy(turned[1])[1::2] == [0, 0]
    if steps == 1:
        assert occupancy(turned[0]) == pytest.approx([0, 0.17, 0, 0.83], abs=0.03)
        assert occupancy(turned[1]) == pytest.approx([0.35, 0, 0.65, 0], abs=0.03)


def test_quadrant_pairs_still_obey_the_dynamics(orbits):
    for pairs in split(orbits, "quadrant", 1, 1):
        moved = flow_step(torch.from_numpy(pairs.x[::50, 0]), RECIPE.dt)
        assert (moved - torch.from_numpy(pairs.y[::50, 0])).abs().max() < 1e-9


def test_iid_split_permutes_the_pooled_trajectories_with_its_seed(orbits):
    parts = [windows(coords, 1, 1) for coords in orbits]
    first, again, other = (split(orbits, "iid", 1, 1, seed) for seed in (0, 0, 1))
    assert [len(p.x) for p in first] == [len(p.x) for p in parts]
    assert all(np.array_equal(a.x, b.x) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].x, other[0].x)
    assert np.array_equal(*(np.sort(np.concatenate([p.x for p in ps]).ravel()) for ps in (parts, first)))
    assert occupancy(first[0]) == pytest.approx([0.25] * 4, abs=0.04)
    for pairs in first:  # no trajectory is torn apart
        assert np.array_equal(np.bincount(pairs.trajectory), [18] * (pairs.trajectory[-1] + 1))


def test_an_unknown_split_is_named_with_a_suggestion(orbits):
    with pytest.raises(
        BenchError, match=r"unknown split 'quadrants'; .* half_plane, iid, quadrant\. Did you mean 'quadrant'"
    ):
        split(orbits, "quadrants", 1, 1)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"speed_spread": -1.0}, r"'speed_spread' is -1\.0; it must be in \[0, 0\.1\]"),
        ({"radius_max": 1.0}, r"'radius_max' is 1\.0; it must be >= radius_min = 1\.5"),
        ({"n_steps": 51}, r"'n_steps' is 51; it must be in \[1, n_points = 50\]"),
    ],
)
def test_a_recipe_out_of_range_is_refused(change, text):
    with pytest.raises(BenchError, match=text):
        dataclasses.replace(RECIPE, **change)


def test_the_flow_agrees_with_the_simulator(orbits):
    for coords in orbits:
        states = torch.from_numpy(coords[::20])
        assert (flow_step(states[:, :-1], RECIPE.dt) - states[:, 1:]).abs().max() < 1e-9


def test_the_flow_is_reversible_and_composes(orbits):
    state = torch.from_numpy(orbits.train[::40, 0])
    there = flow_step(state, 1.3)
    assert (flow_step(there, -1.3) - state).abs().max() < 1e-9
    assert (flow_step(flow_step(state, 0.6), 0.7) - there).abs().max() < 1e-9


def test_the_flow_is_galilean_for_bodies_that_are_no_mirror_images(orbits):
    state = torch.from_numpy(orbits.train[::40, 0])
    boost = torch.tensor([0.7, -0.2, 0.1, 0.3], dtype=torch.float64).repeat(2)  # shift and velocity, both bodies
    drift = torch.tensor([0.1, 0.3, 0, 0], dtype=torch.float64).repeat(2) * RECIPE.dt
    moved = flow_step(state + boost, RECIPE.dt)
    assert (moved - (flow_step(state, RECIPE.dt) + boost + drift)).abs().max() < 1e-11


# torch itself still scripts its forward-mode formulas, and warns of its own doing at the first jvp.
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_the_flow_commutes_with_rotations_and_has_a_jvp(orbits):
    state = torch.from_numpy(orbits.train[::40, 0])
    block = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    generator = torch.block_diag(*[block] * 4)
    value, tangent = torch.func.jvp(lambda s: flow_step(s, RECIPE.dt), (state,), (state @ generator.T,))
    assert torch.equal(value, flow_step(state, RECIPE.dt))
    assert (tangent - value @ generator.T).abs().max() < 1e-12


def test_a_state_of_another_width_is_refused():
    with pytest.raises(ValueError, match="state has 4 columns, expected 8"):
        flow_step(torch.zeros(3, 4), 0.1)


def test_the_same_recipe_gives_the_same_orbits_and_key_and_another_seed_others(orbits):
    assert all(np.array_equal(a, b) for a, b in zip(orbits, simulate(TwoBodyRecipe()), strict=True))
    other = dataclasses.replace(RECIPE, seed=1)
    assert TwoBodyRecipe().content_key() == RECIPE.content_key() != other.content_key()
    assert not np.array_equal(simulate(other).train, orbits.train)


def test_the_released_orbits_have_the_same_statistics(orbits, released):
    for own, theirs in zip(orbits, released, strict=True):
        assert own.shape == theirs.shape
        assert np.array_equal(theirs[..., 4:], -theirs[..., :4])
        ours, refs = start(own), start(theirs)
        for k, tolerance in ((0, 0.1), (1, 0.12), (2, 2e-4)):  # means of radius, angle, relative speed
            assert refs[k].mean() == pytest.approx(ours[k].mean(), abs=tolerance)
        assert refs[2].std() == pytest.approx(ours[2].std(), rel=0.15)
        assert refs[0].min() > 1.49
        assert refs[0].max() < 3.01
        assert (refs[4] > 0).all()
    for kind in ("half_plane", "quadrant"):
        for ours, theirs in zip(split(orbits, kind, 1, 1), split(released, kind, 1, 1), strict=True):
            assert occupancy(theirs) == pytest.approx(occupancy(ours), abs=0.03)


def test_the_flow_maps_the_released_orbits(released):
    states = torch.from_numpy(released.test[::10])
    assert (flow_step(states[:, :-1], RECIPE.dt) - states[:, 1:]).abs().quantile(0.99) < 1e-6
