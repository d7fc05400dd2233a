"""The content of a figure of curves as plain numbers, which a digest can be made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spot:
    """A point of a curve, and the points of its seeds."""

    place: int  # along the line; a line is drawn between neighbours alone, so that what was not run is a gap
    name: str  # written beside it, where the x axis does not say it
    x: float
    y: float
    seeds: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Curve:
    """A line through its spots, in order."""

    label: str
    style: int  # its colour and marker
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class Panel:
    """The curves on one pair of axes."""

    x: str
    y: str
    curves: tuple[Curve, ...]
    ticks: tuple[str, ...] = ()  # names of the places 0, 1, ... on the x axis; empty where x is a score
    falls: tuple[bool, bool] = (False, False)  # whether lower is better on x and y: errors, which may span decades
    share: bool = False  # whether y lies in [0, 1]
