"""SymmetryGAN: one group element that a discriminator cannot tell from data.

Source: Desai, Nachman, Thaler: Symmetry discovery with deep learning (Phys. Rev. D 105, 096031, 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from bench.api import MethodCard
from bench.lie.exponential import Algebra
from bench.lie.one_parameter import OneParameter
from bench.methods.liegan import LieGAN
from bench.nn.generator_game import GameParameters
from bench.nn.lie_generator import ElementParameters, LieGenerator


@dataclass(frozen=True)
class SymmetryGANParameters(GameParameters, ElementParameters):
    pass


class GroupElement(LieGenerator):
    """One element g = exp(A), the same for every example; the estimate draws exp(-A), 1 and exp(A)."""

    def sample(self, generators: Tensor, n: int, draws: torch.Generator) -> Algebra:
        """``A`` n times, from ``generators (1, d, d)``, shortened to ``max_norm`` if it is longer."""
        return OneParameter(generators.new_ones(n), generators[0]).shortened(self.max_norm)


class SymmetryGAN(LieGAN):
    r"""Plays LieGAN's game with a coefficient of 1 in place of a random one.

    .. math:: \min_A \max_D \; E[\log D(x, y)] + E[\log(1 - D(gx, gy))] + \lambda R(A), \quad g = e^A

    Here D sees the targets too, where the paper has densities of x alone. Elements outside the image of exp
    (reflections) cannot be learned. A symmetry fixes A only up to the element: a turn by 2π is the identity.
    """

    card = MethodCard(
        id="symmetrygan",
        title="SymmetryGAN",
        summary="learns one group element whose moved data a discriminator cannot tell from data",
        knowledge="none",
        citation="Desai, Nachman, Thaler: Symmetry discovery with deep learning (Phys. Rev. D 105, 096031, 2022)",
        discovers=True,
        searches=True,
    )
    Params = SymmetryGANParameters
    Generator = GroupElement
    #: The paper has none of these families.
    published: ClassVar[Mapping[str, Mapping[str, Any]]] = {}


METHODS = (SymmetryGAN(),)
