"""Each check of the contract catches a method that breaks it, and says in one line what to do."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.api import Method, MethodCard, SymmetryEstimate
from bench.api.coefficients import uniform_sampler
from bench.api.discovery import Discovery
from bench.api.parameters import Parameters, parameter
from bench.api.training import train
from bench.contract.check import Examination, run_check
from bench.contract.checks import CHECKS
from bench.errors import Unsupported
from bench.lie.images import ImageAction
from bench.lie.vectors import VectorAction
from bench.methods.plain import Plain, PlainFitted


def outcome(method: Method, check: str):
    (chosen,) = (c for c in CHECKS if c.name == check)
    return run_check(chosen, Examination(method, Path("no data needed"), check_names=[check.name for check in CHECKS]))


def card(**fields) -> MethodCard:
    return MethodCard(
        **{"id": "broken", "title": "Broken", "summary": "breaks it", "knowledge": "none", "citation": ""} | fields
    )


class OnVectors(Plain):
    """A method that keeps everything, on vectors alone; each test breaks one thing of it."""

    card = card()

    def supports(self, problem):
        vectors = isinstance(problem.action_in, VectorAction) and problem.train.y.is_floating_point()
        return None if vectors else "takes vectors only"


# This file imports what a method must not, so "imports" is not for it.
@pytest.mark.parametrize("check", [check.name for check in CHECKS if check.name != "imports"])
def test_a_method_that_keeps_everything_passes(check):
    result = outcome(OnVectors(), check)
    assert result.status == ("skipped" if check in {"generators", "so2"} else "ok"), result.reason


@dataclass(frozen=True)
class Unexplained(Parameters):
    width: int = parameter(4, meaning="")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"card": card(id="My Method")}, "card.id is 'My Method'; it must match"),
        ({"card": card(title=" ")}, "card.title is empty"),
        ({"card": card(knowledge="all")}, "card.knowledge is 'all'; it must be one of none, cardinality"),
        ({"card": card(searches=True)}, "the card says searches without discovers"),
        ({"Params": dict}, "it must be a frozen dataclass derived from Parameters"),
        ({"Params": Unexplained}, "parameter 'width' has no meaning"),
        ({"published": {"nbody": {"passes": 0}}}, "parameter 'passes' of broken is 0; it must be an integer in [1, "),
        ({"known_failures": {"so3": "hard"}}, "known_failures names the check 'so3'. Did you mean 'so2'?"),
        ({"known_failures": {"so2": ""}}, "known_failures gives no reason for 'so2'"),
    ],
)
def test_a_wrong_card_is_named(changes, message):
    result = outcome(type("Broken", (OnVectors,), changes)(), "card")
    assert result.status == "failed"
    assert message in result.reason


def test_supports_must_give_a_reason_not_a_truth_value():
    method = type("Broken", (OnVectors,), {"supports": lambda self, problem: False})()
    assert (
        "supports() gave False on toy_vectors; it must give None, or the reason" in outcome(method, "supports").reason
    )


def test_what_fails_where_it_was_not_refused_is_named():
    class Broken(OnVectors):
        def supports(self, problem):
            return None if isinstance(problem.action_in, VectorAction) else "takes vectors only"

        def fit(self, problem, ctx):
            if not problem.train.y.is_floating_point():
                raise ValueError("no idea of classes")
            return super().fit(problem, ctx)

    result = outcome(Broken(), "unsupported")
    assert result.status == "failed"
    assert "did not refuse toy_labelled_vectors, but the run ended as failed (ValueError: no idea" in result.reason

    class Late(Broken):
        def fit(self, problem, ctx):
            if not problem.train.y.is_floating_point():
                raise Unsupported("no idea of classes")
            return super().fit(problem, ctx)

    assert outcome(Late(), "unsupported").status == "ok"


class Fixed(OnVectors):
    """Its own seed, whatever the cell's."""

    def fit(self, problem, ctx):
        torch.manual_seed(0)
        network = problem.backbone()
        ctx.rng("init")
        return PlainFitted(network, problem.link)


class Unseeded(OnVectors):
    def fit(self, problem, ctx):
        network = problem.backbone()
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(network(x), y)})
        return PlainFitted(network, problem.link)


