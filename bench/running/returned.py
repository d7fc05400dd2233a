"""Checks what a method returns, so that a wrong value gives one clear line instead of an error inside torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from bench.api import Fitted, Problem, SymmetryEstimate
from bench.errors import BenchError


class CheckedFitted(Fitted):
    """Wraps a method's Fitted and checks the type and shape of its predictions and generators."""

    def __init__(self, fitted: object, name: str, problem: Problem) -> None:
        """``name`` is the method's id.

        Raises:
            BenchError: when ``fitted`` is not a Fitted.
        """
        if not isinstance(fitted, Fitted):
            raise BenchError(f"method {name!r}: fit() returned {_type_text(fitted)}; it must return a Fitted.")
        self._fitted, self._name = fitted, name
        self._dim, self._targets = problem.action_in.dim, problem.train.y
        self.predicts, self.inference = fitted.predicts, fitted.inference
        self.forward_passes, self.parameters = fitted.forward_passes, fitted.parameters

    def predict(self, x: Tensor) -> Tensor:
        """The checked predictions for ``x``."""
        return self._prediction("predict()", self._fitted.predict(x), len(x))

    def strategies(self) -> Mapping[str, Callable[[Tensor], Tensor]]:
        """The ways of predicting, each with checked predictions."""
        return {name: self._strategy(name, predict) for name, predict in self._fitted.strategies().items()}

    def symmetry(self) -> SymmetryEstimate | None:
        """The checked estimate; None when the method does not discover a symmetry."""
        estimate: object = self._fitted.symmetry()
        if estimate is None:
            return None
        if not isinstance(estimate, SymmetryEstimate):
            raise self._fault("symmetry()", estimate, "it must return a SymmetryEstimate or None")
        d = self._dim
        generators: object = estimate.generators
        if not isinstance(generators, Tensor) or generators.ndim != 3 or generators.shape[1:] != (d, d):
            raise self._fault("symmetry()", generators, f"generators of this task must be a tensor (k, {d}, {d})")
        k = len(generators)
        strength: object = estimate.strength
        if strength is not None and not (isinstance(strength, Tensor) and strength.shape == (k,)):
            raise self._fault("symmetry()", strength, f"strength must be None or a tensor ({k},), one per generator")
        drawn: object = estimate.sample(2, torch.Generator().manual_seed(0))
        if not isinstance(drawn, Tensor) or drawn.shape != (2, d, d):
            raise self._fault("symmetry()", drawn, f"sample(n, generator) must give a tensor (n, {d}, {d}), here n = 2")
        return estimate

    def _strategy(self, name: str, predict: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: self._prediction(f"strategy {name!r}", predict(x), len(x))

    def _prediction(self, call: str, prediction: object, n: int) -> Tensor:
        if self._targets.is_floating_point():
            shape = (n, *self._targets.shape[1:])
            if isinstance(prediction, Tensor) and prediction.shape == shape:
                return prediction
            raise self._fault(call, prediction, f"for {n} inputs it must give a tensor {shape}")
        classes = int(self._targets.max()) + 1
        table = prediction if isinstance(prediction, Tensor) and prediction.ndim == 2 else None
        if table is not None and len(table) == n and table.shape[1] >= classes:
            return table
        raise self._fault(call, prediction, f"for {n} inputs it must give probabilities ({n}, {classes} or more)")

    def _fault(self, call: str, value: object, expected: str) -> BenchError:
        return BenchError(f"method {self._name!r}: {call} gave {_type_text(value)}; {expected}.")


def _type_text(value: object) -> str:
    """The type of a value in words, with the shape of a tensor."""
    return f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
