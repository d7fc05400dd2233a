"""`discoverer+consumer`: the generators that one method found (or was told), handed to another that uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.api import TIERS, Fitted, Method, MethodCard, Problem, RunContext
from bench.errors import BenchError, Unsupported


class Pipeline(Method):
    """Runs the discoverer, then the consumer with what it found; a method like any other."""

    def __init__(self, discoverer: Method, consumer: Method) -> None:
        if not consumer.card.consumes:
            raise BenchError(f"{consumer.card.id!r} takes no generators, so '+{consumer.card.id}' means nothing.")
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

    def supports(self, problem: Problem) -> str | None:
        return self.discoverer.supports(problem) or self.consumer.supports(problem)

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: Mapping[str, Any] = ctx.params  # prefix -> the stage's parameter object
        ctx.params, ctx.stage = params[f"{self.discoverer.card.id}."], f"{self.discoverer.card.id}/"
        discovered = self.discoverer.fit(problem, ctx)
        found = discovered.symmetry()
        if found is None:
            raise Unsupported(f"{self.discoverer.card.id!r} discovers no symmetry that could be handed on")
        ctx.params, ctx.stage = params[""], ""
        fitted = self.consumer.fit(replace(problem, given=found), ctx)
        fitted.parameters += discovered.parameters
        return fitted
