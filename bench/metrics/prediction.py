"""Prediction scores, per example and in the mean, and the constant predictors to compare with. All in float64.

Source: docs/metrics.md, section 2.
"""

from __future__ import annotations

import torch
from torch import Tensor

HARTREE_IN_MEV = 27211.386245988  # meV per Hartree, CODATA 2018


def correct(scores: Tensor, labels: Tensor) -> Tensor:
    """1.0 where the largest of ``scores (n, classes)`` is at ``labels (n,)``, else 0.0; ``(n,)`` float64."""
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(f"scores {tuple(scores.shape)} and labels {tuple(labels.shape)} must be (n, classes) and (n,)")
    return (scores.argmax(1) == labels).double()


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """Fraction classified correctly; arguments as in :func:`correct`."""
    return float(correct(scores, labels).mean())


def percent_correct(probabilities: Tensor, labels: Tensor) -> Tensor:
    """100 where the most probable class is right, else 0; ``(n,)`` float64."""
    return 100.0 * correct(probabilities, labels)


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean square difference per example, ``(n,)`` float64, of two ``(n, *shape)``; ValueError if shapes differ."""
    return _difference(prediction, target).square().mean(1)


def mse(prediction: Tensor, target: Tensor) -> float:
    """Mean of :func:`squared_error`, in the square of the target's unit."""
    return float(squared_error(prediction, target).mean())


def absolute_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference per example, ``(n,)`` float64, of two ``(n, *shape)``; ValueError if shapes differ."""
    return _difference(prediction, target).abs().mean(1)


def mae(prediction: Tensor, target: Tensor) -> float:
    """Mean of :func:`absolute_error`, in the target's unit; times :data:`HARTREE_IN_MEV` for labels in Hartree."""
    return float(absolute_error(prediction, target).mean())


def constant_mean(train: Tensor, n: int) -> Tensor:
    """The constant predictor of regression: the mean of ``train (N, *shape)``, repeated, ``(n, *shape)`` float64."""
    mean = train.double().mean(0)
    return mean.expand(n, *mean.shape)


def constant_class(train: Tensor, n: int, classes: int) -> Tensor:
    """The constant predictor of classification: class frequencies of ``train (N,)``, ``(n, classes)`` float64."""
    return (torch.bincount(train, minlength=classes).double() / len(train)).expand(n, classes)


def _difference(prediction: Tensor, target: Tensor) -> Tensor:
    """``(n, coordinates)`` float64. Shapes must agree: ``(n, 1)`` against ``(n,)`` would compare all pairs."""
    if prediction.shape != target.shape:
        raise ValueError(f"prediction has shape {tuple(prediction.shape)}, target {tuple(target.shape)}; must be equal")
    return (prediction.double() - target.double()).reshape(len(target), -1)
