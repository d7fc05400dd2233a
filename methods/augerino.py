"""Augerino: the widths of six given affine motions, learned with the predictor from moved samples.

Source: Benton, Finzi, Izmailov, Wilson: Learning invariances in neural networks from training data (NeurIPS 2020) and
its public code.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.api import Fitted, Method, MethodCard, Problem, RunContext, SymmetryEstimate
from bench.augmentation import AugmentedFitted, move
from bench.coefficients import CoefficientSampler, uniform_sampler
from bench.lie.images import ImageAction
from bench.metrics.cost import parameter_count
from bench.nn.lie_generator import shorten
from bench.params import parameter
from bench.training import TrainingParameters, train

NAMES = ("shift_x", "shift_y", "rotation", "scale", "stretch", "shear")
#: The six motions T_i of the public code, which shortens its translations to a tenth; ``(6, 3, 3)``.
MOTIONS = torch.zeros(6, 3, 3)
MOTIONS[0, 0, 2] = MOTIONS[1, 1, 2] = 0.1
MOTIONS[2:, :2, :2] = torch.tensor(
    [[[0.0, -1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [1.0, 0.0]]]
)
#: As soon as one width has come this far, none is rewarded any more (the public code's "safe" loss).
LARGEST_WIDTH = 10.0
#: No element is longer than this while all widths are below the largest: the motions are orthogonal.
MAX_NORM = LARGEST_WIDTH / 2 * float(MOTIONS.norm())


@dataclass(frozen=True)
class AugerinoParameters(TrainingParameters):
    aug_reg: float = parameter(0.01, meaning="reward of the widths' Euclidean norm", low=0.0, high=100.0)
    width_lr: float = parameter(
        1e-2, meaning="peak learning rate of the widths (Adam)", low=0.0, high=1.0, low_open=True, log=True
    )
    start: str = parameter(
        "equal",
        meaning="first raw widths: equal (all 0), or published (-5, and +1 for the rotation: the method is then told "
        "which motion matters)",
        choices=("equal", "published"),
    )
    inference: str = parameter(
        "average", meaning="how predict() works (both are reported)", choices=("average", "plain")
    )
    inference_copies: int = parameter(4, meaning="group elements of an averaged prediction (J)", low=1, high=1024)


class MotionWidths(nn.Module):
    r"""Uniform coefficients on :math:`\pm w_i/2`, :math:`w_i = \mathrm{softplus}(r_i)`, of the six motions."""

    def __init__(self, start: str) -> None:
        super().__init__()
        raw = torch.zeros(6)
        if start == "published":
            raw = torch.full((6,), -5.0)
            raw[NAMES.index("rotation")] = 1.0
        self.raw = nn.Parameter(raw)
        self.motions: Tensor
        self.register_buffer("motions", MOTIONS.clone())

    def forward(self) -> Tensor:
        """The widths ``(6,)``, positive."""
        return F.softplus(self.raw)

    def sampler(self) -> CoefficientSampler:
        """Generators ``w_i/2 · T_i (6, 3, 3)``, coefficients in (-1, 1): an unused motion has no length."""
        return uniform_sampler(0.5 * self()[:, None, None] * self.motions, 1.0)

    def sample(self, n: int, draws: torch.Generator) -> Tensor:
        """``(n, 3, 3)`` algebra elements, none longer than :data:`MAX_NORM`."""
        return shorten(self.sampler()(n, draws), MAX_NORM)


def reward(widths: Tensor) -> Tensor:
    """``||w||``, and 0 once any width reaches :data:`LARGEST_WIDTH`; widths ``(6,)``."""
    norm: Tensor = torch.linalg.vector_norm(widths)
    return norm * (widths < LARGEST_WIDTH).all()


class Augerino(Method):
    r"""Minimises :math:`\ell(f(gx), y) - \lambda \lVert w \rVert`, one moved copy per example."""

    card = MethodCard(
        id="augerino",
        title="Augerino",
        summary="learns how far to move along six given affine motions, and the predictor",
        # Told no group, but the six motions, of which the rotation is one.
        knowledge="none",
        citation="Benton, Finzi, Izmailov, Wilson: Learning invariances in neural networks from training data "
        "(NeurIPS 2020)",
        discovers=True,
    )
    Params = AugerinoParameters

    def supports(self, problem: Problem) -> str | None:
        return None if isinstance(problem.action_in, ImageAction) else "its six generators are affine maps of the plane"

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: AugerinoParameters = ctx.params
        with ctx.seeded("init"):
            network = problem.backbone().to(problem.device)
        widths = MotionWidths(params.start).to(problem.device)
        draws = ctx.rng("coefficients", problem.device)

        def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
            gx, gy = move(problem, widths.sample(len(x), draws), x, y, MAX_NORM)
            moved, bonus = problem.loss(network(gx), gy), reward(widths())
            return {"loss": moved - params.aug_reg * bonus, "invariance": moved, "width_norm": bonus}

        def on_epoch(epoch: int) -> None:
            ctx.trace(epoch, widths.sampler().generators)
            ctx.log(epoch, **{f"width/{name}": w for name, w in zip(NAMES, widths().tolist(), strict=True)})

        basis = {"params": list(widths.parameters()), "lr": params.width_lr}
        train(problem, ctx, network, objective, [basis], on_epoch)
        with torch.no_grad():
            sampler = widths.sampler()
            elements = widths.sample(params.inference_copies, ctx.rng("inference", problem.device))
        estimate = SymmetryEstimate(sampler.generators, sampler, strength=0.5 * widths().detach())
        count = parameter_count(network) + parameter_count(widths)
        return AugmentedFitted(network, problem, estimate, elements, params.inference, count)


METHODS = (Augerino(),)
