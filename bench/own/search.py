"""The search under one assumption about the output: LieGG on resamples, checks on held-out rows, second opinions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from bench.api import Budget, Problem, SymmetryEstimate
from bench.api.coefficients import CoefficientSampler
from bench.api.motion import motion, motion_sampler
from bench.api.task import TaskData
from bench.lie.algebra import bracket
from bench.lie.nullspace import commutator_terms
from bench.lie.spectrum import commutator_grams
from bench.metrics.judge import PASSES, SHARE, Judge
from bench.metrics.strength import DECLARED_ABOVE, USED_ABOVE, support
from bench.own.catalogue import Catalogue
from bench.own.families import families
from bench.own.findings import FOUND_TOO, Answer, Finding, Gain, Opinion
from bench.own.problem import BATCH, RATE, Prepared
from bench.own.spans import Field, agreed, orthonormal, share_within
from bench.own.words import LEAST_RUNS
from bench.own.work import Fit, T, Watch, Work

RUNS = 3
#: Passes per row, and their limits: few rows are not learned by heart, many are seen often enough.
PASSES_PER_ROW, LEAST_PASSES, MOST_PASSES = 100, 100_000, 1_000_000
#: Seconds for which these passes are meant; a shorter limit takes fewer.
MEANT_S = 120.0
#: Steps of LieGAN, and the most generators that a second opinion is told.
STEPS, MOST_TOLD = 3_000, 8
#: Inputs on which spans are compared, and on which the held-out defect is measured.
FIELD_INPUTS, DEFECT_INPUTS = 2048, 512
#: Half-width of the motions of the check for generators that are not compact, relative to the inputs' size.
CHECKED_MOTION = 0.5
#: Shares of the limit until which each kind of stage may run.
UNTIL = {"discover": 0.6, "check": 0.75, "placebo": 0.8, "opinion": 0.92, "gain": 1.0}
#: Rows from which on the gain is also measured with a tenth of them.
TENTH_ROWS = 1_000
#: Shares of the spectrum that are kept for the report.
SHOWN = 12


@dataclass
class Search:
    """One search; :meth:`run` fills :attr:`answer` stage by stage, so that a stopped search has what is done."""

    prepared: Prepared
    work: Work

    def __post_init__(self) -> None:
        self.answer = Answer(self.prepared.output)
        self.field = Field.on(self.prepared.x[:FIELD_INPUTS], self.prepared.space)
        self.size = self.field.root.shape[1]
        self.answer.visible = self.size
        self.spans: list[Tensor] = []
        self.span = torch.zeros(0, self.size, dtype=torch.float64)
        self.judge: Judge | None = None
        share = min(1.0, self.work.limit_s / MEANT_S)
        rows = len(self.prepared.parts["discover"])
        self.passes = round(share * min(max(PASSES_PER_ROW * rows, LEAST_PASSES), MOST_PASSES))

    def discover(self) -> Answer:
        """LieGG on resamples of the rows, and the names of what they agree on."""
        for run in range(RUNS):
            problem = self.prepared.problem(run)
            fit = self._stage(f"network {run + 1} of {RUNS}", "discover", partial(self._liegg, run, problem, 1.0))
            if fit is None:
                break
            self._keep(fit)
        span = agreed(self.spans, self.size)
        if len(self.spans) < LEAST_RUNS:
            span = span[:0]  # one run alone declares nothing
        self._name(span)
        return self.answer

    def check(self) -> Answer:
        """All that follows the discovery."""
        self._stage("check on held-out rows", "check", self._check)
        if not self.answer.findings:
            self._stage("a quarter of the rows", "check", self._quarter)
        self._stage("placebo", "placebo", self._placebo)
        for name in ("semola", "liegan"):
            self._stage(f"second opinion: {name}", "opinion", partial(self._opinion, name))
        if self.answer.kept:
            enough = len(self.prepared.parts["discover"]) >= TENTH_ROWS
            for share in (1.0, 0.1) if enough else (1.0,):
                self._stage(f"gain, {share:.0%} of the rows", "gain", partial(self._gain, share))
        return self.answer

    def _stage(self, title: str, kind: str, do: Callable[[Watch], T]) -> T | None:
        assumed = "" if self.prepared.output == "invariant" else f"output as {self.prepared.output}: "
        return self.work.stage(assumed + title, do, UNTIL[kind])

    def _liegg(self, run: int, problem: Problem, share: float, watch: Watch) -> Fit:
        values = {"passes": max(round(share * self.passes), BATCH)}
        return self.work.fit("liegg", problem, run, values, watch)

    def _keep(self, fit: Fit) -> None:
        estimate = fit.fitted.symmetry()
        assert estimate is not None
        self.spans.append(orthonormal(self.field.encode(estimate.generators.cpu())))
        self.answer.declared.append(len(self.spans[-1]))
        self.answer.explained.append(fit.first("spectrum/explained"))
        self.answer.shares.append(fit.all("spectrum/share")[:SHOWN])

    def _name(self, span: Tensor) -> None:
        data, answer = self.prepared.data, self.answer
        named = Catalogue(data.inputs, data.blocks, self.prepared.frame, self.field).name(span)
        answer.dimension = len(span)
        answer.multiples = len(span) - len(named)
        answer.families = families(named, data.inputs)
        answer.findings = [
            Finding(
                n, sum(float(share_within(n.coordinates[None], s)[0]) > FOUND_TOO for s in self.spans), len(self.spans)
            )
            for n in named
        ]
        answer.closure = self._closure(span)
        self.span = span

    def _closure(self, span: Tensor) -> float | None:
        """The largest share, squared root, of a bracket of two directions that leaves the span."""
        if len(span) < 2:
            return None
        matrices = self.field.decode(span)
        brackets = bracket(matrices[:, None], matrices[None]).flatten(0, 1)
        coordinates = self.field.encode(brackets)
        outside = (coordinates - coordinates @ span.mT @ span).norm(dim=1)
        return float(outside.max() / coordinates.norm(dim=1).max().clamp_min(1e-12))

    def _check(self, watch: Watch) -> None:
        data = self.prepared.witnesses()
        budget = _budget(len(data.train), round(min(self.passes, PASSES) / SHARE))
        judge = self.judge = Judge(data, self.prepared.space.name, budget)
        self.answer.witness = judge.witness
        defects = self._defects(judge, data) if self.answer.findings else []
        for index, finding in enumerate(self.answer.findings):
            watch(index / len(self.answer.findings))
            one = self.prepared.frame.generators_to_training(finding.named.generator[None])
            held = support(judge, data, self._motions(one), self.prepared.space)
            self.answer.findings[index] = replace(
                finding,
                defect=defects[index],
                strength=float(held.strength[0]) if judge.witness else None,
                reach=float(held.reach[0]),
            )

    def _motions(self, generators: Tensor) -> CoefficientSampler:
        """A whole period of compact generators; of the others a motion within the data."""
        problem = self.prepared.problem(0)
        sampler = motion_sampler(problem, generators.float())
        lengths = torch.tensor([CHECKED_MOTION / motion(problem, a, problem.train.x.double()) for a in generators])
        return replace(sampler, scale=torch.minimum(sampler.scale, torch.maximum(lengths, self._periods(sampler))))

    def _periods(self, sampler: CoefficientSampler) -> Tensor:
        """The sampler's half-widths where they are half periods, else 0."""
        rates = torch.linalg.eigvals(sampler.generators).imag.abs().amax(1)
        half = torch.pi / rates.clamp_min(1e-12)
        return torch.where((half - sampler.scale).abs() < 1e-3 * half, sampler.scale, torch.zeros(()))

    def _defects(self, judge: Judge, data: TaskData) -> list[float]:
        """The relative defect of each finding under the witness, on rows that it was not trained on."""
        x = data.val.x[:DEFECT_INPUTS].double()
        network = judge.network.double().requires_grad_(False)
        basis = self.field.decode(torch.eye(self.size, dtype=torch.float64))
        actions = data.action_in, data.action_out
        parts = x.split(64)  # type: ignore[no-untyped-call]
        terms = (commutator_terms(lambda z: data.link(network(z)), part, basis, actions) for part in parts)
        grams = commutator_grams(terms, basis)
        judge.network.float()
        rows = torch.stack([f.named.coordinates for f in self.answer.findings])
        rows = rows / rows.norm(dim=1, keepdim=True)
        return [float(share) for share in grams.shares(rows, self.prepared.moves).sqrt()]

    def _quarter(self, watch: Watch) -> None:
        fit = self._liegg(0, self.prepared.problem(0, share=0.25), 0.5, watch)
        self.answer.quarter = fit.first("spectrum/explained")

    def _placebo(self, watch: Watch) -> None:
        fit = self._liegg(0, self.prepared.problem(0, shuffled=0), 0.25, watch)
        estimate = fit.fitted.symmetry()
        assert estimate is not None
        self.answer.placebo = len(estimate.generators)
        self.answer.placebo_explained = fit.first("spectrum/explained")

    def _opinion(self, name: str, watch: Watch) -> None:
        told = min(max(len(self.answer.findings), 1), MOST_TOLD)
        values: dict[str, Any] = {"n_generators": told}
        values |= {"steps": STEPS} if name == "liegan" else {"passes": self.passes}
        estimate = self.work.fit(name, self.prepared.problem(0), 0, values, watch).fitted.symmetry()
        assert estimate is not None
        theirs = orthonormal(self.field.encode(estimate.generators.detach().cpu()))
        within = float(share_within(theirs, self.span).mean()) if len(theirs) else 0.0
        self.answer.opinions.append(Opinion(name, told, within, self._supported(estimate)))
        if told < self.answer.dimension:
            return  # told fewer than there are, so each of ours may lie outside of its span
        for index, finding in enumerate(self.answer.findings):
            too = float(share_within(finding.named.coordinates[None], theirs)[0]) > FOUND_TOO
            self.answer.findings[index] = replace(finding, methods={**finding.methods, name: too})

    def _supported(self, estimate: SymmetryEstimate) -> int | None:
        """How many generators of another method pass the calibrated rule on held-out rows; None without a witness."""
        if self.judge is None or not self.judge.witness:
            return None
        generators = estimate.generators.detach().cpu()
        held = support(self.judge, self.prepared.witnesses(), self._motions(generators), self.prepared.space)
        return int(((held.strength >= DECLARED_ABOVE) & (held.reach >= USED_ABOVE)).sum())

    def _gain(self, share: float, watch: Watch) -> None:
        problem = self.prepared.problem(0, share=share)
        generators = self.prepared.frame.generators_to_training(self.answer.generators()).float()
        given = SymmetryEstimate(generators, motion_sampler(problem, generators))
        told = replace(problem, given=given)
        checked = self.prepared.split(self.prepared.parts["check"])
        classes = bool(self.prepared.data.classes)
        errors = []
        for name, one in (("plain", problem), ("augment", told)):
            values = {"passes": max(round(min(1.0, 2.0 * share) * self.passes), 4 * BATCH)}
            predicted = self.work.fit(name, one, 0, values, watch).fitted.predict(checked.x)
            errors.append(_error(predicted, checked.y, classes))
        unit = "share of wrong classes" if classes else "root mean square error, in standard deviations of the target"
        self.answer.gains.append(Gain(len(problem.train), errors[0], errors[1], unit))


def _error(predicted: Tensor, target: Tensor, classes: bool) -> float:
    if classes:
        return float((predicted.argmax(1) != target).double().mean())
    return float((predicted - target).double().square().mean().sqrt())


def _budget(rows: int, passes: int) -> Budget:
    return Budget(
        train=rows, val=rows, test=rows, passes=passes, batch_size=min(BATCH, max(rows // 4, 1)), lr=RATE,
        equivariance_inputs=1, equivariance_elements=1,
    )  # fmt: skip
