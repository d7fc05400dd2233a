"""The judge of discoveries: the task's own network, trained by the evaluator, the same one for every method."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from bench.api import Budget, RunContext, TaskData, seed_for
from bench.api.training import TrainingParameters, train
from bench.api.training_problem import make_problem

#: The judge's passes: this share of the budget's, and at most so many.
SHARE, PASSES = 0.25, 400_000
#: Rows per forward pass.
BATCH = 2048
#: The share of examples with the largest errors that is left out: a few inputs far out would outweigh all others.
TRIM = 0.1


class Judge:
    """Predicts as the training data teach it as they are: nothing is moved, and no discovery is known.

    A network that a discoverer has trained on moved examples predicts these well even where they are wrong.
    """

    def __init__(self, data: TaskData, search: str, budget: Budget, higher_is_better: bool) -> None:
        """Train the judge as the plain network is, with fewer passes; the same data give the same judge."""
        device = data.test.x.device
        problem = make_problem(data, search, device)
        passes = min(PASSES, max(1, round(SHARE * budget.passes)))
        params = TrainingParameters(passes=passes, batch_size=min(budget.batch_size, passes), lr=budget.lr)
        ctx = RunContext(params, seed_for(0, "judge"), device, Path())
        with ctx.seeded("network"):
            self.network = data.backbone().to(device)
        train(problem, ctx, self.network, lambda x, y: {"loss": data.loss(self.network(x), y)})
        self.data, self.device, self.sign = data, device, -1.0 if higher_is_better else 1.0

    @torch.no_grad()
    def error(self, x: Tensor, y: Tensor) -> float:
        """Trimmed mean of the task's score, or of its negative where more is better.

        Inputs ``(n, *shape)`` and targets ``(n, *shape_out)`` are in physical units.
        """
        units, link = self.data.units, self.data.link
        parts = []
        for rows in torch.arange(len(x)).split(BATCH):  # type: ignore[no-untyped-call]
            inputs = units.x_to_training(x[rows]).to(self.device)
            predicted = units.y_to_physical(link(self.network(inputs)))
            parts.append(self.sign * self.data.score(predicted, y[rows].to(self.device)).double().cpu())
        errors = torch.cat(parts).sort().values
        return float(errors[: max(1, round((1.0 - TRIM) * len(errors)))].mean())
