"""Laws of the two methods without a network: persistence repeats, least squares is the normal equations' solution."""

import torch
from torch import nn

from bench.api import Problem, RunContext, Split
from bench.api.parameters import Parameters
from bench.lie.action import IdentityAction
from bench.lie.points import PointAction
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.methods.linear import Linear
from bench.methods.persistence import Persistence

CPU = torch.device("cpu")


def problem(x, y, **changes):
    split, action = Split(x, y), VectorAction(x.shape[-1])
    values = {"train": split, "val": split, "action_in": action, "action_out": action, "search": full(x.shape[-1])}
    rest = {"loss": nn.functional.mse_loss, "backbone": nn.Identity, "device": CPU}
    return Problem(**(values | rest | changes))


def fit(method, case, tmp_path):
    return method.fit(case, RunContext(Parameters(), 0, CPU, tmp_path))


def data(n=200, t=2, d=4):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, t, d, generator=generator)
    return x, torch.randn(t * d, 3 * d, generator=generator), torch.randn(n, 3 * d, generator=generator)


def test_persistence_repeats_the_last_state(tmp_path):
    x, _, _ = data()
    fitted = fit(Persistence(), problem(x, x.repeat(1, 2, 1)[:, :3]), tmp_path)
    prediction = fitted.predict(x)
    assert prediction.shape == (200, 3, 4)
    assert all(torch.equal(prediction[:, step], x[:, -1]) for step in range(3))


def test_persistence_repeats_a_state_of_several_vectors(tmp_path):
    x, _, _ = data(t=4)
    fitted = fit(Persistence(), problem(x, x.repeat(1, 3, 1), action_in=VectorAction(4, per_state=4)), tmp_path)
    assert torch.equal(fitted.predict(x), x.repeat(1, 3, 1))


def test_persistence_needs_states_as_targets():
    x, _, _ = data()
    assert "later states" in Persistence().supports(problem(x, x[..., :1], action_out=IdentityAction(4)))
    assert "later states" in Persistence().supports(problem(x[..., :3], x[..., :3], action_in=PointAction()))


def test_linear_is_the_ridge_solution_of_the_best_validation_loss(tmp_path):
    x, weight, noise = data()
    y = (x.flatten(1) @ weight + noise).view(-1, 3, 4)
    fitted = fit(Linear(), problem(x, y), tmp_path)
    design = x.flatten(1).double()
    exact = torch.linalg.solve(design.mT @ design, design.mT @ y.flatten(1).double())
    # Training and validation are one here, so the weakest ridge wins.
    torch.testing.assert_close(fitted.weight, exact, rtol=1e-6, atol=1e-6)


def test_validation_picks_the_ridge(tmp_path):
    x, weight, noise = data(n=9)  # nine examples, eight coordinates, much noise
    y = (x.flatten(1) @ (0.1 * weight) + 3 * noise).view(-1, 3, 4)
    many, _, _ = data(n=500)
    val = Split(many, (many.flatten(1) @ (0.1 * weight)).view(-1, 3, 4))
    fitted = fit(Linear(), problem(x, y, val=val), tmp_path)
    plain = torch.linalg.lstsq(x.flatten(1).double(), y.flatten(1).double()).solution
    assert float(fitted.weight.norm()) < 0.9 * float(plain.norm())


def test_linear_survives_columns_that_depend_on_each_other(tmp_path):
    x, weight, _ = data()
    mirrored = torch.cat([x, -x], 2)
    y = (x.flatten(1) @ weight).view(-1, 3, 4)
    fitted = fit(Linear(), problem(mirrored, y, action_out=IdentityAction(8)), tmp_path)
    torch.testing.assert_close(fitted.predict(mirrored), y, rtol=1e-4, atol=1e-4)
