"""QM9: predict a molecular orbital energy from nuclear charges and positions; invariant under SE(3).

Source: the paper's Section 5.3; protocol of LieConv and Augerino (100,000 / 17,748 / 13,083 molecules).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import nn

from bench.api import (
    Budget,
    EvaluationData,
    Group,
    MetricCard,
    OnProgress,
    Split,
    Task,
    TaskCard,
    TrainingData,
    Units,
    seed_for,
)
from bench.api.parameters import Parameters, count, parameter
from bench.datasets import qm9
from bench.datasets.cache import sha256_of
from bench.lie.action import IdentityAction
from bench.lie.points import PointAction
from bench.lie.search_space import affine3d
from bench.metrics.prediction import HARTREE_IN_MEV, absolute_error
from bench.nn.accelerated import Accelerated
from bench.nn.lieconv import LieConvNet
from bench.nn.pair_convolution import Group as Invariance
from bench.tasks.common import constant_median, se3_group, se3_truth

#: Standard deviation of the shifts of the true group's distribution, in Å (Augerino's and LieConv's augmentation).
SHIFT = 0.5
#: Seconds that compiling the network may take: its forward and backward passes and two sizes of batches, 160 s of one
#: CPU core, more on a busy machine.
COMPILE_S = 900.0


@dataclass(frozen=True)
class QM9Options(Parameters):
    backbone: str = parameter(
        "trivial", "LieConv on absolute positions, or invariant under shifts", choices=("trivial", "t3")
    )
    width: int = parameter(1536, "channels of the network (k)", low=4, high=4096)
    blocks: int = count(6, "bottleneck blocks", high=64)
    precision: str = parameter(
        "float32",
        "of the network's matrix products (bfloat16: autocast, for GPUs)",
        choices=("float32", "bfloat16"),
        omit_default=True,
    )
    compile: bool = parameter(False, "compile the network (torch.compile)", omit_default=True)


class OrbitalEnergy(Task):
    """``(n, atoms, 4)`` charge and position in Å to an energy in meV ``(n,)``; mean absolute error."""

    Options = QM9Options
    may_be_short: ClassVar[bool] = True  # a copy without fluorine has fewer molecules than the published split

    def __init__(self, target: str, title: str, published: Mapping[str, float]) -> None:
        self.target = target
        size = partial(Budget, lr=3e-3, equivariance_inputs=400, equivariance_elements=16)
        narrow = {"width": 64, "blocks": 2}
        some = partial(size, val=1000, test=2000, batch_size=64, options=narrow)
        self.card = TaskCard(
            id=f"qm9_{target}",
            title=f"QM9, {title}",
            summary=f"energy of the {title} (meV) from charges and positions",
            family="qm9",
            version=2,
            metric=MetricCard("test/mae", "meV", higher_is_better=False),
            searches=("affine3d",),
            budgets={
                "smoke": Budget(96, 32, 64, 192, 32, 3e-3, 16, 4, 3, 120, options={"width": 8, "blocks": 1}),
                "small": some(train=6000, passes=150_000, discovery_steps=2_350, wall_limit_s=3600),
                # The learning curve: --train-fraction 0.1, 0.2 and 0.5 of it.
                "medium": some(train=10_000, passes=250_000, discovery_steps=3_900, wall_limit_s=7200),
                "paper": size(
                    train=100_000,
                    val=17_748,
                    test=13_083,
                    passes=50_000_000,
                    discovery_steps=60_000,
                    batch_size=75,
                    wall_limit_s=7 * 86_400,
                    gpus=1.0,
                ),
            },
            cardinality=6,
            citation="Ramakrishnan, Dral, Rupp, von Lilienfeld: Quantum chemistry structures and properties of 134 "
            "kilo molecules (Scientific Data 2014); Finzi et al.: LieConv (ICML 2020)",
            published=published,
        )

    def prepare(self, data_dir: Path, on_progress: OnProgress) -> None:
        qm9.prepare(data_dir, lambda what, done, total: on_progress(done, total))

    def fingerprint(self, data_dir: Path) -> str:
        return sha256_of(data_dir / qm9.NAME / "qm9.npz")

    def extra_seconds(self, options: Any) -> float:
        return COMPILE_S if options.compile else 0.0

    def load(self, budget: Budget, options: Any, data_dir: Path, seed: int) -> TrainingData:
        data = qm9.load(data_dir)
        known = qm9.known(data, self.target)
        train, val, _ = qm9.official_split(data)
        train = _drawn(train[known[train]], budget.train, seed, "train")
        val = _drawn(val[known[val]], budget.val, seed, "val")
        examples = self._split(data, train)
        mean, std = examples.y.double().mean(), examples.y.double().std()
        dropped = len(known) - int(known.sum())
        return TrainingData(
            train=examples,
            val=self._split(data, val),
            action_in=PointAction(),
            action_out=IdentityAction(4),
            spaces={"affine3d": affine3d()},
            units=Units(torch.ones(1), std.float(), mean.float(), torch.ones(4, dtype=torch.float64)),
            loss=torch.nn.functional.l1_loss,
            backbone=partial(_backbone, options),
            score=absolute_error,
            field_weights=torch.ones(1, dtype=torch.float64),
            data_sha256=data.sha256,
            data_note=f"{data.variant}; {dropped} molecules without a {self.target} value left out",
        )

    def load_test(self, training: TrainingData, budget: Budget, options: Any, data_dir: Path) -> EvaluationData:
        data = qm9.load(data_dir)
        _, _, part = qm9.official_split(data)
        test = self._split(data, part[qm9.known(data, self.target)[part]][: budget.test])
        return EvaluationData(
            test=test,
            truth=se3_truth(SHIFT),
            references={"constant": constant_median(training.train.y, len(test))},
        )

    def group(self, options: Any, data_dir: Path) -> Group:
        return se3_group(SHIFT)

    def _split(self, data: qm9.QM9, index: np.ndarray[Any, np.dtype[np.int64]]) -> Split:
        x, y, sizes = qm9.padded(data, index, self.target)
        return Split(torch.from_numpy(x), torch.from_numpy(y * HARTREE_IN_MEV).float(), sizes.astype(np.int64))


def _drawn(index: np.ndarray[Any, np.dtype[np.int64]], n: int, seed: int, name: str) -> Any:
    """``n`` of the molecules of an official part, drawn by ``seed``, in the order of the file."""
    generator = np.random.default_rng(seed_for(seed, f"qm9/{name}"))
    return np.sort(generator.permutation(index)[:n])


def _backbone(options: QM9Options) -> nn.Module:
    net = LieConvNet(options.width, options.blocks, cast(Invariance, options.backbone))
    bfloat16 = options.precision == "bfloat16"
    return Accelerated(net, bfloat16=bfloat16, compiled=options.compile) if bfloat16 or options.compile else net


#: Table 4 of the SEMoLA paper, LieConv-Trivial, meV; 100,000 training molecules, ours are fewer and without fluorine.
PUBLISHED = {
    "homo": {"plain": 52.7, "true+augment": 36.5, "augerino": 38.3, "liegan+augment": 43.5, "semola": 37.09},
    "lumo": {"plain": 43.5, "true+augment": 29.8, "augerino": 33.7, "liegan+augment": 36.4, "semola": 30.67},
}

TASKS = (
    OrbitalEnergy("homo", "highest occupied molecular orbital", PUBLISHED["homo"]),
    OrbitalEnergy("lumo", "lowest unoccupied molecular orbital", PUBLISHED["lumo"]),
)
