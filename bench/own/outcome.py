"""What a search ended with: answers, and the symmetry to take home."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from bench.api.motion import motion_sampler
from bench.own.data import OwnData
from bench.own.findings import Answer
from bench.own.search import Search
from bench.own.symmetry import Symmetry


@dataclass(frozen=True, eq=False)
class Outcome:
    """The data, one search per assumption about the output, and what is missing."""

    data: OwnData
    searches: tuple[Search, ...]
    seconds: float
    missing: tuple[str, ...] = ()  # stages that did not end
    stopped: bool = False

    @property
    def answers(self) -> tuple[Answer, ...]:
        """One per assumption about the output, the best first."""
        return tuple(s.answer for s in self._ranked)

    @property
    def best(self) -> Answer:
        """The answer with the most generators that held-out rows support."""
        return self._ranked[0].answer

    @property
    def symmetry(self) -> Symmetry:
        """The best answer's generators, in the user's units."""
        search = self._ranked[0]
        generators = search.answer.generators()
        names = tuple(f.named.text for f in search.answer.kept)
        prepared, d = search.prepared, len(self.data.inputs) + 1
        widths = torch.zeros(0)
        if len(generators):
            training = prepared.frame.generators_to_training(generators).float()
            widths = motion_sampler(prepared.problem(0), training).scale
        return Symmetry(
            generators.reshape(-1, d, d).numpy(), widths.double().numpy(), prepared.output, self.data.inputs,
            self.data.kept, self.data.blocks, prepared.frame.scale.numpy(), names,
        )  # fmt: skip

    @property
    def _ranked(self) -> list[Search]:
        def rank(search: Search) -> tuple[int, int]:
            kept = search.answer.kept
            return -sum(f.verdict == "supported" for f in kept), -len(kept)

        return sorted(self.searches, key=rank)

    def snippet(self, place: str = "symmetry.npz") -> str:
        """Ten lines that augment a PyTorch batch."""
        return "\n".join(
            [
                "import bench",
                f"symmetry = bench.load_symmetry({place!r})",
                "for step, (x, y) in enumerate(loader):  # batches in your own units, all columns",
                "    gx, gy = symmetry.transform(x, y, seed=step)",
                "    loss = loss_fn(model(x), y) + loss_fn(model(gx), gy)",
                "    optimiser.zero_grad()",
                "    loss.backward()",
                "    optimiser.step()",
            ]
        )
