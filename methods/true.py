"""The discoverer that is told the group: `true+augment` is the upper reference of every discoverer + augment."""

from __future__ import annotations

from bench.api import Method, MethodCard, Problem, RunContext
from bench.api.discovery import Discovery
from bench.api.parameters import Parameters


class TrueSymmetry(Method):
    """Returns the textbook generators and the group's own distribution (Haar on compact groups)."""

    card = MethodCard(
        id="true",
        title="True group",
        summary="told the group; a discoverer for pipelines such as true+augment",
        knowledge="group",
        citation="",
        discovers=True,
    )
    Params = Parameters

    def supports(self, problem: Problem) -> str | None:
        return "the task declares no symmetry" if problem.group is None else None

    def fit(self, problem: Problem, ctx: RunContext) -> Discovery:
        assert problem.group is not None
        return Discovery(problem.group)


METHODS = (TrueSymmetry(),)
