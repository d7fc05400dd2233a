"""Training on moved copies of the data, and predictions averaged over a group: shared by augment and the discoverers.

Source: the paper's Eq. 1 (loss on original and moved samples) and Eq. 2 (averaged prediction).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bench.api.method import Fitted
from bench.api.parameters import count, parameter
from bench.api.problem import Problem, SymmetryEstimate
from bench.errors import BenchError
from bench.lie.exponential import Algebra


def how_to_predict(default: str) -> Any:
    """The parameter ``inference`` of a method whose fit() returns an :class:`AugmentedFitted`."""
    return parameter(default, "how predict() works (both are reported)", choices=("average", "plain"))


def averaged_copies(default: int) -> Any:
    """The parameter ``inference_copies`` of a method whose fit() returns an :class:`AugmentedFitted`."""
    return count(default, "group elements of an averaged prediction (J)", high=1024)


def given_to(problem: Problem, consumer: str) -> SymmetryEstimate:
    """The estimate of the discoverer before ``consumer``, which may hold no generators.

    Raises:
        BenchError: when an entry of a generator is not finite.
    """
    given = problem.given
    assert given is not None
    for number, generator in enumerate(given.generators, 1):
        if not bool(generator.isfinite().all()):
            raise BenchError(
                f"{consumer}: generator {number} of {len(given.generators)} has entries that are not finite."
            )
    return given


def move(
    problem: Problem, algebra: Algebra, x: Tensor, y: Tensor, norm_bound: float | None = None
) -> tuple[Tensor, Tensor]:
    """ρ_x(g) x and ρ_y(g) y for g = exp(algebra); ``(b·K, *shape)``, copies of one example side by side.

    Args:
        algebra: ``(b·K, d, d)``, or b·K multiples of one generator.
        x: ``(b, *shape)``; y: ``(b, *shape_out)``.
        norm_bound: an upper bound of the norms in ``algebra``; None measures it (a host sync on a GPU).
    """
    copies = len(algebra) // len(x)
    # When both are moved alike, they are joined on axis 1 and share one exponential.
    if problem.action_in is problem.action_out and x.shape[2:] == y.shape[2:]:
        both = torch.cat([x, y], 1).repeat_interleave(copies, 0)
        moved = problem.action_in.apply(algebra, both, norm_bound)
        gx, gy = torch.split(moved, [x.shape[1], y.shape[1]], 1)
        return gx, gy
    gx = problem.action_in.apply(algebra, x.repeat_interleave(copies, 0), norm_bound)
    gy = problem.action_out.apply(algebra, y.repeat_interleave(copies, 0), norm_bound)
    return gx, gy


class AugmentedFitted(Fitted):
    """A network trained on moved samples; predicts plainly, or by the average over the group (Eq. 2).

    .. math:: \\hat y(x) = \\frac{1}{J} \\sum_j \\rho_y(g_j)^{-1} f(\\rho_x(g_j) x)

    The J elements are drawn once, so that a prediction does not depend on the rest of the batch.
    """

    inference: str

    def __init__(
        self,
        network: nn.Module,
        problem: Problem,
        estimate: SymmetryEstimate,
        elements: Tensor,  # (J, d, d)
        inference: str,  # "plain" | "average"
        parameters: int,
    ) -> None:
        self.network = network
        self.action_in, self.action_out = problem.action_in, problem.action_out
        self.link = problem.link
        self.estimate = estimate
        self.elements = elements
        self.inference = inference
        self.parameters = parameters
        self.forward_passes = len(elements) if inference == "average" else 1

    def predict(self, x: Tensor) -> Tensor:
        return self.strategies()[self.inference](x)

    def strategies(self) -> Mapping[str, Callable[[Tensor], Tensor]]:
        return {"plain": self._plain, "average": self._average}

    def symmetry(self) -> SymmetryEstimate:
        return self.estimate

    @torch.no_grad()
    def _plain(self, x: Tensor) -> Tensor:
        return self.link(self.network(x))

    @torch.no_grad()
    def _average(self, x: Tensor) -> Tensor:
        total: Tensor | float = 0.0
        for algebra in self.elements:
            total = total + self.action_out.apply(-algebra, self._plain(self.action_in.apply(algebra, x)))
        assert isinstance(total, Tensor)
        return total / len(self.elements)
