"""The report of a search as blocks of a page."""

from __future__ import annotations

import numpy as np
import torch

from bench.api import Array
from bench.lie.exponential import expm
from bench.own.catalogue import formula
from bench.own.drawings import heat_map, orbits
from bench.own.findings import Answer, Finding
from bench.own.outcome import Outcome
from bench.own.page import Code, Figures, Heading, Items, PageBlock, Table, Text
from bench.own.words import MOVES, caveats, headline, hidden, verdict

TITLE = "Which symmetry do these data have?"
#: Most generators that are drawn, examples per drawing, and points per path.
DRAWN, EXAMPLES, STEPS = 12, 8, 41


def report(result: Outcome) -> list[PageBlock]:
    """The page: the answer first, then its evidence, then what is missing."""
    data, best = result.data, result.best
    blocks: list[PageBlock] = [Heading(1, TITLE), Text(headline(best), strong=True)]
    if result.missing:
        blocks += [Text("This report is partial. Missing:"), Items(result.missing)]
    for answer in result.answers:
        if len(result.answers) > 1:
            blocks.append(Heading(2, f"If {MOVES[answer.output]}"))
        blocks += _answer(result, answer)
    shape = f"{len(data):,} rows, {data.x.shape[1]} time steps" if data.x.shape[1] > 1 else f"{len(data):,} rows"
    blocks += [
        Heading(2, "The data"),
        Text(f"{shape}, {len(data.inputs)} input columns; {result.seconds:.0f} s of work."),
        *([Items(data.notes)] if data.notes else []),
        _units(result),
        Heading(2, "How it was found"),
        Text(
            "LieGG reads the symmetries off the derivatives of a network trained on data as they are; three networks, "
            "each on another draw from 60 % of the rows. A direction counts when most of them declare it. It is then "
            "checked on rows that no network before has seen: 25 % train a witness, 15 % are moved."
        ),
    ]
    if result.best.kept:
        blocks += [Heading(2, "Take it home"), Code(result.snippet())]
    return blocks


def _answer(result: Outcome, answer: Answer) -> list[PageBlock]:
    data = result.data
    blocks: list[PageBlock] = []
    if answer.findings:
        extra = (
            f", of which {answer.multiples} are multiples of directions that do not matter" if answer.multiples else ""
        )
        size = f"The found span has dimension {answer.dimension} of {answer.visible}{extra}."
        motions = [[f.named.text, formula(f.named.generator, data.inputs)] for f in answer.findings]
        blocks += [Heading(3, "Verdicts"), Items([verdict(f) for f in answer.findings]), *_families(answer), Text(size)]
        blocks += [Heading(3, "Generators"), Table(["name", "motion"], motions)]
        moved = [d for f in answer.findings[:DRAWN] if (d := _orbit(f, data.x, data.inputs)) is not None]
        blocks.append(Figures("What each column changes by", [_heat(f, data.inputs) for f in answer.findings[:DRAWN]]))
        blocks += [Figures("Moved examples", moved)] if moved else []
    elif answer.shares:
        blocks += [Text(headline(answer)), Heading(3, "What could hide one"), Items(hidden(answer, len(data)))]
    return [*blocks, *_evidence(answer), Heading(3, "Caveats"), Items(caveats(answer))]


def _families(answer: Answer) -> list[PageBlock]:
    return [Text("Together:"), Items(answer.families)] if answer.families else []


def _evidence(answer: Answer) -> list[PageBlock]:
    rows = [
        [str(i + 1), f"{r2:.4f}", str(number), " ".join(f"{s:.3g}" for s in shares[:8])]
        for i, (r2, number, shares) in enumerate(zip(answer.explained, answer.declared, answer.shares, strict=True))
    ]
    blocks: list[PageBlock] = [
        Heading(3, "Evidence"),
        Table(["network", "R²", "directions declared", "lowest shares (declared up to 0.01)"], rows),
    ]
    items = []
    if answer.placebo is not None:
        items.append(
            f"Placebo, the targets permuted among the rows: {answer.placebo} directions declared "
            f"(R² {answer.placebo_explained or 0.0:.2f})."
        )
    for opinion in answer.opinions:
        within = f", {opinion.within:.0%} of its span lies in ours" if answer.dimension else ""
        held = "" if opinion.supported is None else f"; held-out rows support {opinion.supported} of its generators"
        items.append(f"Second opinion: {opinion.method}, told to look for {opinion.told}{within}{held}.")
    for gain in answer.gains:
        items.append(
            f"Gain of using it, {gain.rows:,} training rows: {gain.unit} {gain.plain:.4f} plainly, {gain.moved:.4f} "
            f"with moved examples at equal passes ({abs(gain.better):.0%} {'less' if gain.better >= 0.0 else 'more'})."
        )
    return [*blocks, Items(items)] if items else blocks


def _heat(finding: Finding, names: tuple[str, ...]) -> tuple[str, str]:
    return finding.named.text, heat_map(finding.named.generator.numpy(), names)


def _orbit(finding: Finding, x: Array, names: tuple[str, ...]) -> tuple[str, str] | None:
    """Examples moved back and forth, in the plane of the two columns that change most."""
    generator = finding.named.generator
    velocity = _homogeneous(x[:256, -1]) @ generator.T
    order = velocity.square().mean(0)[:-1].sqrt() / torch.from_numpy(x[:, -1].std(axis=0)).clamp_min(1e-300)
    if len(names) < 2:
        return None
    i, j = sorted(int(v) for v in order.topk(2).indices)
    reach = float(order.max())
    rate = float(torch.linalg.eigvals(generator).imag.abs().max())
    compact = rate > 1e-6 * float(generator.abs().max())
    half = min(np.pi / rate, 3.0 / max(reach, 1e-300)) if compact else 1.0 / max(reach, 1e-300)
    steps = expm(torch.linspace(-half, half, STEPS, dtype=torch.float64)[:, None, None] * generator)
    paths = torch.einsum("sij,nj->nsi", steps, _homogeneous(x[:EXAMPLES, -1]))[..., [i, j]]
    return f"{finding.named.text}: {EXAMPLES} examples", orbits(paths.numpy(), (names[i], names[j]))


def _homogeneous(x: Array) -> torch.Tensor:
    return torch.nn.functional.pad(torch.from_numpy(x), (0, 1), value=1.0)


def _units(result: Outcome) -> Table:
    frame = result.searches[0].prepared.frame
    centre, scale = frame.centre.tolist(), frame.scale.tolist()
    rows = [
        [b.name, ", ".join(result.data.inputs[c] for c in b.columns), f"{scale[b.columns[0]]:.4g}",
         ", ".join(f"{centre[c]:.4g}" for c in b.columns)]
        for b in result.data.blocks
    ]  # fmt: skip
    return Table(["block", "columns", "scale", "centre"], rows)
