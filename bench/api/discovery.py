"""A discovery: a Fitted with generators but no predictor, and its conversion to a record's arrays and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from bench.api.coefficients import CoefficientSampler
from bench.api.method import Fitted
from bench.api.problem import Array, SymmetryEstimate
from bench.api.task import Units
from bench.errors import BenchError, Unsupported


class Discovery(Fitted):
    """Generators without a predictor: what LieGAN and the true group return."""

    predicts = False

    def __init__(self, estimate: SymmetryEstimate, parameters: int = 0) -> None:
        self.estimate = estimate
        self.parameters = parameters

    def predict(self, x: Tensor) -> Tensor:
        """Raises Unsupported, because a discovery has no predictor."""
        raise Unsupported("this method only discovers; `<method>+augment` trains a predictor with what it found")

    def symmetry(self) -> SymmetryEstimate:
        return self.estimate


def to_arrays(estimate: SymmetryEstimate, units: Units) -> dict[str, Array]:
    """Generators in physical units ``(k, d, d)``, and the distribution of their coefficients where it has a name."""
    arrays: dict[str, Array] = {"generators": units.generators_to_physical(estimate.generators.double()).cpu().numpy()}
    if isinstance(estimate.sample, CoefficientSampler):
        arrays["coefficient_kind"] = np.array(estimate.sample.kind)
        arrays["coefficient_scale"] = estimate.sample.scale.double().cpu().numpy()
    if estimate.strength is not None:
        arrays["strength"] = estimate.strength.double().cpu().numpy()
    return arrays


def from_arrays(arrays: Mapping[str, Array], units: Units) -> SymmetryEstimate:
    """The inverse of :func:`to_arrays`, in training units.

    Raises:
        BenchError: when the record holds no generators, or no distribution that could be sampled again.
    """
    if "generators" not in arrays:
        raise BenchError("its discoverer returned no generators")
    if "coefficient_kind" not in arrays:
        raise BenchError("its discoverer's distribution has no name; return a CoefficientSampler")
    generators = units.generators_to_training(torch.from_numpy(arrays["generators"])).float()
    scale = torch.from_numpy(arrays["coefficient_scale"]).float()
    strength = torch.from_numpy(arrays["strength"]) if "strength" in arrays else None
    return SymmetryEstimate(
        generators, CoefficientSampler(generators, str(arrays["coefficient_kind"]), scale), strength
    )
