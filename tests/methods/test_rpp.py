"""Laws of RPP as a consumer: any generators make a network, and the prior decides how equivariant it is."""

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split, SymmetryEstimate
from bench.api.coefficients import uniform_sampler
from bench.errors import BenchError
from bench.lie.action import IdentityAction
from bench.lie.images import ImageAction
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.methods.rpp import RPPMethod, RPPParams
from bench.nn.mlp import MLP

CPU = torch.device("cpu")
J = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
ROTATION = torch.kron(torch.eye(2), J)[None]  # (1, 4, 4)
EVERY = torch.eye(16).reshape(16, 4, 4)  # gl(4)


def problem(generators=ROTATION, tilt=0.0, invariant=False, **changes):
    """A map that turns with :data:`ROTATION`, and along one direction with the weight ``tilt``."""
    x = torch.randn(256, 1, 4, generator=torch.Generator().manual_seed(0))
    y = x @ ROTATION[0] * x.square().mean((1, 2), keepdim=True)
    if invariant:
        y = x.square().sum((1, 2))[:, None] / 4 - 1
    y = y + tilt * x[..., 0].tanh().view(-1, *[1] * (y.ndim - 1))
    split, action = Split(x, y), VectorAction(4)
    values = {
        "train": split, "val": split, "action_in": action, "action_out": IdentityAction(4) if invariant else action,
        "search": full(4), "loss": nn.functional.mse_loss, "backbone": lambda: MLP((1, 4), (1, 4)), "device": CPU,
        "given": SymmetryEstimate(generators, uniform_sampler(generators, 1.0)),
    }  # fmt: skip
    return Problem(**(values | changes))


def fit(case, tmp_path, **params):
    params = {"passes": len(case.train) * params.pop("epochs", 30)} | params
    ctx = RunContext(
        RPPParams(**({"batch_size": 32, "lr": 1e-2, "channels": 4, "blocks": 2} | params)), 0, CPU, tmp_path
    )
    return RPPMethod().fit(case, ctx), ctx


def last(ctx, name="val/loss"):
    return ctx.history[name][-1][1]


def share_left(case, ctx):
    return last(ctx) / float(case.train.y.var(correction=0))


def defect(fitted, x):
    g = torch.matrix_exp(1.3 * ROTATION[0])
    return float((fitted.predict(x @ g.mT) - fitted.predict(x) @ g.mT).norm() / fitted.predict(x).norm())


@pytest.mark.parametrize("invariant", [False, True])
def test_learns_with_the_true_generators_and_reports_them(tmp_path, invariant):
    case = problem(invariant=invariant)
    fitted, ctx = fit(case, tmp_path)
    assert share_left(case, ctx) < 0.1
    assert fitted.symmetry() is case.given
    assert ctx.passes == 30 * 256


@pytest.mark.parametrize("invariant", [False, True])
@pytest.mark.parametrize(
    "generators", [EVERY, torch.randn(1, 4, 4, generator=torch.Generator().manual_seed(3)), ROTATION[:0]],
    ids=["all", "random", "none"],
)  # fmt: skip
def test_learns_whatever_the_generators_leave(tmp_path, generators, invariant):
    case = problem(generators, tilt=0.5, invariant=invariant)
    assert share_left(case, fit(case, tmp_path)[1]) < 0.2


def test_without_generators_every_map_is_equivariant(tmp_path):
    _, ctx = fit(problem(ROTATION[:0]), tmp_path, epochs=1)
    ranks = {name: ctx.history[f"rank/{name}"][0][1] for name in ("commutant", "functionals", "vectors", "forms")}
    assert ranks == {"commutant": 16, "functionals": 4, "vectors": 4, "forms": 10}


def test_the_defect_falls_as_the_prior_ratio_rises(tmp_path):
    case = problem(tilt=0.3)
    defects = [defect(fit(case, tmp_path, wd_free=free)[0], case.train.x) for free in (1e-3, 1.0, 1e2)]
    assert defects[0] > 0.05
    assert defects[0] > 1.5 * defects[1]
    assert defects[1] > 1.5 * defects[2]


def test_the_history_adds_up(tmp_path):
    _, ctx = fit(problem(), tmp_path, epochs=2, wd_equivariant=1e-3, wd_free=10.0)
    parts = last(ctx, "train/task") + 1e-3 * last(ctx, "train/equivariant") + 10.0 * last(ctx, "train/free")
    assert last(ctx, "train/loss") == pytest.approx(parts, rel=1e-4)


def test_dependent_generators_count_once(tmp_path):
    twice = torch.cat([ROTATION, 2.0 * ROTATION, ROTATION + 1e-6])
    ranks = [fit(problem(g), tmp_path, epochs=1)[1].history["rank/commutant"] for g in (ROTATION, twice)]
    assert ranks[0] == ranks[1] == [(0, 8.0)]


def test_what_is_not_a_generator_is_refused_in_one_line(tmp_path):
    with pytest.raises(BenchError, match="rpp: generator 1 of 1 has size 0"):
        fit(problem(torch.zeros(1, 4, 4)), tmp_path)
    with pytest.raises(BenchError, match="rpp: generator 2 of 2 has size nan"):
        fit(problem(torch.cat([ROTATION, torch.full((1, 4, 4), float("nan"))])), tmp_path)


def test_other_data_are_declined():
    method = RPPMethod()
    assert "vectors" in method.supports(problem(action_in=ImageAction(8)))
    labels = problem(action_out=IdentityAction(4), train=Split(torch.zeros(4, 1, 4), torch.zeros(4, dtype=torch.int64)))
    assert "class labels" in method.supports(labels)
    flat = problem(train=Split(torch.zeros(4, 4), torch.zeros(4, 4)))
    assert "(n, t, d)" in method.supports(flat)
    assert method.supports(problem()) is None
