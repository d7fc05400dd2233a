"""LieGAN: generators of transformations that a discriminator cannot tell from data.

Source: Yang, Walters, Dehmamy, Yu: Generative adversarial symmetry discovery (ICML 2023) and its public code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.api import Method, MethodCard, Problem, RunContext
from bench.api.augmentation import move
from bench.api.batches import Batches
from bench.api.checkpoint import ResumableLoop
from bench.api.discovery import Discovery
from bench.api.parameters import count, learning_rate, parameter, positive
from bench.errors import Diverged
from bench.lie.exponential import Algebra, expm
from bench.lie.images import ImageAction
from bench.lie.points import PointAction
from bench.lie.vectors import VectorAction
from bench.metrics.cost import parameter_count
from bench.nn.discriminators import ImageDiscriminator, VectorDiscriminator
from bench.nn.lie_generator import LieGenerator, LieGeneratorParameters
from bench.nn.point_discriminator import PointDiscriminator

#: Steps of the published run on rotated MNIST: 15 epochs of 60,000 images in batches of 64.
PUBLISHED_IMAGE_STEPS = 14_070
#: Rates are raised at most by this factor (see `lr_steps`): a few steps are too short for any path.
MAX_SPEEDUP = 10.0

#: The least logit of a moved example that counts: below it both gradients would underflow in single precision.
SUREST = -60.0

#: One step's (real x, moved x, moved y) from n algebra elements, x (n, *shape), y (n, *shape_out).
Pairs = Callable[[Algebra, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


@dataclass(frozen=True)
class LieGANParameters(LieGeneratorParameters):
    steps: int = count(5_000, "steps of both players", high=100_000_000)
    batch_size: int = count(64, "training examples per step", high=100_000)
    # Not called `lr`, which the task's budget would replace by the rate of its predictor.
    lr_g: float = learning_rate(1e-3, "learning rate of the generators (Adam)", sweep=(1e-4, 1e-2))
    lr_d: float = learning_rate(2e-4, "learning rate of the discriminator (Adam)", sweep=(5e-5, 2e-3))
    lr_steps: int | None = count(
        None,
        "number of steps that both rates are made for: with n steps both are multiplied by lr_steps / n, "
        "at most by 10; none keeps them",
        high=100_000_000,
    )
    vector_width: int = count(512, "units in the hidden layers of D, for vectors and points", high=8192)
    image_width: int = count(16, "channels of D's first convolutions, for images", high=1024)
    equal_resampling: bool = parameter(
        True, "images: resample the real ones as often as the moved ones, at a random sub-pixel shift"
    )
    average_last: float = positive(0.2, "share of the steps, at the end, whose generators are averaged", high=1.0)


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
    Params = LieGANParameters
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
        classes = not problem.train.y.is_floating_point()
        if isinstance(problem.action_in, ImageAction):
            return None if classes else "has no discriminator for images with targets that are not classes"
        if isinstance(problem.action_in, VectorAction):
            return "has no discriminator for vectors with class labels" if classes else None
        if isinstance(problem.action_in, PointAction):
            return "has no discriminator for points with class labels" if classes else None
        return f"has no discriminator for the inputs of {type(problem.action_in).__name__}"

    def fit(self, problem: Problem, ctx: RunContext) -> Discovery:
        params: LieGANParameters = ctx.params
        with ctx.seeded("init"):
            generator = LieGenerator(params, problem.search).to(problem.device)
            discriminator = _discriminator(problem, params).to(problem.device)
        with ctx.seeded("dropout"):
            mean = _play(problem, ctx, generator, discriminator)
        return Discovery(generator.estimate(mean), parameter_count(generator) + parameter_count(discriminator))


def _discriminator(problem: Problem, params: LieGANParameters) -> nn.Module:
    x, y = problem.train.x, problem.train.y
    if isinstance(problem.action_in, ImageAction):
        return ImageDiscriminator(params.image_width, int(y.max()) + 1)
    if isinstance(problem.action_in, PointAction):
        return PointDiscriminator(x.shape[-1] - 3, y[0].numel(), params.vector_width)
    return VectorDiscriminator(tuple(x.shape[1:]), tuple(y.shape[1:]), params.vector_width)


def _play(problem: Problem, ctx: RunContext, generator: LieGenerator, discriminator: nn.Module) -> Tensor:
    """Trains both players; returns the mean generators ``(k, d, d)`` of its last steps.

    Raises:
        Diverged: when the mean of a loss over an epoch is not finite.
    """
    params: LieGANParameters = ctx.params
    batches = Batches(problem.train, params.batch_size, ctx)
    total = params.steps
    rate = 1.0 if params.lr_steps is None else min(params.lr_steps / total, MAX_SPEEDUP)
    theta, phi = list(generator.parameters()), list(discriminator.parameters())
    step_g = torch.optim.Adam(theta, lr=rate * params.lr_g, betas=(0.5, 0.999), fused=True)
    step_d = torch.optim.Adam(phi, lr=rate * params.lr_d, fused=True)
    draws = ctx.rng("coefficients", problem.device)
    pairs = _pairs(problem, params, ctx.rng("shifts", problem.device))
    averaged = max(1, round(params.average_last * total))
    one_pass = not isinstance(discriminator, ImageDiscriminator)  # its batch norm ties the examples to each other
    mean = torch.zeros(generator.shape, device=problem.device)
    loop = ResumableLoop(ctx, generator, discriminator, step_g, step_d, mean)
    done = loop.resume()
    step = ctx.steps
    while step < total:
        done += 1
        sums: dict[str, Tensor] = {}
        first = step
        for x, y in islice(batches.epoch(), total - step):
            ctx.done = step / total
            generators = generator()
            real, gx, gy = pairs(generator.sample(generators, len(x), draws), x, y)
            penalties = generator.penalties(problem.action_in, generators, gx, x)
            if one_pass:
                on_fake, on_real = _judge_at_once(discriminator, (gx, gy), (real, y))
            else:
                on_fake, on_real = discriminator(gx, gy), discriminator(real, y)
            fooling = F.softplus(-on_fake).mean()  # -log D
            fake, true = F.softplus(on_fake).mean(), F.softplus(-on_real).mean()
            # D is the same in both steps, so one pass over the moved batch serves both; in the reference they differ
            # by D's dropout alone. Each gradient reaches its own player only, without a detached copy.
            if one_pass:
                _set_gradients([*theta, *phi], generator.weighted(0.5 * (fake + true), penalties))
            else:
                _set_gradients(theta, generator.weighted(fooling, penalties), keep_graph=True)
                _set_gradients(phi, 0.5 * (fake + true))
            step_g.step()
            step_d.step()
            step += 1
            ctx.samples += len(x)
            norm = torch.linalg.vector_norm(generators)
            terms = {"G": fooling, "D_fake": fake, "D_real": true, "L_norm": norm, **penalties}
            sums = {name: sums.get(name, 0.0) + term.detach() for name, term in terms.items()}
            if step > total - averaged:
                mean += generator().detach() / averaged
        means = {name: float(value) / (step - first) for name, value in sums.items()}
        ctx.steps = step
        ctx.log(step, **{f"train/{name}": value for name, value in means.items()})
        ctx.trace(step, generator())
        ctx.progress(step, total)
        broken = [name for name, value in means.items() if not math.isfinite(value)]
        if broken:
            raise Diverged(f"{broken[0]} is not finite after step {step} of {total}")
        loop.epoch_done(done)
    return mean


def _judge_at_once(
    discriminator: nn.Module, moved: tuple[Tensor, Tensor], real: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Logits of both batches. The gradient of D's loss, ½ mean softplus(D), leaves D as that of -log D: G's own.

    Example by example they differ by the factor σ'(-D) / σ'(D) = -2 exp(-D): a gradient reversal (Ganin, Lempitsky,
    ICML 2015) with a factor of its own for each example, so that one backward pass serves both players.
    """
    factor: list[Tensor] = []
    inputs = [torch.cat([_rescaled(a, factor), b]) for a, b in zip(moved, real, strict=True)]
    on_fake, on_real = discriminator(*inputs).chunk(2)
    factor.append(-2.0 * torch.exp(-on_fake.detach().clamp_min(SUREST)))
    return on_fake, on_real


