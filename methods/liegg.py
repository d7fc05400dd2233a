"""LieGG: the null space of a trained network's commutator, and its twin that is told the number of generators.

Source: Moskalev, Sepliarskaia, Sosnovik, Smeulders: LieGG (NeurIPS 2022), with the equivariant form of Hu, Li, Lin:
Symmetry discovery for different data types (Neural Networks 2025). Visible quotient, share and motions are ours.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.api import Method, MethodCard, Problem, RunContext, SymmetryEstimate
from bench.api.discovery import Discovery
from bench.api.motion import motion, motion_sampler
from bench.api.parameters import count, parameter, positive
from bench.api.problem import Split
from bench.api.training import TrainingParameters, train
from bench.lie.action import IdentityAction
from bench.lie.algebra import orthonormalise
from bench.lie.field import field_gram
from bench.lie.nullspace import commutator_terms
from bench.lie.spectrum import SymmetrySpectrum, symmetry_spectrum
from bench.lie.vectors import VectorAction
from bench.metrics.cost import parameter_count
from bench.nn.smooth_twin import smooth_twin

#: Largest share of a declared direction: a share is a squared relative defect, and a defect above 0.1 is not a
#: symmetry. benchmarks/reports/nullspace.md has the rate of false discoveries, on systems of no board.
LARGEST_SHARE = 0.01
#: Least explained share of the validation targets' variance from which on a network says anything about symmetry.
EXPLAINED = 0.9
#: Training inputs of the null space where examples have one size, and where they vary (molecules are dearer).
INPUTS, INPUTS_OF_VARIED_SIZE = 1024, 256
#: Examples of a block at the most, and examples times directions, which bound memory.
CHUNK, ROWS = 128, 8192


@dataclass(frozen=True)
class LieGGParams(TrainingParameters):
    network: str = parameter(
        "smooth",
        "the network that is probed: the task's own, or a smooth twin (SiLU; on images a SiLU MLP on pixels)",
        choices=("smooth", "task"),
    )
    inputs: int | None = count(
        None, f"training inputs of the null space; none: {INPUTS}, or {INPUTS_OF_VARIED_SIZE} of varied sizes", 100_000
    )
    largest_share: float = positive(LARGEST_SHARE, "largest share of a declared direction", 2.0)
    reach: float = positive(0.5, "images: change of an image by the finite motion, relative to its norm", high=2.0)


@dataclass(frozen=True)
class LieGGToldParams(LieGGParams):
    n_generators: int = count(1, "generators to return (c)", high=64)


class LieGG(Method):
    r"""Trains a plain network f and returns the A in the search space with :math:`Df(x)(A \cdot x) = A \cdot f(x)`.

    No example is moved, and neither generators nor their number are learned by gradient descent.
    """

    card = MethodCard(
        id="liegg",
        title="LieGG",
        summary="null space of a plain smooth network's commutator; declares by a calibrated share",
        knowledge="none",
        citation="Moskalev, Sepliarskaia, Sosnovik, Smeulders: LieGG: studying learned Lie group generators (NeurIPS "
        "2022); Hu, Li, Lin: Symmetry discovery for different data types (Neural Networks 2025)",
        discovers=True,
        searches=True,
    )
    Params = LieGGParams

    def supports(self, problem: Problem) -> str | None:
        inputs = INPUTS if problem.train.sizes is None else INPUTS_OF_VARIED_SIZE
        rows = min(inputs, len(problem.train))
        equations = rows * (problem.train.y[0].numel() if problem.train.y.is_floating_point() else 1)
        if equations < problem.search.size:
            return f"has {equations} equations from {rows} examples for {problem.search.size} unknown entries"
        return None

    def fit(self, problem: Problem, ctx: RunContext) -> Discovery:
        params: LieGGParams = ctx.params
        with ctx.seeded("init"):
            network = problem.backbone()
            if params.network == "smooth":
                network = smooth_twin(network, problem.train.x)
            network = network.to(problem.device)
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(network(x), y)})
        r2 = _explained(problem, network)
        spectrum = _spectrum(problem, network, params)
        for index, share in enumerate(spectrum.shares.tolist()):
            ctx.log(index, **{"spectrum/share": share})
        ctx.log(0, **{"spectrum/explained": r2, "spectrum/largest_share": params.largest_share})
        k = self._number(problem, params, spectrum, r2)
        generators = spectrum.directions[:k]
        x = problem.train.x[:INPUTS].double()
        lengths = torch.tensor([motion(problem, a, x) for a in generators]).to(generators)
        generators = (generators / lengths[:, None, None]).to(problem.train.x)  # one unit moves x by its own size
        strength = (1.0 - spectrum.shares[:k]).clamp(0.0, 1.0)
        estimate = SymmetryEstimate(generators, motion_sampler(problem, generators), strength)
        return Discovery(estimate, parameter_count(network))

    def _number(self, problem: Problem, params: LieGGParams, spectrum: SymmetrySpectrum, r2: float) -> int:
        """How many directions are declared: none of a network that explains nothing, nor of images."""
        if r2 < EXPLAINED or problem.action_in.resamples:
            return 0  # on images the shares of true and false directions overlap: docs/methods/liegg.md
        return spectrum.first(params.largest_share)


class LieGGTold(LieGG):
    """The twin that is told how many generators there are, as SEMoLA and LieGAN are; it cannot decline."""

    card = MethodCard(
        id="liegg_told",
        title="LieGG, told the number",
        summary="null space of a plain smooth network's commutator; returns as many directions as it is told",
        knowledge="cardinality",
        citation=LieGG.card.citation,
        discovers=True,
        searches=True,
    )
    Params = LieGGToldParams

    def _number(self, problem: Problem, params: LieGGParams, spectrum: SymmetrySpectrum, r2: float) -> int:
        assert isinstance(params, LieGGToldParams)
        return min(params.n_generators, len(spectrum.directions))


@torch.no_grad()
def _explained(problem: Problem, network: nn.Module) -> float:
    """R² of the predictions on validation data; class labels count as one-hot vectors."""
    inputs = _in_order(problem.val, len(problem.val), CHUNK)
    predicted = torch.cat([problem.link(network(x)) for x in inputs]).double()
    target = problem.val.y
    if not target.is_floating_point():
        target = torch.nn.functional.one_hot(target, predicted.shape[1])
    target = target.double().reshape(len(target), -1)
    spread = (target - target.mean(0)).square().sum()
    missed = (predicted.reshape(len(target), -1) - target).square().sum()
    return float(1.0 - missed / spread) if float(spread) > 0.0 else 0.0


def _spectrum(problem: Problem, network: nn.Module, params: LieGGParams) -> SymmetrySpectrum:
    """The spectrum of the trained network: in float64, or float32 where each input costs much."""
    dtype = torch.float64 if problem.train.sizes is None else torch.float32
    probe = copy.deepcopy(network).to(dtype).requires_grad_(False)
    size = params.inputs or (INPUTS if problem.train.sizes is None else INPUTS_OF_VARIED_SIZE)
    x = problem.train.x[:size]
    basis = problem.search.basis.to(x.device)
    visible = orthonormalise(basis, field_gram(problem.action_in, x, basis))  # without what does nothing to x
    directions = visible.to(dtype)
    moves = not isinstance(problem.action_out, IdentityAction)
    h = _without_trivial_part(problem, lambda z: problem.link(probe(z)))
    chunk = min(CHUNK, max(1, ROWS // max(len(directions), 1)))
    chunks = (z.to(dtype) for z in _in_order(problem.train, size, chunk))
    if problem.action_in.resamples:
        step = params.reach * float(x.flatten(1).square().sum(1).mean().sqrt())
        return symmetry_spectrum((_finite_terms(problem, h, z, directions, step) for z in chunks), directions, moves)
    actions = problem.action_in, problem.action_out
    return symmetry_spectrum((commutator_terms(h, z, directions, actions) for z in chunks), directions, moves)


def _without_trivial_part(problem: Problem, h: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """``h(x) - c x`` with the last input x and its regression on the targets: c x commutes with every matrix.

    The residual does not change. Without this a map near the identity would seem to commute with everything.
    """
    x, y = problem.train.x[:, -1:].double(), problem.train.y.double()  # last of the time steps
    linear = isinstance(problem.action_in, VectorAction) and isinstance(problem.action_out, VectorAction)
    if not linear or x.shape[2:] != y.shape[2:]:
        return h
    c = float((x * y).sum() / (x * x).expand_as(y).sum())
    return lambda z: h(z) - c * z[:, -1:]


def _finite_terms(
    problem: Problem, h: Callable[[Tensor], Tensor], x: Tensor, directions: Tensor, step: float
) -> tuple[Tensor, Tensor]:
    """Central differences along finite motions: a network of pixels has no use for infinitesimal ones."""
    act = problem.action_in.apply
    pushed = torch.stack([(h(act(step * a, x)) - h(act(-step * a, x))) / (2.0 * step) for a in directions])
    return pushed, torch.zeros_like(pushed)


def _in_order(split: Split, size: int, chunk: int) -> Iterator[Tensor]:
    """The first ``size`` inputs in their order, in chunks; padding beyond the largest of a chunk is left out."""
    for start in range(0, min(size, len(split)), chunk):
        end = min(start + chunk, size, len(split))
        x = split.x[start:end]
        yield x if split.sizes is None else x[:, : int(split.sizes[start:end].max())]


METHODS = (LieGG(), LieGGTold())
