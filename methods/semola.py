"""SEMoLA / LieAugmenter: generators and predictor learned together, from the task's loss on moved samples.

Source: Santos Escriche, Jegelka (arXiv 2506.03914), Section 4; choices that it leaves open are explained in place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bench.api import Fitted, Method, MethodCard, Problem, RunContext, SymmetryEstimate
from bench.api.augmentation import AugmentedFitted, averaged_copies, how_to_predict, move
from bench.api.coefficients import uniform_sampler
from bench.api.parameters import count, learning_rate, parameter, positive, weight
from bench.api.regularisers import overlap, similarity
from bench.api.training import TrainingParameters, train
from bench.metrics.cost import parameter_count


def half_width(default: float | None, when: str, **more: Any) -> Any:
    """A half-width of the coefficients."""
    meaning = f"half-width of the uniform coefficients, {when}"
    return positive(default, meaning, high=10.0, unit="radians per unit generator", **more)


@dataclass(frozen=True)
class SemolaParams(TrainingParameters):
    n_generators: int = count(1, "generators in the basis (c)", high=64)
    basis_lr: float = learning_rate(1e-2, "peak learning rate of the generators (Adam)", sweep=(2e-4, 5e-2))
    copies: int = count(1, "augmentations per training example (K)", high=64, sweep=(1, 8))
    coefficient_range: float = half_width(1.0, "at the start of training", sweep=(0.2, 3.2))
    coefficient_range_end: float | None = half_width(
        None, "at the end and in use, approached linearly; none keeps that of the start"
    )
    generator_norm: float | None = positive(
        None,
        "Frobenius norm of each generator; none: the root of the number of coordinates that the group moves",
        100.0,
    )
    weight_task: float = weight(1.0, "weight of the loss on original samples")
    weight_equivariance: float = weight(1.0, "weight of the loss on moved samples")
    weight_augmentation: float = weight(
        0.01, "weight against augmentations that move nothing", log=True, sweep=(1e-3, 1.0)
    )
    weight_orthogonality: float = weight(0.1, "weight against overlapping generators", log=True, sweep=(1e-2, 1.0))
    weight_sparsity: float = weight(
        1e-3, "weight of the sum of |entries| of the generators, mean over generators", log=True, sweep=(1e-4, 1e-1)
    )
    equivariance_target: str = parameter(
        "label",
        "what f(gx) is compared with: the moved label g y, or the moved prediction g f(x)",
        choices=("label", "prediction"),
    )
    augmentation_similarity: str = parameter(
        "cosine",
        "how much an augmentation resembles its original: cosine, or (images) cosine of Fourier magnitudes",
        choices=("cosine", "fourier"),
    )
    inference: str = how_to_predict("plain")
    inference_copies: int = averaged_copies(8)


class LieAugmenter(nn.Module):
    """Generators ``(k, d, d)`` under a mask, all entries 1e-2 at the start, each scaled to a fixed Frobenius norm."""

    def __init__(self, k: int, mask: Tensor, norm: float) -> None:
        super().__init__()
        self.entries = nn.Parameter(torch.full((k, *mask.shape), 1e-2))
        self.mask: Tensor
        self.register_buffer("mask", mask.to(torch.float32))
        self.norm = norm

    def forward(self) -> Tensor:
        masked = self.entries * self.mask  # (k, d, d)
        normalised: Tensor = self.norm * masked / torch.linalg.vector_norm(masked, dim=(1, 2), keepdim=True)
        return normalised


class Semola(Method):
    """Five-term loss (Eq. 1): task, equivariance on moved samples, and three regularisers of the generators."""

    card = MethodCard(
        id="semola",
        title="SEMoLA",
        summary="learns generators and predictor together (LieAugmenter)",
        knowledge="cardinality",
        citation="Santos Escriche, Jegelka: Learning equivariant models by discovering symmetries with learnable "
        "augmentations (arXiv 2506.03914)",
        aliases=("lieaugmenter",),
        discovers=True,
        searches=True,
    )
    Params = SemolaParams
    # The paper's values are missing from its text, so there is no preset `published`; no default was searched for.

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: SemolaParams = ctx.params
        with ctx.seeded("init"):
            network = problem.backbone().to(problem.device)
        norm = params.generator_norm or math.sqrt(problem.action_in.moved)
        augmenter = LieAugmenter(params.n_generators, problem.search.mask, norm).to(problem.device)
        draws = ctx.rng("coefficients", problem.device)
        start = params.coefficient_range
        end = params.coefficient_range_end or start
        bound = max(start, end) * norm * params.n_generators

        def objective(x: Tensor, y: Tensor) -> dict[str, Tensor]:
            generators = augmenter()  # (k, d, d)
            half_width = start + (end - start) * ctx.done
            algebra = uniform_sampler(generators, half_width).factors(len(x) * params.copies, draws)
            gx, gy = move(problem, algebra, x, y, bound)  # (b·K, *shape)
            fx, fgx = network(torch.cat([x, gx])).split([len(x), len(gx)])  # one pass, so that batch norm sees both
            if params.equivariance_target == "prediction":
                gy = problem.action_out.apply(algebra, problem.link(fx).repeat_interleave(params.copies, 0), bound)
            terms = {"task": problem.loss(fx, y), "equivariance": problem.loss(fgx, gy)}
            terms["augmentation"] = similarity(problem.action_in, gx, x, params.augmentation_similarity)
            terms["orthogonality"] = overlap(generators)
            terms["sparsity"] = generators.abs().sum((1, 2)).mean()
            weights = {name: getattr(params, f"weight_{name}") for name in terms}
            loss = weights.pop("task") * terms["task"]
            for name, weighing in weights.items():
                if weighing:
                    loss = loss + weighing * terms[name]
            return {"loss": loss, **terms}

        basis = {"params": list(augmenter.parameters()), "lr": params.basis_lr}
        train(problem, ctx, network, objective, [basis], lambda passes: ctx.trace(passes, augmenter()))
        generators = augmenter().detach()
        estimate = SymmetryEstimate(generators, uniform_sampler(generators, end))
        elements = estimate.sample(params.inference_copies, ctx.rng("inference")).to(problem.train.x)
        count = parameter_count(network) + int(problem.search.mask.sum()) * params.n_generators
        return AugmentedFitted(network, problem, estimate, elements, params.inference, count)


METHODS = (Semola(),)
