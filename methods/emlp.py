"""EMLP: a network that is equivariant by construction, built from the generators of a discoverer or the true ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from bench.api import Fitted, Method, MethodCard, Problem, RunContext, SymmetryEstimate
from bench.api.parameters import count, parameter, positive
from bench.api.training import TrainingParameters, train
from bench.errors import BenchError
from bench.lie.action import IdentityAction
from bench.lie.matrices import MatrixAction
from bench.lie.vectors import VectorAction
from bench.methods.plain import PlainFitted
from bench.nn.emlp import EMLP, EMLPSize, Output
from bench.nn.equivariant_spaces import EquivariantSpaces

N = TypeVar("N", bound=EMLP)


@dataclass(frozen=True)
class EMLPParams(TrainingParameters):
    # The published network for two bodies: three hidden layers of five copies of the input's representation.
    channels: int = count(5, "copies of the vector, and invariants, per hidden layer", 1024, log=True, sweep=(2, 16))
    blocks: int = parameter(3, "hidden layers", low=0, high=64, sweep=(1, 4))
    tolerance: float | None = positive(
        None, "largest residual of an equivariant map, for unit generators; none: the middle of the spectrum's gap", 2.0
    )
    products: bool = parameter(False, "whether hidden layers multiply invariants, as the paper's do", omit_default=True)


def solve_spaces(
    generators: Tensor, problem: Problem, ctx: RunContext, owner: str, elements: Tensor | None = None
) -> EquivariantSpaces:
    """The equivariant spaces of a group ``(k, d, d)``; the history keeps their spectra, ranks and tolerances.

    Raises:
        BenchError: in the name of the method ``owner``, if a generator is zero or not finite.
    """
    try:
        tensors = output_of(problem) is Output.MATRICES
        spaces = EquivariantSpaces(generators, elements, ctx.params.tolerance, tensors)
    except ValueError as error:
        raise BenchError(f"{owner}: {error}") from error
    for name, space in spaces.solved.items():
        for index, value in enumerate(space.singular_values.tolist()):
            ctx.log(index, **{f"spectrum/{name}": value})
        ctx.log(0, **{f"rank/{name}": len(space.basis), f"tolerance/{name}": space.tolerance})
    return spaces


def output_of(problem: Problem) -> Output:
    """How the group acts on the targets, of those that :meth:`EMLPMethod.supports`."""
    if isinstance(problem.action_out, IdentityAction):
        return Output.INVARIANTS
    return Output.MATRICES if isinstance(problem.action_out, MatrixAction) else Output.VECTORS


def network_for(problem: Problem, kind: type[N], spaces: EquivariantSpaces, params: EMLPParams) -> N:
    """An untrained network of the given kind, with the shapes of the problem, on its device."""
    assert isinstance(problem.action_in, VectorAction)
    inputs = problem.train.x.shape[1], problem.action_in.scalars
    shape = tuple(problem.train.y.shape[1:])
    size = EMLPSize(params.channels, params.blocks, params.products)
    return kind(spaces, inputs, shape, output_of(problem), size).to(problem.device)


class EMLPFitted(PlainFitted):
    """Predicts with the equivariant network; reports the generators that it was built from."""

    def __init__(self, network: EMLP, problem: Problem, given: SymmetryEstimate) -> None:
        super().__init__(network, problem.link)
        self.given = given

    def symmetry(self) -> SymmetryEstimate:
        return self.given


class EMLPMethod(Method):
    """Minimises the task's loss over networks that commute with the given generators; no sample is ever moved."""

    card = MethodCard(
        id="emlp",
        title="EMLP",
        summary="an equivariant multilayer perceptron built from the given generators",
        knowledge="none",
        citation="Finzi, Welling, Wilson: A practical method for constructing equivariant multilayer perceptrons for "
        "arbitrary matrix groups (ICML 2021)",
        consumes=True,
        version=2,
    )
    Params = EMLPParams
    known_failures: Mapping[str, str] = {
        "precisions": "its equivariant layers hold their bases in float32, and meet float64 inputs with an error",
    }

    def supports(self, problem: Problem) -> str | None:
        if not isinstance(problem.action_in, VectorAction) or problem.train.x.ndim != 3:
            return "is built for vectors (n, t, d) only"
        out = problem.action_out
        scalars_too = isinstance(out, VectorAction) and out.scalars > 0
        if not isinstance(out, VectorAction | IdentityAction | MatrixAction) or scalars_too:
            return "has no output layer for this action on the targets"
        return None if problem.train.y.is_floating_point() else "has no output layer for class labels"

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        params: EMLPParams = ctx.params
        given = problem.given
        assert given is not None
        spaces = solve_spaces(given.generators, problem, ctx, self.card.id)
        _check_rest(spaces, problem, len(given.generators))
        with ctx.seeded("init"):
            network = network_for(problem, EMLP, spaces, params)
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(network(x), y)})
        return EMLPFitted(network, problem, given)


def _check_rest(spaces: EquivariantSpaces, problem: Problem, generators: int) -> None:
    """Raise when every equivariant network would be a constant or a multiple of the identity."""
    assert isinstance(problem.action_in, VectorAction)
    output = output_of(problem)
    # Scalars among the inputs, and outer products of the vectors themselves, are left by any group.
    if output is Output.MATRICES or problem.action_in.scalars or not spaces.nothing_left(output is Output.INVARIANTS):
        return
    least = min(float(space.singular_values[0]) for name, space in spaces.solved.items() if name != "commutant")
    trivial = "constants" if output is Output.INVARIANTS else "the identity map"
    trivial = "constants" if output is Output.INVARIANTS else "the identity map"
    raise BenchError(
        f"emlp: the {generators} given generators leave nothing equivariant beyond {trivial}; the smallest residual of "
        f"another map is {least:.2g}. A larger tolerance would keep it."
    )


METHODS = (EMLPMethod(),)
