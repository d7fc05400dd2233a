"""What an author of a method writes: a Method whose fit() returns a Fitted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from torch import Tensor

from bench.api.cards import MethodCard
from bench.api.context import RunContext
from bench.api.parameters import Parameters
from bench.api.problem import Problem, SymmetryEstimate


class Fitted(ABC):
    """A trained method."""

    #: False for a method that only discovers: it is scored by its generators alone.
    predicts: bool = True
    #: Which of :meth:`strategies` predict() follows; None where there is only one way.
    inference: str | None = None
    #: Forward passes that one prediction costs (test-time averaging is charged).
    forward_passes: int = 1
    #: Trainable parameters, network and generators together.
    parameters: int = 0

    @abstractmethod
    def predict(self, x: Tensor) -> Tensor:
        """``(n, *shape) -> (n, *shape_out)``, deterministic, each example independent of the others.

        For classes: probabilities ``(n, classes)``.
        """

    def symmetry(self) -> SymmetryEstimate | None:
        """The discovered symmetry, or None for a method that does not discover one."""
        return None

    def strategies(self) -> Mapping[str, Callable[[Tensor], Tensor]]:
        """Ways to predict that are all reported, by name; :attr:`inference` names the one that predict() follows."""
        return {}


class Method(ABC):
    """A method: one file in ``methods/`` with one subclass."""

    card: ClassVar[MethodCard]
    Params: ClassVar[type[Parameters]]
    #: The authors' printed settings per task family: ``--preset published``. The defaults are the same everywhere.
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    #: A consumer that moves examples: a pipeline tells it how far, by the one rule of `bench.api.motion`.
    moves_examples: ClassVar[bool] = False
    #: Checks of the contract (`bench check`) that the method is known to fail: name -> why.
    known_failures: Mapping[str, str] = {}

    def supports(self, problem: Problem) -> str | None:
        """None when the method can treat ``problem``, else the reason why not."""
        return None

    @abstractmethod
    def fit(self, problem: Problem, ctx: RunContext) -> Fitted:
        """Train on ``problem`` with the parameters, device and generators of ``ctx``."""
