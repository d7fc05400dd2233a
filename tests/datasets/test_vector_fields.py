"""Laws of the vector fields: Euler's equations, what time conserves, and inputs that fill their box."""

import pytest
import torch

from bench.datasets.vector_fields import SYSTEMS, hopf, linear_rotation, rigid_body, rigid_top, sphere_flow

NAMES = [system.name for system in SYSTEMS]


def states(system, n=256):
    return system.uniform(n, torch.Generator().manual_seed(0))


def named(name):
    return next(system for system in SYSTEMS if system.name == name)


@pytest.mark.parametrize(("field", "moments"), [(rigid_top, (1.0, 1.0, 2.0)), (rigid_body, (1.0, 2.0, 3.0))])
def test_bodies_obey_eulers_equations(field, moments):
    x, inertia = states(named("rigid_body")), torch.tensor(moments, dtype=torch.float64)
    torque_free = -torch.linalg.cross(x, inertia * x) / inertia
    torch.testing.assert_close(field(x), torque_free, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("field", "moments"), [(rigid_top, (1.0, 1.0, 2.0)), (rigid_body, (1.0, 2.0, 3.0))])
def test_bodies_conserve_energy_and_momentum(field, moments):
    x, inertia = states(named("rigid_body")), torch.tensor(moments, dtype=torch.float64)
    for power in (1, 2):
        assert float((inertia**power * x * field(x)).sum(-1).abs().max()) < 1e-12


def test_unit_circle_and_sphere_stay_as_they_are():
    for field, dim in ((hopf, 2), (linear_rotation, 2), (sphere_flow, 3)):
        x = torch.nn.functional.normalize(torch.randn(64, dim, dtype=torch.float64), dim=-1)
        assert float((x * field(x)).sum(-1).abs().max()) < 1e-12


def test_the_broken_field_differs_from_the_whole_one_by_its_term_alone():
    x = states(named("hopf"))
    assert torch.equal(hopf(x, 0.0), hopf(x))
    expected = torch.stack([0.3 * x[:, 0] ** 2, torch.zeros(len(x)).double()], -1)
    torch.testing.assert_close(hopf(x, 0.3) - hopf(x), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("system", SYSTEMS, ids=NAMES)
def test_inputs_fill_the_box(system):
    for x in (states(system, 2_000), system.even(500, 0)):
        assert x.shape[1:] == (system.dim,)
        width = system.high - system.low
        assert float((x.min(0).values - system.low).max()) < 0.05 * width
        assert float((system.high - x.max(0).values).max()) < 0.05 * width
        assert bool(((x >= system.low) & (x <= system.high)).all())


@pytest.mark.parametrize("system", SYSTEMS, ids=NAMES)
def test_even_inputs_give_the_means_of_the_uniform_law(system):
    many = system.field(states(system, 200_000)).square().mean()
    for seed in range(3):
        assert float(system.field(system.even(500, seed)).square().mean()) == pytest.approx(float(many), rel=0.02)
