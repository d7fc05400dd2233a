"""The forecast that nothing changes: the reference that any model of a dynamical system has to beat."""

from __future__ import annotations

from torch import Tensor

from bench.api import Fitted, Method, MethodCard, Problem, RunContext
from bench.api.parameters import Parameters
from bench.lie.vectors import VectorAction


class PersistenceFitted(Fitted):
    def __init__(self, steps: int, per_state: int) -> None:
        self.steps, self.per_state = steps, per_state

    def predict(self, x: Tensor) -> Tensor:
        return x[:, -self.per_state :].repeat(1, self.steps, 1)  # (n, t, d) -> (n, t_out, d)


class Persistence(Method):
    r"""Repeats the last state: :math:`\hat y_s = x_t` for every future step s. Nothing is trained."""

    card = MethodCard(
        id="persistence",
        title="Persistence",
        summary="repeats the last state; nothing is trained",
        knowledge="none",
        citation="",
    )
    Params = Parameters

    def supports(self, problem: Problem) -> str | None:
        # One action on both sides says that inputs and targets are states of the same kind.
        same = isinstance(problem.action_in, VectorAction) and isinstance(problem.action_out, VectorAction)
        fits = problem.train.x.ndim == 3 and problem.train.x.shape[2:] == problem.train.y.shape[2:]
        return None if same and fits else "needs targets that are later states of the inputs"

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        assert isinstance(problem.action_in, VectorAction)
        per_state = problem.action_in.per_state
        return PersistenceFitted(problem.train.y.shape[1] // per_state, per_state)


METHODS = (Persistence(),)
