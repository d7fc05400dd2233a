"""Ridge regression: the reference for a linear map of the flattened input."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.api import Fitted, Method, MethodCard, Problem, RunContext
from bench.api.parameters import Parameters
from bench.lie.vectors import VectorAction

#: Ridge strengths tried on the validation loss, relative to the largest squared singular value of the inputs.
STRENGTHS = tuple(10.0**power for power in range(-14, 1))


class LinearFitted(Fitted):
    """``vec y = Wᵀ vec x``, float64 inside; no constant, so that the map can be equivariant."""

    def __init__(self, weight: Tensor, shape: tuple[int, ...]) -> None:
        self.weight, self.shape = weight, shape  # (p, q)
        self.parameters = weight.numel()

    def predict(self, x: Tensor) -> Tensor:
        return (x.flatten(1).double() @ self.weight).to(x.dtype).view(len(x), *self.shape)


class Linear(Method):
    r"""Least squares with a ridge: :math:`\min_W \|Y - X W\|^2 + \lambda s_1^2 \|W\|^2`, λ by the validation loss.

    It uses the singular value decomposition of X, because columns may depend on each other (two mirrored bodies do).
    """

    card = MethodCard(
        id="linear",
        title="Linear (ridge)",
        summary="least squares from the flattened input, ridge strength by the validation loss",
        knowledge="none",
        citation="Hoerl, Kennard: Ridge regression (Technometrics 1970)",
    )
    Params = Parameters

    def supports(self, problem: Problem) -> str | None:
        if not isinstance(problem.action_in, VectorAction):
            return "takes vectors only: images and point clouds have no meaningful linear map"
        return None if problem.train.y.is_floating_point() else "takes no class labels"

    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        x, y = problem.train.x.flatten(1).double(), problem.train.y.flatten(1).double()  # (n, p), (n, q)
        u, s, vt = torch.linalg.svd(x, full_matrices=False)
        target, variance, shape = u.mT @ y, s.square(), tuple(problem.train.y.shape[1:])
        held_out = problem.val.x.flatten(1).double(), problem.val.y.double()
        best: tuple[float, Tensor] | None = None
        for trial, strength in enumerate(STRENGTHS):
            weight = vt.mT @ ((s / (variance + strength * variance[0]))[:, None] * target)  # (p, q)
            loss = float(problem.loss((held_out[0] @ weight).view(held_out[1].shape), held_out[1]))
            ctx.log(trial, **{"val/loss": loss, "ridge": strength})
            if best is None or loss < best[0]:
                best = loss, weight
        assert best is not None
        return LinearFitted(best[1], shape)


METHODS = (Linear(),)
