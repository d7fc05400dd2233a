"""Recognises well-known algebras among named generators: so(n), so(1, n), se(n)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from bench.own.catalogue import Named

Columns = tuple[int, ...]  # the same component in every block of a motion


def families(found: Sequence[Named], names: Sequence[str]) -> list[str]:
    """One sentence per algebra that named rotations, boosts and shifts form together."""
    rotations = _edges(found, "rotation")
    boosts = _edges(found, "boost")
    shifts = {tuple(a for a, _ in n.places) for n in found if n.kind == "translation"}
    sentences = []
    for members in _cliques(rotations):
        n, where = len(members), ", ".join("+".join(names[c] for c in m) for m in members)
        times = [t for t in _ends(boosts) if all(frozenset((t, m)) in boosts for m in members)]
        if times:
            time = "+".join(names[c] for c in times[0])
            sentences.append(f"so(1, {n}): all rotations of ({where}) and their boosts with {time} (Lorentz).")
        elif all(m in shifts for m in members):
            sentences.append(f"se({n}): all rotations and shifts of ({where}).")
        elif n > 2:
            sentences.append(f"so({n}): all rotations of ({where}).")
    return sentences


def _edges(found: Sequence[Named], kind: str) -> set[frozenset[Columns]]:
    edges = set()
    for named in (n for n in found if n.kind == kind):
        ends = tuple(a for a, _ in named.places), tuple(b for _, b in named.places)
        edges.add(frozenset(ends))
    return edges


def _ends(edges: set[frozenset[Columns]]) -> list[Columns]:
    return sorted({end for edge in edges for end in edge})


def _cliques(edges: set[frozenset[Columns]]) -> list[list[Columns]]:
    """Connected sets of columns in which every pair turns."""
    neighbours: defaultdict[Columns, set[Columns]] = defaultdict(set)
    for a, b in (sorted(edge) for edge in edges):
        neighbours[a].add(b)
        neighbours[b].add(a)
    left, cliques = set(neighbours), []
    while left:
        members = {min(left)}
        while grown := set().union(*(neighbours[m] for m in members)) - members:
            members |= grown
        left -= members
        if all(frozenset(pair) in edges for pair in combinations(members, 2)):
            cliques.append(sorted(members))
    return sorted(cliques)
