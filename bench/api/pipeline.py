"""`discoverer+consumer`: a discoverer's generators (learned, or those of the true group) are passed to a consumer.

A discovery is a cell of its own, run once per seed and read from the store by every consumer. Only a discoverer that
is told the group, and so costs nothing, runs in the consumer's process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.api.cards import TIERS, MethodCard
from bench.api.context import RunContext
from bench.api.method import Fitted, Method
from bench.api.motion import with_motions
from bench.api.problem import Problem
from bench.errors import BenchError


class Pipeline(Method):
    """Runs the discoverer, then the consumer with its generators. A pipeline is a method like any other."""

    def __init__(self, discoverer: Method, consumer: Method) -> None:
        if not consumer.card.consumes:
            raise BenchError(f"{consumer.card.id!r} takes no generators, so '+{consumer.card.id}' means nothing.")
        if not discoverer.card.discovers:
            raise BenchError(f"{discoverer.card.id!r} returns no generators, so '{discoverer.card.id}+' means nothing.")
        first, second = discoverer.card, consumer.card
        self.discoverer, self.consumer = discoverer, consumer
        self.card = MethodCard(  # type: ignore[misc]  # one card per pair, not per class
            id=f"{first.id}+{second.id}",
            title=f"{first.title} + {second.title}",
            summary=f"{second.summary}; generators from {first.id}",
            knowledge=max(first.knowledge, second.knowledge, key=TIERS.index),
            citation="; ".join(filter(None, (first.citation, second.citation))),
            searches=first.searches or second.searches,
        )

    @property
    def stages(self) -> Mapping[str, Method]:
        """Parameter prefix -> method: the consumer's parameters carry none, the discoverer's its name and a dot."""
        return {f"{self.discoverer.card.id}.": self.discoverer, "": self.consumer}

    @property
    def discovers_apart(self) -> bool:
        """Whether the discovery is a cell of its own."""
        return self.discoverer.card.knowledge != "group"

    def supports(self, problem: Problem) -> str | None:
        return self.discoverer.supports(problem) or self.consumer.supports(problem)

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: Mapping[str, Any] = ctx.params  # prefix -> the stage's parameter object
        if problem.given is None:
            ctx.params = params[f"{self.discoverer.card.id}."]
            problem = replace(problem, given=self.discoverer.fit(problem, ctx).symmetry())
        if self.consumer.moves_examples and self.discoverer.card.searches and problem.given is not None:
            problem = replace(problem, given=with_motions(problem, problem.given))
        ctx.params = params[""]
        return self.consumer.fit(problem, ctx)
