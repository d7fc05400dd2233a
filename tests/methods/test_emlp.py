"""Laws of EMLP as a consumer: equivariant under what it is given, and no network from unclear generators."""

import pytest
import torch
from torch import nn

from bench.api import Problem, RunContext, Split, SymmetryEstimate
from bench.api.coefficients import uniform_sampler
from bench.errors import BenchError
from bench.lie.action import IdentityAction
from bench.lie.algebra import so
from bench.lie.images import ImageAction
from bench.lie.matrices import MatrixAction
from bench.lie.search_space import full
from bench.lie.vectors import VectorAction
from bench.methods.emlp import EMLPMethod, EMLPParams
from bench.nn.mlp import MLP

CPU = torch.device("cpu")
ROTATION = torch.kron(torch.eye(4), torch.tensor([[0.0, -1.0], [1.0, 0.0]]))[None]  # (1, 8, 8)


def problem(generators=ROTATION, invariant=False, **changes):
    x = torch.randn(256, 2, 8, generator=torch.Generator().manual_seed(0))
    y = (x.square().sum((1, 2))[:, None] / 16 - 1) if invariant else x.flip(1) * x.square().mean((1, 2), keepdim=True)
    split, action = Split(x, y), VectorAction(8)
    given = SymmetryEstimate(generators, uniform_sampler(generators, 1.0))
    values = {
        "train": split, "val": split, "action_in": action, "action_out": IdentityAction(8) if invariant else action,
        "search": full(8), "loss": nn.functional.mse_loss, "backbone": lambda: MLP((2, 8), (2, 8)), "device": CPU,
        "given": given,
    }  # fmt: skip
    return Problem(**(values | changes))


def fit(case, tmp_path, **params):
    params = {"passes": len(case.train) * params.pop("epochs", 20)} | params
    ctx = RunContext(EMLPParams(**({"batch_size": 32, "lr": 5e-3} | params)), 0, CPU, tmp_path)
    return EMLPMethod().fit(case, ctx), ctx


@pytest.mark.parametrize("invariant", [False, True])
def test_learns_and_stays_equivariant(tmp_path, invariant):
    case = problem(invariant=invariant)
    fitted, ctx = fit(case, tmp_path)
    x, g = case.train.x, torch.matrix_exp(1.3 * ROTATION[0])
    moved, expected = fitted.predict(x @ g.mT), fitted.predict(x)
    torch.testing.assert_close(moved, expected if invariant else expected @ g.mT, rtol=1e-3, atol=1e-3)
    losses = [value for _, value in ctx.history["val/loss"]]
    assert losses[-1] < 0.2 * float(case.train.y.var())


def test_learns_matrices_of_vectors_with_masses_and_is_refused_scalars_that_move(tmp_path):
    x = torch.randn(256, 3, 4, generator=torch.Generator().manual_seed(0))
    y = x[..., 1:].mT @ (x[..., :1].sigmoid() * x[..., 1:])  # Σ σ(m) r rᵀ
    action, generators = VectorAction(3, scalars=1), so(3).float()
    given = SymmetryEstimate(generators, uniform_sampler(generators, 1.0))
    split, out = Split(x, y), MatrixAction(3)
    case = problem(train=split, val=split, action_in=action, action_out=out, given=given, search=full(3))
    assert EMLPMethod().supports(case) is None
    fitted, ctx = fit(case, tmp_path, channels=8, epochs=60)
    g = torch.matrix_exp(1.3 * generators.sum(0))
    moved = fitted.predict(torch.cat([x[..., :1], x[..., 1:] @ g.mT], -1))
    torch.testing.assert_close(moved, g @ fitted.predict(x) @ g.mT, rtol=1e-3, atol=1e-2)
    assert ctx.history["val/loss"][-1][1] < 0.3 * ctx.history["val/loss"][0][1]
    assert "output layer" in EMLPMethod().supports(problem(action_out=action))


def test_keeps_the_spectra_and_ranks_and_reports_what_it_was_given(tmp_path):
    fitted, ctx = fit(problem(), tmp_path, epochs=1)
    assert len(ctx.history["spectrum/commutant"]) == 64
    assert ctx.history["rank/commutant"] == [(0, 32.0)]
    assert fitted.symmetry().generators is problem().given.generators


def test_unclear_generators_are_refused_in_one_line(tmp_path):
    with pytest.raises(BenchError, match="emlp: generator 1 of 1 has size 0"):
        fit(problem(torch.zeros(1, 8, 8)), tmp_path)
    with pytest.raises(BenchError, match="emlp: no generators"):
        fit(problem(ROTATION[:0]), tmp_path)


def test_noisy_generators_make_a_network_and_the_record_states_the_tolerance(tmp_path):
    noise = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0))
    for size in (1e-3, 3e-2):
        _, ctx = fit(problem(ROTATION + size * noise), tmp_path, epochs=1)
        assert ctx.history["rank/commutant"] == [(0, 32.0)]
        (_, tolerance), values = ctx.history["tolerance/commutant"][0], ctx.history["spectrum/commutant"]
        assert sum(value <= tolerance for _, value in values) == 32


def test_generators_that_leave_nothing_are_refused(tmp_path):
    every = torch.eye(64).reshape(64, 8, 8)
    with pytest.raises(BenchError, match=r"emlp: the 64 given generators leave nothing .* beyond the identity map"):
        fit(problem(every), tmp_path)
    with pytest.raises(BenchError, match=r"beyond constants; the smallest residual of another map is \d"):
        fit(problem(ROTATION + torch.eye(8), invariant=True), tmp_path)
    # The same generator with a tolerance at which a nearly invariant form passes.
    fitted, _ = fit(problem(ROTATION + 0.1 * torch.eye(8), invariant=True), tmp_path, epochs=1, tolerance=0.5)
    assert fitted.predicts


def test_other_data_are_declined():
    method = EMLPMethod()
    assert "vectors" in method.supports(problem(action_in=ImageAction(8)))
    labels = problem(action_out=IdentityAction(8), train=Split(torch.zeros(4, 2, 8), torch.zeros(4, dtype=torch.int64)))
    assert "class labels" in method.supports(labels)
    assert method.supports(problem()) is None
