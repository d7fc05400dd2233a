"""What was found: generators with their evidence, second opinions, the gain of using them; all plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from bench.metrics.strength import DECLARED_ABOVE, USED_ABOVE
from bench.own.catalogue import Named

#: Largest defect under a network that was trained on other rows. It is twice that of a symmetry, because this network
#: sees fewer rows, and its own error in the derivative counts.
HELD_OUT_DEFECT = 0.2
#: Share of a generator, squared, that lies in the span of a second method which is said to find it too.
FOUND_TOO = 0.9


@dataclass(frozen=True, eq=False)
class Finding:
    """One named generator and the evidence for it."""

    named: Named
    resamples: int  # runs whose declared span holds it
    runs: int
    defect: float | None = None  # under the witness, on held-out rows; None: not checked
    strength: float | None = None  # of held-out rows moved by it; 1 as good as unmoved, 0 as bad as randomly moved
    reach: float | None = None  # how far it moved them, relative to their size
    methods: dict[str, bool] = field(default_factory=dict)  # second opinions

    @property
    def verdict(self) -> str:
        """supported, likely (the held-out rows cannot tell, or only one of two checks agrees), or contradicted."""
        if self.defect is None or self.strength is None or self.reach is None:
            return "likely"
        good = self.defect <= HELD_OUT_DEFECT, self.strength >= DECLARED_ABOVE or self.reach < USED_ABOVE
        return "supported" if all(good) else "likely" if any(good) else "contradicted"

    @property
    def kept(self) -> bool:
        """Whether the generator is part of the answer."""
        return self.verdict != "contradicted"


@dataclass(frozen=True)
class Opinion:
    """What a second method found when it was told the number of generators."""

    method: str
    told: int
    within: float  # mean share, squared, of its generators that lies in the agreed span
    supported: int | None = None  # of its generators, those whose motions the held-out rows support


@dataclass(frozen=True)
class Gain:
    """Held-out error of a network trained plainly and on moved examples, at equal passes."""

    rows: int
    plain: float
    moved: float
    unit: str

    @property
    def better(self) -> float:
        """The share of the plain error that is saved; negative where moving does harm."""
        return 1.0 - self.moved / self.plain if self.plain > 0.0 else 0.0


@dataclass
class Answer:
    """The answer under one assumption about how the output moves."""

    output: str
    explained: list[float] = field(default_factory=list)  # R² on validation rows, per run
    shares: list[list[float]] = field(default_factory=list)  # the lowest shares of the spectrum, per run
    declared: list[int] = field(default_factory=list)  # directions declared per run
    dimension: int = 0  # of the agreed span
    visible: int = 0  # of the search space
    findings: list[Finding] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    multiples: int = 0  # of shifts that do not matter, in addition to the findings
    closure: float | None = None  # how far brackets leave the span; 0 for an algebra
    witness: bool | None = None  # whether the network of the checks predicts well enough to tell
    opinions: list[Opinion] = field(default_factory=list)
    gains: list[Gain] = field(default_factory=list)
    placebo: int | None = None  # directions declared on permuted targets
    placebo_explained: float | None = None
    quarter: float | None = None  # R² with a quarter of the rows, where nothing is declared

    @property
    def kept(self) -> list[Finding]:
        """The findings that are part of the answer."""
        return [f for f in self.findings if f.kept]

    def generators(self) -> Tensor:
        """``(k, d+1, d+1)`` of the answer, physical and homogeneous."""
        kept = [f.named.generator for f in self.kept]
        return torch.stack(kept) if kept else torch.zeros(0, 0, 0, dtype=torch.float64)
