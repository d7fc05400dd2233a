"""How the matrices of a Lie algebra act on data: rho(exp(A)) x, and its derivative at the identity.

Notation of docs/metrics.md, section 1.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from bench.lie.exponential import Algebra, expm


class Action(ABC):
    """A representation of a matrix group on samples of a fixed shape. ``x`` decides dtype and device.

    Attributes:
        dim: the generators are ``(dim, dim)``.
        resamples: acting loses detail (images), so moving there and back is not exactly the identity.
    """

    dim: int
    resamples: bool = False

    @property
    def moved(self) -> int:
        """Number of coordinates of one vector, place or pixel that the group moves."""
        return self.dim

    @abstractmethod
    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """``rho(g) x`` for :meth:`elements` ``(n, dim, dim)``, or one for all samples ``(1, dim, dim)``."""

    def elements(self, algebra: Algebra, x: Tensor, norm_bound: float | None = None) -> Tensor:
        """``exp(A)``, in the dtype and on the device of ``x``: the matrices that :meth:`act` takes, to use them again.

        A single matrix ``(dim, dim)`` gives ``(1, dim, dim)``. ``norm_bound`` bounds every ``||A||_F``. Without it
        the norm is measured, which waits once for the device.
        """
        return expm(_batch(algebra, x), norm_bound)

    def apply(self, algebra: Algebra, x: Tensor, norm_bound: float | None = None) -> Tensor:
        """``rho(exp(A)) x`` for ``x (n, *shape)``.

        Args:
            algebra: ``(n, dim, dim)``, or one for all samples ``(dim, dim)``, or n multiples of one generator.
            norm_bound: see :meth:`elements`.
        """
        return self.act(self.elements(algebra, x, norm_bound), x)

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        """``A·x = d/dt rho(exp(tA)) x`` at t = 0, ``(n, *shape)``; ``algebra`` is ``(n, d, d)`` or ``(d, d)``."""
        batch = expand_matrices(algebra, x)
        return directional_derivative(
            lambda t: self.apply(t * batch, x, norm_bound=0.0), x.new_zeros(()), x.new_ones(())
        )

    def moving_part(self, x: Tensor) -> Tensor:
        """The coordinates that the group can move, as rows to compare by their cosine, ``(n, rows, columns)``."""
        return x.flatten(1).unsqueeze(1)


class IdentityAction(Action):
    """The trivial action, for invariant outputs: energies, class probabilities."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def elements(self, algebra: Algebra, x: Tensor, norm_bound: float | None = None) -> Tensor:
        """The identity, ``(1, d, d)``: no exponential is needed."""
        return torch.eye(self.dim, dtype=x.dtype, device=x.device)[None]

    def act(self, elements: Tensor, x: Tensor) -> Tensor:
        """``x`` itself."""
        return x

    def apply(self, algebra: Algebra, x: Tensor, norm_bound: float | None = None) -> Tensor:
        """``x`` itself."""
        return x

    def infinitesimal(self, algebra: Tensor, x: Tensor) -> Tensor:
        """Zeros, ``(n, *shape)``."""
        return torch.zeros_like(x)


def directional_derivative(fn: Callable[[Tensor], Tensor], x: Tensor, tangent: Tensor) -> Tensor:
    """``DF(x) tangent`` in forward mode, shaped like ``fn(x)``."""
    with warnings.catch_warnings():
        # Its first use in a process loads torch's own decompositions, which torch 2.13 scripts in a deprecated way.
        warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)
        derivative: Tensor = torch.func.jvp(fn, (x,), (tangent,))[1]
    return derivative


def expand_matrices(algebra: Tensor, x: Tensor) -> Tensor:
    """One matrix per sample, ``(n, d, d)``, in the dtype and on the device of ``x``; a single one is repeated."""
    return algebra.to(x).expand(len(x), *algebra.shape[-2:])


def _batch(algebra: Algebra, x: Tensor) -> Algebra:
    cast = algebra.to(x)
    return cast[None] if isinstance(cast, Tensor) and cast.ndim == 2 else cast
