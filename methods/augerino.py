"""Augerino: the widths of given affine motions, learned with the predictor from moved samples.

Source: Benton, Finzi, Izmailov, Wilson: Learning invariances in neural networks from training data (NeurIPS 2020) and
its public code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.api import Fitted, Method, MethodCard, Problem, RunContext, SymmetryEstimate
from bench.api.augmentation import AugmentedFitted, averaged_copies, how_to_predict, move
from bench.api.coefficients import CoefficientSampler, uniform_sampler
from bench.api.parameters import learning_rate, parameter, weight
from bench.api.training import TrainingParameters, train
from bench.lie.images import ImageAction
from bench.lie.points import PointAction
from bench.metrics.cost import parameter_count
from bench.nn.affine_motions import Motions, motions_of_space, motions_of_the_plane
from bench.nn.lie_basis import shorten

#: A width that reaches this value is not rewarded any more (points), or none is (images), as in the public code.
LARGEST_WIDTH = 10.0


@dataclass(frozen=True)
class AugerinoParameters(TrainingParameters):
    aug_reg: float = weight(0.01, "reward of the widths", log=True, sweep=(1e-4, 1.0))
    rewarded: str = parameter(
        "norm",
        "what of the widths is rewarded: their Euclidean norm, or (published for molecules) the sum of squares",
        choices=("norm", "squares"),
    )
    one_sided: bool = parameter(
        False, "coefficients from 0 to the width, as published for molecules, in place of minus to plus half"
    )
    width_lr: float = learning_rate(1e-2, "peak learning rate of the widths (Adam)", sweep=(1e-3, 1e-1))
    start: str = parameter(
        "equal",
        "first raw widths: equal, or (images) published: -5, and +1 for the rotation; the method is then told "
        "which motion matters)",
        choices=("equal", "published"),
    )
    inference: str = how_to_predict("plain")
    inference_copies: int = averaged_copies(4)


class MotionWidths(nn.Module):
    r"""Coefficients uniform on :math:`\pm w_i/2`, or on :math:`[0, w_i]`, :math:`w_i = \mathrm{softplus}(r_i)`."""

    def __init__(self, motions: Motions, start: str, one_sided: bool) -> None:
        super().__init__()
        self.names, self.one_sided = motions.names, one_sided
        raw = torch.full((len(motions.names),), motions.raw)
        if start == "published" and "rotation" in motions.names:
            raw = torch.full_like(raw, -5.0)
            raw[motions.names.index("rotation")] = 1.0
        self.raw = nn.Parameter(raw)
        self.motions: Tensor
        self.register_buffer("motions", motions.matrices.clone())
        #: No element is longer than this while all widths are below the largest.
        self.max_norm = LARGEST_WIDTH * (1.0 if one_sided else 0.5) * motions.longest()

    def forward(self) -> Tensor:
        """The widths ``(k,)``, positive."""
        return F.softplus(self.raw)

    def reach(self) -> Tensor:
        """How far each motion goes to one side, ``(k,)``: its width, or half of it."""
        widths: Tensor = self()
        return widths if self.one_sided else 0.5 * widths

    def sampler(self) -> CoefficientSampler:
        """Generators ``(k, d, d)`` scaled to the reach of their motion; an unused motion has length 0."""
        generators = self.reach()[:, None, None] * self.motions
        if self.one_sided:
            return CoefficientSampler(generators, "one_sided", torch.ones(len(generators)))
        return uniform_sampler(generators, 1.0)

    def sample(self, n: int, draws: torch.Generator) -> Tensor:
        """``(n, d, d)`` algebra elements, none longer than :attr:`max_norm`."""
        return shorten(self.sampler()(n, draws), self.max_norm)


def reward(widths: Tensor, rewarded: str = "norm") -> Tensor:
    """``||w||``, 0 once a width reaches :data:`LARGEST_WIDTH`; or the sum of the squares below it; widths ``(k,)``."""
    below = widths < LARGEST_WIDTH
    if rewarded == "squares":
        squares: Tensor = (widths.square() * below).sum()
        return squares
    norm: Tensor = torch.linalg.vector_norm(widths)
    return norm * below.all()


class Augerino(Method):
    r"""Minimises :math:`\ell(f(gx), y) - \lambda \lVert w \rVert`, one moved copy per example.

    Two things differ from the public code on purpose. An averaged prediction of classes is the mean of probabilities;
    there it is that of log-probabilities, a geometric mean that is not normalised. And g is the exponential of the
    drawn matrix and moves column vectors; there, for molecules, it is one Runge-Kutta step whose linear part moves row
    vectors, so that it acts transposed while the shift does not.
    """

    card = MethodCard(
        id="augerino",
        title="Augerino",
        version=2,
        summary="learns how far to move along given affine motions, and the predictor",
        # It is not told the group, but it is given the motions, and the rotation is one of them.
        knowledge="none",
        citation="Benton, Finzi, Izmailov, Wilson: Learning invariances in neural networks from training data "
        "(NeurIPS 2020)",
        discovers=True,
    )
    Params = AugerinoParameters
    # Molecules: the published reward; the published coefficients, all of one sign, are a parameter.
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {"qm9": {"aug_reg": 1e-3, "rewarded": "squares"}}

    def supports(self, problem: Problem) -> str | None:
        return None if _motions(problem) else "its generators are affine maps of the plane or of space"

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: AugerinoParameters = ctx.params
        with ctx.seeded("init"):
            network = problem.backbone().to(problem.device)
        motions = _motions(problem)
        assert motions is not None
        widths = MotionWidths(motions, params.start, params.one_sided).to(problem.device)
        draws = ctx.rng("coefficients", problem.device)

        def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
            gx, gy = move(problem, widths.sample(len(x), draws), x, y, widths.max_norm)
            moved, bonus = problem.loss(network(gx), gy), reward(widths(), params.rewarded)
            return {"loss": moved - params.aug_reg * bonus, "invariance": moved, f"width_{params.rewarded}": bonus}

        def on_epoch(passes: int) -> None:
            ctx.trace(passes, widths.sampler().generators)
            ctx.log(passes, **{f"width/{name}": w for name, w in zip(widths.names, widths().tolist(), strict=True)})

        basis = {"params": list(widths.parameters()), "lr": params.width_lr}
        train(problem, ctx, network, objective, [basis], on_epoch)
        with torch.no_grad():
            sampler = widths.sampler()
            elements = widths.sample(params.inference_copies, ctx.rng("inference", problem.device))
        estimate = SymmetryEstimate(sampler.generators, sampler, strength=widths.reach().detach())
        count = parameter_count(network) + parameter_count(widths)
        return AugmentedFitted(network, problem, estimate, elements, params.inference, count)


def _motions(problem: Problem) -> Motions | None:
    if isinstance(problem.action_in, ImageAction):
        return motions_of_the_plane()
    return motions_of_space() if isinstance(problem.action_in, PointAction) else None


METHODS = (Augerino(),)