class OwnOrder(OnVectors):
    """One step an example, in an order of its own."""

    def fit(self, problem, ctx):
        with ctx.seeded("init"):
            network = problem.backbone()
        optimiser = torch.optim.SGD(network.parameters(), lr=1e-3)
        for _ in range(2):
            for index in torch.randperm(len(problem.train), generator=ctx.rng("own")).split(ctx.params.batch_size):
                optimiser.zero_grad()
                problem.loss(network(problem.train.x[index]), problem.train.y[index]).backward()
                optimiser.step()
        return PlainFitted(network.eval(), problem.link)


class Warmed(OnVectors):
    """Sends rows through the network before the shared loop counts them."""

    def fit(self, problem, ctx):
        with ctx.seeded("init"):
            network = problem.backbone()
        problem.loss(network(problem.train.x[:16]), problem.train.y[:16]).backward()
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(network(x), y)})
        return PlainFitted(network, problem.link)


class Silent(OnVectors):
    """Trains a copy that the loop does not count."""

    def fit(self, problem, ctx):
        with ctx.seeded("init"):
            network = problem.backbone()
        other = copy.deepcopy(network)
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(other(x), y)})
        return PlainFitted(other, problem.link)


class TwiceAsLong(OnVectors):
    def fit(self, problem, ctx):
        ctx.params = dataclasses.replace(ctx.params, passes=2 * ctx.params.passes)
        return super().fit(problem, ctx)


class SinglePrecision(OnVectors):
    def fit(self, problem, ctx):
        fitted = super().fit(problem, ctx)
        fitted.network.float()
        return fitted


class NotFinite(OnVectors):
    def fit(self, problem, ctx):
        fitted = super().fit(problem, ctx)
        for parameter_ in fitted.network.parameters():
            parameter_.data.fill_(float("nan"))
        return fitted


class Centred(PlainFitted):
    """Looks at the whole batch."""

    def predict(self, x):
        return super().predict(x - x.mean(0))


class Overwriting(PlainFitted):
    def predict(self, x):
        return super().predict(x.mul_(2.0))


class Drawing(PlainFitted):
    def predict(self, x):
        return super().predict(x + torch.randn_like(x))


class Flat(PlainFitted):
    def predict(self, x):
        return super().predict(x).flatten(1)


def predicting(kind: type[PlainFitted]) -> Method:
    def fit(self, problem, ctx):
        return kind(Plain.fit(self, problem, ctx).network, problem.link)

    return type("Broken", (OnVectors,), {"fit": fit})()


@pytest.mark.parametrize(
    ("method", "check", "message"),
    [
        (Unseeded(), "equal_seed", "two fits of seed 0 on toy_vectors differ in prediction"),
        (Fixed(), "other_seed", "seeds 0 and 1 give the same prediction on toy_vectors"),
        (Unseeded(), "paired", "the first weights of the network on toy_vectors are not those of the other methods"),
        (OwnOrder(), "paired", 'trains on toy_vectors without ctx.rng("batches")'),
        (
            TwiceAsLong(),
            "budget",
            "sent 160 rows through the network on toy_vectors, the budget has 80 passes",
        ),
        (OwnOrder(), "budget", "took 6 optimiser steps on toy_vectors, of which ctx.steps counts 0"),
        (Warmed(), "budget", "sent 96 rows through the network on toy_vectors, the budget has 80 passes"),
        (Silent(), "budget", "the objective does not call the network that is trained"),
        (SinglePrecision(), "precisions", "RuntimeError"),
        (NotFinite(), "precisions", "prediction on toy_vectors in torch.float32 are not all finite"),
        (predicting(Centred), "single", "changes by"),
        (predicting(Overwriting), "single", "changes its input; work on a copy"),
        (predicting(Drawing), "single", "two predictions of the same inputs on toy_vectors differ"),
        (
            predicting(Flat),
            "single",
            "method 'broken': predict() gave a tensor (12, 2); for 12 inputs it must give a tensor (12, 1, 2)",
        ),
        (NotFinite(), "record", "the run on toy_vectors ended as diverged"),
    ],
)
def test_a_broken_fit_is_named(method, check, message):
    result = outcome(method, check)
    assert result.status == "failed"
    assert message in result.reason