def _rescaled(x: Tensor, factor: list[Tensor]) -> Tensor:
    rescaled: Tensor = _Rescaled.apply(x, factor)  # type: ignore[no-untyped-call]
    return rescaled


class _Rescaled(torch.autograd.Function):
    """The identity, whose gradient is multiplied by ``factor[0] (n,)``, which is known after the forward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: list[Tensor]) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        factor = ctx.factor[0]
        return gradient * factor.view(-1, *[1] * (gradient.ndim - 1)), None


def _set_gradients(parameters: list[nn.Parameter], loss: Tensor, keep_graph: bool = False) -> None:
    gradients = torch.autograd.grad(loss, parameters, retain_graph=keep_graph)
    for parameter_, gradient in zip(parameters, gradients, strict=True):
        parameter_.grad = gradient


def _pairs(problem: Problem, params: LieGANParameters, shifts: torch.Generator) -> Pairs:
    action, bound = problem.action_in, params.max_norm

    def plain(algebra: Algebra, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return x, *move(problem, algebra, x, y, bound)

    def resampled(algebra: Algebra, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        assert isinstance(action, ImageAction)
        return *resample_pair(action, algebra, x, sub_pixel_shifts(2 * len(x), action.size, shifts), bound), y

    return resampled if isinstance(action, ImageAction) and params.equal_resampling else plain


def resample_pair(
    action: ImageAction, algebra: Algebra, x: Tensor, shifts: Tensor, bound: float | None
) -> tuple[Tensor, Tensor]:
    """Images ``(n, c, h, w)`` as they are, and moved by ``exp(algebra)``; both shifted and interpolated exactly once.

    Not in the reference, whose discriminator can tell moved images by their blur. ``shifts (2n, 3, 3)``.
    """
    still, moved = shifts.chunk(2)
    # The moved image at p is x at exp(-A) p; that image shifted is x at exp(-A) S p: still one look-up.
    return action.look_up(still, x), action.look_up(expm(-algebra, bound) @ moved, x)


def sub_pixel_shifts(n: int, size: int, draws: torch.Generator) -> Tensor:
    """Translations uniform on half a pixel both ways, in an image's coordinates; ``(n, 3, 3)``."""
    pixel = 2.0 / (size - 1)
    shifts = torch.eye(3, device=draws.device).repeat(n, 1, 1)
    shifts[:, :2, 2] = pixel * (torch.rand(n, 2, generator=draws, device=draws.device) - 0.5)
    return shifts


METHODS = (LieGAN(),)
