"""GradNorm: weights of loss terms that follow how strongly each term pulls at one layer, and how far it has fallen.

Source: Chen, Badrinarayanan, Lee, Rabinovich: GradNorm (ICML 2018), Algorithm 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench.errors import BenchError

#: The least weight of a term before all are rescaled to their sum.
LEAST = 1e-3


class GradNorm(nn.Module):
    r"""Moves weights :math:`w_t` by the gradient of :math:`\sum_t |G_t - \bar G r_t^\gamma|` with constant targets.

    .. math::
        w_t \leftarrow w_t - \eta \, \mathrm{sign}(G_t - \bar G r_t^\gamma) \, n_t, \qquad G_t = w_t n_t, \qquad
        r_t = \frac{L_t / L_t(0)}{\mathrm{mean}_s \, L_s / L_s(0)}

    :math:`n_t` is the norm of the gradient of the loss :math:`L_t` with respect to one layer's weights. After each
    update, weights below :data:`LEAST` are raised to it, and all are rescaled to the sum that they started with.
    Weights and first losses are buffers, so that a checkpoint holds them.

    Args:
        weights: ``(t,)``, the weights at the start.
        gamma: how much slower terms are favoured; 0 only equalises gradients.
        rate: the step size :math:`\eta`.
    """

    weights: Tensor  # (t,)
    first: Tensor  # (t,), not a number before the first update

    def __init__(self, weights: Tensor, gamma: float, rate: float) -> None:
        super().__init__()
        self.register_buffer("weights", weights.clone())
        self.register_buffer("first", torch.full_like(weights, torch.nan))
        self.total = float(weights.sum())
        self.gamma, self.rate = gamma, rate

    @torch.no_grad()
    def update(self, losses: Tensor, norms: Tensor) -> None:
        """One step from non-negative ``losses (t,)`` and ``norms (t,)`` of their gradients."""
        self.first = torch.where(self.first.isnan(), losses, self.first)
        tiny = torch.finfo(losses.dtype).tiny
        fallen = losses / self.first.clamp_min(tiny)
        relative = fallen / fallen.mean().clamp_min(tiny)
        pulls = self.weights * norms
        signs = (pulls - pulls.mean() * relative**self.gamma).sign()
        weights = (self.weights - self.rate * signs * norms).clamp_min(LEAST)
        # A new tensor, not a new value of the old one: the graph of this step's loss still needs the old one.
        self.weights = weights * (self.total / weights.sum())


def last_weight(network: nn.Module) -> nn.Parameter:
    """The weight matrix (or filters) that ``network`` registers last: that of its output layer.

    Raises:
        BenchError: when it has none.
    """
    found = [value for value in network.parameters() if value.ndim >= 2]
    if not found:
        raise BenchError(
            f"gradnorm compares gradients at the last weight matrix, and {type(network).__name__} has no parameter of "
            "two or more dimensions."
        )
    return found[-1]


def gradient_norms(losses: Tensor, weight: nn.Parameter) -> Tensor:
    """The Euclidean norm of each loss's gradient with respect to ``weight``, ``(t,)``; keeps the graph."""
    return torch.stack([torch.autograd.grad(loss, weight, retain_graph=True)[0].norm() for loss in losses])