def test_logits_in_place_of_probabilities_are_named():
    class OnImages(Plain):
        def supports(self, problem):
            images = isinstance(problem.action_in, ImageAction) and not problem.train.y.is_floating_point()
            return None if images else "takes images only"

        def fit(self, problem, ctx):
            return PlainFitted(super().fit(problem, ctx).network, lambda logits: logits)

    assert (
        "did not give probabilities on toy_images; return problem.link(network(x))"
        in outcome(OnImages(), "single").reason
    )


def discoverer(make, **fields) -> Method:
    """A discoverer that returns ``make(problem)``."""

    class Discoverer(OnVectors):
        Params = Parameters
        card = card(discovers=True, **fields)

        def fit(self, problem, ctx):
            return Discovery(make(problem))

    return Discoverer()


def estimate(generators, sample=None, strength=None):
    generators = torch.as_tensor(generators)
    return SymmetryEstimate(generators, sample or uniform_sampler(generators, 1.0), strength)


TURN = [[[0.0, -1.0], [1.0, 0.0]]]


def test_the_rotation_itself_passes_and_a_shear_does_not():
    assert outcome(discoverer(lambda problem: estimate(TURN), searches=True), "so2").status == "ok"
    result = outcome(discoverer(lambda problem: estimate([[[0.0, 1.0], [0.0, 0.0]]]), searches=True), "so2")
    assert result.status == "failed"
    assert "expected at least 0.9 (of a random map 0.25) from 1024 points and 0 steps" in result.reason


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda problem: None, "the card says discovers, but symmetry() gave None on toy_vectors"),
        (
            lambda problem: estimate(np.eye(3)[None]),
            "symmetry() gave a tensor (1, 3, 3); generators of this task must be a tensor (k, 2, 2)",
        ),
        (lambda problem: estimate([[[0.0, float("nan")], [1.0, 0.0]]]), "are not all finite numbers"),
        (lambda problem: estimate(torch.tensor(TURN, requires_grad=True)), "still carry a gradient"),
        (
            lambda problem: estimate(TURN, strength=torch.ones(2)),
            "gave a tensor (2,); strength must be None or a tensor (1,)",
        ),
        (
            lambda problem: estimate(TURN, lambda n, rng: torch.rand(n, 2, 2)),
            "gives other elements for the same generator",
        ),
        (
            lambda problem: estimate(TURN, lambda n, rng: torch.zeros(n, 3, 3)),
            "gave a tensor (2, 3, 3); sample(n, generator) must give a tensor (n, 2, 2)",
        ),
        (lambda problem: estimate(TURN, lambda n, rng: torch.zeros(n, 2, 2)), "cannot be stored for a consumer"),
    ],
)
def test_broken_generators_are_named(make, message):
    result = outcome(discoverer(make, searches=True), "generators")
    assert result.status == "failed"
    assert message in result.reason


def test_a_known_failure_is_told_apart_and_fails_when_it_starts_to_pass():
    failing = type("Known", (Unseeded,), {"known_failures": {"equal_seed": "draws as it likes"}})()
    result = outcome(failing, "equal_seed")
    assert (result.status, result.reason) == ("known", "draws as it likes")
    passing = type("Mended", (OnVectors,), {"known_failures": {"equal_seed": "draws as it likes"}})()
    result = outcome(passing, "equal_seed")
    assert result.status == "failed"
    assert "declared a known failure (draws as it likes), but it passes: take 'equal_seed' out" in result.reason


def test_a_method_that_refuses_everything_is_unsupported_and_no_failure():
    class Aloof(OnVectors):
        def supports(self, problem):
            return "needs graphs"

    result = outcome(Aloof(), "unsupported")
    assert result.status == "ok", result.reason
    result = outcome(Aloof(), "equal_seed")
    assert result.status == "skipped"
    assert "unsupported (toy_vectors: needs graphs; toy_images: needs graphs" in result.reason


def test_whatever_a_method_raises_is_told_with_its_place():
    class Raising(OnVectors):
        def fit(self, problem, ctx):
            return {}["no such thing"]

    result = outcome(Raising(), "equal_seed")
    assert result.status == "failed"
    assert "KeyError: 'no such thing' (test_checks.py:" in result.reason
