"""Names a span of generators: which motions of the catalogue lie in it, which columns do not matter, what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.own.candidates import Candidate, block_pairs, differences, motions, single_pairs, translations
from bench.own.data import Block
from bench.own.framing import Frame
from bench.own.spans import Field, orthonormal, share_within

#: A candidate lies in the span when at most this share of it, squared, lies outside.
OUTSIDE = 0.02
#: A direction does not matter when at most this share of each of its multiples, squared, lies outside.
MULTIPLES_OUTSIDE = 0.1
#: It is new when at least this share of it, squared, lies outside of what is named already.
NEW = 0.1
#: Entries below this share of the largest are left out of a formula.
SMALL = 0.05


@dataclass(frozen=True, eq=False)
class Named:
    """A generator of the found span with its name."""

    kind: str  # rotation, boost, scaling, shear, exchange, translation, ellipse, squeeze, other
    text: str
    generator: Tensor  # (d+1, d+1), physical and homogeneous
    coordinates: Tensor  # (v,) in the field
    outside: float  # squared share of the clean motion that lies outside of the found span
    places: tuple[tuple[int, int], ...] = ()
    ignored: bool = False  # a shift by any amount that may depend on the other columns: the direction does not matter


#: Generators in the order in which they are looked for, each with the coordinates of what else it stands for.
Found = Iterator[tuple[Named, Tensor]]


@dataclass(eq=False)
class Spanned:
    """The span of what is named already."""

    rows: Tensor  # (r, v), orthonormal

    def add(self, *more: Tensor) -> None:
        """Widen the span by rows ``(k, v)``."""
        self.rows = orthonormal(torch.cat([self.rows, *more]))


class Catalogue:
    """Names spans over the columns of one table."""

    def __init__(self, names: Sequence[str], blocks: Sequence[Block], frame: Frame, field: Field) -> None:
        self.names, self.blocks, self.frame, self.field = names, blocks, frame, field
        self.d = len(names)
        #: Translations of one unit of z each, as coordinates: what every candidate may be completed with.
        shifts = torch.zeros(self.d, self.d + 1, self.d + 1, dtype=torch.float64)
        shifts[torch.arange(self.d), torch.arange(self.d), self.d] = 1.0
        self.shifts = field.encode(shifts)

    def name(self, span: Tensor) -> list[Named]:
        """Names of the orthonormal ``span (k, v)``: a basis, but for the multiples of directions that do not matter."""
        found: list[Named] = []
        known = Spanned(span.new_zeros(0, span.shape[1]))
        for part in (self._translations, self._motions, self._pairs, self._rest):
            for named, covered in part(span, known):
                if len(known.rows) == len(span):
                    return found
                if float(share_within(named.coordinates[None], known.rows)[0]) <= 1.0 - NEW:
                    found.append(named)
                    known.add(covered, named.coordinates[None])
        return found

    def _translations(self, span: Tensor, known: Spanned) -> Found:
        for family in (translations, differences):
            for candidate in family(self.names, self.blocks):
                assert candidate.shift is not None
                generator = torch.zeros(self.d + 1, self.d + 1, dtype=torch.float64)
                generator[:-1, -1] = candidate.shift
                named = self._matched(span, candidate, generator, free=False)
                if named is not None:
                    yield self._with_multiples(named, span)
        # Shifts along a direction that is not in the catalogue, as of a weighted sum.
        shifts = orthonormal(self.shifts)
        left, values, _ = torch.linalg.svd(shifts @ span.mT, full_matrices=False)
        inside = left[:, values.square() > 1.0 - OUTSIDE].mT @ shifts
        for u in _eliminated(_without(inside, known.rows), self.field):
            generator = self.frame.generators_to_physical(self.field.decode(u[None]))[0]
            text = f"shift along {formula(generator, self.names)}"
            outside = 1.0 - float(share_within(u[None], span)[0])
            yield self._with_multiples(Named("translation", text, generator, u, outside), span)

    def _with_multiples(self, named: Named, span: Tensor) -> tuple[Named, Tensor]:
        """A shift, and the motions it stands for where its direction does not matter."""
        multiples = self._multiples(named.generator)
        ignored = bool((share_within(multiples, span) > 1.0 - MULTIPLES_OUTSIDE).all())
        covered = multiples @ span.mT @ span if ignored else multiples[:0]
        return _ignoring(named) if ignored else named, covered

    def _multiples(self, shift: Tensor) -> Tensor:
        """The coordinates of shift times each column: motions along a direction that does not matter."""
        inside = self.frame.generators_to_training(shift[None])[0]
        linear = torch.zeros(self.d, self.d + 1, self.d + 1, dtype=torch.float64)
        for column in range(self.d):
            linear[column, :-1, column] = inside[:-1, -1]
        coordinates = self.field.encode(linear)
        return coordinates[coordinates.norm(dim=1) > 0.0]

    def _motions(self, span: Tensor, known: Spanned) -> Found:
        for candidate in motions(self.names, self.blocks):
            generator = torch.zeros(self.d + 1, self.d + 1, dtype=torch.float64)
            generator[:-1, :-1] = candidate.linear
            named = self._matched(span, candidate, generator, free=True)
            if named is not None:
                yield named, span[:0]

    def _matched(self, span: Tensor, candidate: Candidate, generator: Tensor, free: bool) -> Named | None:
        """The candidate with the translation that brings it closest to the span; None when it stays outside."""
        training = self.frame.generators_to_training(generator[None])
        if bool((training[0][~self.field.space.mask].abs() > 1e-9 * training.abs().max()).any()):
            return None  # outside of the search space
        u = self.field.encode(training)[0]
        if free:
            u = self._completed(u, span)
        size = float(u.square().sum())
        outside = 1.0 - float(share_within(u[None], span)[0])
        if size <= 0.0 or outside > OUTSIDE:
            return None
        clean = self.frame.generators_to_physical(self.field.decode(u[None]))[0]
        return Named(candidate.kind, candidate.text, clean, u, outside, candidate.places)

    def _completed(self, u: Tensor, span: Tensor) -> Tensor:
        """``u`` with translations added so that least of it is outside of the span."""
        outside = _outside(self.shifts, span)  # (d, v)
        inverse = torch.linalg.pinv(outside.mT, atol=0.1 * float(self.shifts.norm(dim=1).max()), rtol=0.0)
        completed: Tensor = u - inverse @ _outside(u[None], span)[0] @ self.shifts
        return completed

    def _pairs(self, span: Tensor, known: Spanned) -> Found:
        """Motions of two columns, or of two blocks component by component, whatever their ratio."""
        for group in (block_pairs(self.blocks), single_pairs(self.names)):
            for words, places in group:
                rest = _without(span, known.rows)
                if len(rest):
                    yield from self._of_pair(words, places, span, rest)

    def _of_pair(self, words: str, places: tuple[tuple[int, int], ...], span: Tensor, rest: Tensor) -> Found:
        """The motions of one pair that lie in the span, and not in what is named already."""
        generators = torch.zeros(4, self.d + 1, self.d + 1, dtype=torch.float64)
        for i, j in places:
            for number, (a, b) in enumerate(((i, i), (i, j), (j, i), (j, j))):
                generators[number, a, b] = 1.0
        shifts = self.shifts[[column for place in places for column in place]]
        inside = orthonormal(torch.cat([self.field.encode(self.frame.generators_to_training(generators)), shifts]))
        left, values, _ = torch.linalg.svd(inside @ span.mT, full_matrices=False)
        for number in range(int((values.square() > 1.0 - OUTSIDE).sum())):
            u = left[:, number] @ inside
            if float(share_within(u[None], rest)[0]) < NEW:
                continue
            generator = self.frame.generators_to_physical(self.field.decode(u[None]))[0]
            i, j = places[0]
            kind, text = _pair_words(words, generator[[i, i, j, j], [i, j, i, j]].reshape(2, 2), len(places) > 1)
            yield Named(kind, text, generator, u, 1.0 - float(values[number] ** 2), places), span[:0]

    def _rest(self, span: Tensor, known: Spanned) -> Found:
        """What has no name: a sparse basis by elimination, each with its formula."""
        for u in _eliminated(_without(span, known.rows), self.field):
            generator = self.frame.generators_to_physical(self.field.decode(u[None]))[0]
            yield (
                Named("other", f"motion without a name: {formula(generator, self.names)}", generator, u, 0.0),
                span[:0],
            )


def formula(generator: Tensor, names: Sequence[str]) -> str:
    """The motion as equations: ``dx = -y, dy = x``, the largest coefficient 1."""
    entries = generator / generator.abs().max()
    words = []
    for row, name in zip(entries[:-1].tolist(), names, strict=True):
        terms = [(value, f" {other}") for value, other in zip(row[:-1], names, strict=True)] + [(row[-1], "")]
        kept = [f"{value:+.2g}{other}" for value, other in terms if abs(value) >= SMALL]
        if kept:
            words.append(f"d{name} = {' '.join(kept).removeprefix('+')}")
    return ", ".join(words) or "nothing"


def _pair_words(words: str, matrix: Tensor, blocks: bool) -> tuple[str, str]:
    """The kind of a 2 x 2 motion, from its trace and determinant, and its name."""
    matrix = matrix / matrix.abs().max().clamp_min(1e-300)
    trace, determinant = float(matrix.trace()), float(torch.linalg.det(matrix))
    lowest = min(abs(float(matrix[0, 1])), abs(float(matrix[1, 0])))
    if abs(trace) > 0.2 * float(matrix.norm()):
        rows = "; ".join(" ".join(f"{value:.2g}" for value in row) for row in matrix.tolist())
        return "other", f"linear motion of {words} by the matrix ({rows})"
    if determinant > 0.0:
        if blocks:
            return "exchange", f"turn of {words} into each other (a flow of time, if one is the other's rate of change)"
        ratio = (abs(float(matrix[1, 0])) / max(abs(float(matrix[0, 1])), 1e-300)) ** 0.5
        return "ellipse", f"rotation of {words} on ellipses with axes 1 : {ratio:.3g}"
    if lowest < SMALL:
        return "shear", f"shear of {words}"
    return "squeeze", f"squeeze of {words} on hyperbolas"


def _ignoring(named: Named) -> Named:
    text = f"{named.text}, by any amount: this direction does not matter"
    return Named(named.kind, text, named.generator, named.coordinates, named.outside, named.places, True)


def _outside(rows: Tensor, span: Tensor) -> Tensor:
    return rows - rows @ span.mT @ span


def _without(span: Tensor, known: Tensor) -> Tensor:
    """An orthonormal basis of what ``known`` leaves of ``span``; noise in its directions is not taken for known."""
    if len(known) == 0:
        return span
    _, cosines, directions = torch.linalg.svd(known @ span.mT, full_matrices=True)
    left: Tensor = directions[int((cosines**2 > 0.5).sum()) :] @ span
    return left


def _eliminated(rows: Tensor, field: Field) -> Tensor:
    """Rows with the same span, in which each has one coordinate entry that the others lack: simpler to read."""
    if len(rows) == 0:
        return rows
    entries = field.decode(rows).flatten(1)
    basis = torch.cat([rows, entries], 1)
    pivots: set[int] = set()
    for r in range(len(basis)):
        sizes = basis[r, rows.shape[1] :].abs().clone()
        sizes[list(pivots)] = 0.0
        p = int(sizes.argmax())
        pivots.add(p)
        column = rows.shape[1] + p
        basis[r] = basis[r] / basis[r, column]
        for other in range(len(basis)):
            if other != r:
                basis[other] = basis[other] - basis[other, column] * basis[r]
    return basis[:, : rows.shape[1]]
