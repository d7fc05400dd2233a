"""Makes the Problem that a method receives from a task's data: in training units and on the device."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.api.problem import Problem, Split, SymmetryEstimate
from bench.api.task import Group, TrainingData, Units, to_training


def make_problem(data: TrainingData, search: str, device: torch.device, group: Group | None = None) -> Problem:
    """The Problem that a method receives: training and validation data in training units, on ``device``.

    ``group`` is the true group, for a method that may use it.
    """
    return Problem(
        train=_to_training(data.train, data.units, device),
        val=_to_training(data.val, data.units, device),
        action_in=data.action_in,
        action_out=data.action_out,
        search=data.spaces[search],
        loss=data.loss,
        backbone=data.backbone,
        device=device,
        link=data.link,
        group=to_training(SymmetryEstimate(group.textbook, group.sample), data.units) if group else None,
    )


def _to_training(split: Split, units: Units, device: torch.device) -> Split:
    x, y = units.x_to_training(split.x), units.y_to_training(split.y)
    drawn = split.redraw

    def redraw(index: Tensor, generator: torch.Generator) -> Tensor:
        assert drawn is not None
        return units.x_to_training(drawn(index, generator)).to(device)

    return Split(x.to(device), y.to(device), split.sizes, redraw if drawn else None)
