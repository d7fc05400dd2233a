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
#: The share of examples with the largest losses that is left out: a few inputs far out would outweigh all others.
TRIM = 0.1
#: Largest error on validation data, relative to the best constant's, of a judge that is a witness.
WITNESS = 0.5


class Judge:
    """Predicts as the training data teach it as they are: nothing is moved, and no discovery is known.

    A network that a discoverer has trained on moved examples predicts these well even where they are wrong.
    """

    def __init__(self, data: TaskData, search: str, budget: Budget) -> None:
        """Train the judge as the plain network is, with fewer passes; the same data give the same judge."""
        device = data.test.x.device
        problem = make_problem(data, search, device)
        passes = min(PASSES, max(1, round(SHARE * budget.passes)))
        params = TrainingParameters(passes=passes, batch_size=min(budget.batch_size, passes), lr=budget.lr)
        ctx = RunContext(params, seed_for(0, "judge"), device, Path())
        with ctx.seeded("network"):
            self.network = data.backbone().to(device)
        train(problem, ctx, self.network, lambda x, y: {"loss": data.loss(self.network(x), y)})
        self.data, self.device = data, device
        outputs, targets = self._outputs(data.val.x, data.val.y)
        constant = self._error(outputs.mean(0, keepdim=True).expand_as(outputs), targets)
        #: Whether the judge has learned enough to tell a wrong generator from a right one.
        self.witness = self._error(outputs, targets) < WITNESS * constant

    def error(self, x: Tensor, y: Tensor) -> float:
        """Trimmed mean of the training loss on physical inputs ``(n, *shape)`` and targets ``(n, *shape_out)``."""
        return self._error(*self._outputs(x, y))

    @torch.no_grad()
    def _outputs(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The network's outputs and the targets, in training units."""
        units = self.data.units
        inputs = units.x_to_training(x).split(BATCH)  # type: ignore[no-untyped-call]
        outputs = torch.cat([self.network(part.to(self.device)) for part in inputs])
        return outputs, units.y_to_training(y).to(self.device)

    def _error(self, outputs: Tensor, targets: Tensor) -> float:
        # A loss is a mean over a batch: of one example it is that example's.
        each = torch.stack([self.data.loss(o[None], t[None]) for o, t in zip(outputs, targets, strict=True)])
        kept = each.double().sort().values[: max(1, round((1.0 - TRIM) * len(each)))]
        return float(kept.mean())
