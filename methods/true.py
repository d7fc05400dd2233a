"""The discoverer that is told the group: `true+augment` is the upper reference of every discoverer + augment."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from bench.api import Fitted, Method, MethodCard, Problem, RunContext, SymmetryEstimate
from bench.errors import Unsupported
from bench.params import Parameters


@dataclass(frozen=True)
class NoParameters(Parameters):
    """Nothing to set."""


class TrueFitted(Fitted):
    def __init__(self, estimate: SymmetryEstimate) -> None:
        self.estimate = estimate

    def predict(self, x: Tensor) -> Tensor:
        raise Unsupported("'true' only names the group and predicts nothing; run `true+augment`")

    def symmetry(self) -> SymmetryEstimate:
        return self.estimate


class TrueSymmetry(Method):
    """Returns the textbook generators and the group's own distribution (Haar on compact groups)."""

    card = MethodCard(
        id="true",
        title="True group",
        summary="told the group; a discoverer for pipelines such as true+augment",
        knowledge="group",
        citation="",
    )
    Params = NoParameters

    def supports(self, problem: Problem) -> str | None:
        return "the task declares no symmetry" if problem.group is None else None

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        assert problem.group is not None
        return TrueFitted(problem.group)


METHODS = (TrueSymmetry(),)
