"""LieGAN: generators of transformations that a discriminator cannot tell from data.

Source: Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023) and its public code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from bench.api import Method, MethodCard, Problem, RunContext
from bench.api.discovery import Discovery
from bench.metrics.cost import parameter_count
from bench.nn.generator_game import GameParameters, GeneratorGame, discriminator_for, has_no_discriminator
from bench.nn.lie_generator import LieGenerator, LieGeneratorParameters

#: Steps of the published run on rotated MNIST: 15 epochs of 60,000 images in batches of 64.
PUBLISHED_IMAGE_STEPS = 14_070


@dataclass(frozen=True)
class LieGANParameters(GameParameters, LieGeneratorParameters):
    pass


class LieGAN(Method):
    r"""Alternates a step of the generators G and one of the discriminator D, on the same moved batch.

    .. math:: \min_L \max_D \; E[\log D(x, y)] + E[\log(1 - D(gx, gy))] + \lambda R(L), \quad g = e^{\sum_j z_j L_j}

    G descends -log D(gx, gy). The number of steps is fixed beforehand, and the mean of the generators over the last
    steps is reported: the path of a GAN circles around its goal, and selecting one point of it would need the truth.
    """

    card = MethodCard(
        id="liegan",
        title="LieGAN",
        summary="learns generators whose transformations a discriminator cannot tell from data",
        knowledge="cardinality",
        citation="Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023)",
        discovers=True,
        searches=True,
    )
    Params: ClassVar[type[GameParameters]] = LieGANParameters
    #: What draws the elements of the group.
    Generator: ClassVar[type[LieGenerator]] = LieGenerator
    # N-body: the recipe of Mask_2 (Mask_4: weight 10, sigma 3). Synthetic: that of the discrete rotation, with room
    # for ten turns of 2π/7. Images: there Adam moves an entry by at most about steps x rate, 2.8 in the published run
    # but 0.3 in 1,500 steps, less than the entries' own size at the start (0.47). So both rates are scaled to the
    # published length of the path, whatever the number of steps.
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "nbody": {"weight_regulariser": 1.0},
        "synthetic": {"coefficients": "integer", "coefficient_scale": 10.0, "max_norm": 20.0},
        "rotated_mnist": {
            "weight_regulariser": 0.1,
            "regulariser": "fourier",
            "lr_g": 2e-4,
            "lr_d": 2e-4,
            "lr_steps": PUBLISHED_IMAGE_STEPS,
        },
    }

    def supports(self, problem: Problem) -> str | None:
        return has_no_discriminator(problem)

    def fit(self, problem: Problem, ctx: RunContext) -> Discovery:
        with ctx.seeded("init"):
            generator = self.Generator(ctx.params, problem.search).to(problem.device)
            discriminator = discriminator_for(problem, ctx.params).to(problem.device)
        with ctx.seeded("dropout"):
            mean = GeneratorGame(problem, ctx, generator, discriminator).play()
        return Discovery(generator.estimate(mean), parameter_count(generator) + parameter_count(discriminator))


METHODS = (LieGAN(),)
