"""The benchmark's data objects made from a user's data: splits, search space, network and loss."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from bench.api import Problem, Split, TaskData, Units, identity, seed_for
from bench.api.training_problem import make_problem
from bench.lie.action import Action, IdentityAction
from bench.lie.search_space import SearchSpace
from bench.lie.vectors import VectorAction
from bench.metrics.prediction import percent_correct, squared_error
from bench.nn.smooth_perceptron import SmoothPerceptron
from bench.own.data import OwnData
from bench.own.framing import AffineVectors, Frame, make_frame, targets

CPU = torch.device("cpu")
#: Shares of the rows: to discover with, to train the witness of the checks, and to check on.
DISCOVER, WITNESS = 0.6, 0.25
#: Share of the first part that one resample trains on; the rest validates.
TRAINED = 0.8
#: Most rows that are used.
MAX_ROWS = 100_000
#: Most columns for which every matrix is searched; beyond, a block is mapped to itself.
FULL_SEARCH = 24
WIDTH, LAYERS = 64, 3
BATCH, RATE = 256, 1e-2


@dataclass(frozen=True, eq=False)
class Prepared:
    """A user's data in training coordinates under one assumption about the output."""

    data: OwnData
    output: str
    frame: Frame
    x: Tensor  # (n, t, d+1)
    y: Tensor
    parts: dict[str, Tensor]  # discover, witness, check -> rows
    space: SearchSpace

    @property
    def moves(self) -> bool:
        """Whether the output moves."""
        return self.output != "invariant"

    def resample(self, seed: int, share: float = 1.0) -> tuple[Tensor, Tensor]:
        """Rows of the discovery part to train and to validate on, drawn by ``seed``; ``share`` takes fewer."""
        rows = self.parts["discover"]
        draws = torch.Generator().manual_seed(seed_for(seed, "own/resample"))
        order = rows[torch.randperm(len(rows), generator=draws)]
        cut = round(TRAINED * len(rows))
        return order[: max(1, round(share * cut))], order[cut:]

    def split(self, rows: Tensor, shuffled: int | None = None) -> Split:
        """The examples of ``rows``; ``shuffled`` is a seed that permutes the targets among them."""
        y = self.y[rows]
        if shuffled is not None:
            y = y[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed_for(shuffled, "own/placebo")))]
        return Split(self.x[rows], y)

    def task_data(self, train: Split, val: Split, checked: Split) -> TaskData:
        """The benchmark's object, in training coordinates: physical units are those of the frame."""
        dim = self.x.shape[-1]
        weights = torch.ones(dim, dtype=torch.float64)
        weights[-1] = 0.0
        classes = bool(self.data.classes)
        out = (len(self.data.classes),) if classes else tuple(self.y.shape[1:])
        return TaskData(
            train=train, val=val, test=checked, truth=None, references={},
            action_in=VectorAction(dim), action_out=self.action_out(), spaces={self.space.name: self.space},
            units=Units.as_they_are(dim), field_weights=weights, data_sha256="", data_note="",
            loss=nn.functional.cross_entropy if classes else nn.functional.mse_loss,
            score=percent_correct if classes else squared_error,
            backbone=partial(SmoothPerceptron, (self.x.shape[1], dim), out, WIDTH, LAYERS),
            link=partial(torch.softmax, dim=-1) if classes else identity,
        )  # fmt: skip

    def action_out(self) -> Action:
        """How the output moves."""
        dim = self.x.shape[-1]
        return AffineVectors(dim) if self.moves else IdentityAction(dim)

    def problem(self, seed: int, *, share: float = 1.0, shuffled: int | None = None) -> Problem:
        """What a method is given on one resample."""
        train, val = self.resample(seed, share)
        parts = self.split(train, shuffled), self.split(val, shuffled)
        return make_problem(self.task_data(*parts, parts[1]), self.space.name, CPU)

    def witnesses(self) -> TaskData:
        """The data of the checks: a witness is trained on one part and asked on another, both unused until then."""
        checked = self.split(self.parts["check"])
        return self.task_data(self.split(self.parts["witness"]), checked, checked)


def prepare(data: OwnData, output: str) -> Prepared:
    """Training coordinates, parts and search space of ``data``."""
    draws = torch.Generator().manual_seed(seed_for(0, "own/parts"))
    order = torch.randperm(len(data), generator=draws)[:MAX_ROWS]
    first, second = round(DISCOVER * len(order)), round((DISCOVER + WITNESS) * len(order))
    parts = {"discover": order[:first], "witness": order[first:second], "check": order[second:]}
    frame = make_frame(data, output)
    return Prepared(data, output, frame, frame.to_training(data.x), targets(data, frame, output), parts, _space(data))


def _space(data: OwnData) -> SearchSpace:
    """All affine motions, or of many columns those that map each block to itself."""
    d = data.x.shape[-1]
    mask = torch.ones(d + 1, d + 1, dtype=torch.bool)
    if d > FULL_SEARCH:
        mask[:d, :d] = False
        for block in data.blocks:
            columns = torch.tensor(block.columns)
            mask[columns[:, None], columns[None, :]] = True
    mask[d] = False
    return SearchSpace("affine" if d <= FULL_SEARCH else "blocks", mask)
