"""Parameters that carry their meaning, unit and range: one table read by validation, the CLI, the docs and sweeps.

msgspec checks the values, as it checks records; the messages say what is allowed, for users of the command line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from sys import float_info
from types import NoneType
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_type_hints
from weakref import WeakKeyDictionary

from msgspec import Meta, ValidationError, convert

from bench.errors import BenchError, nearest

P = TypeVar("P", bound="Parameters")

#: What messages call a type.
KIND_NAMES = {int: "an integer", float: "a number", str: "a name", bool: "true or false", NoneType: "none"}

_tables: WeakKeyDictionary[type[Any], dict[str, Parameter]] = WeakKeyDictionary()


def parameter(default: Any, meaning: str, **more: Any) -> Any:
    """A dataclass field with its meaning and, as ``more``, what else :class:`Parameter` holds: range, unit, sweep."""
    return dataclasses.field(default=default, metadata={"meaning": meaning, **more})


def positive(default: float | None, meaning: str, high: float, **more: Any) -> Any:
    """A number in (0, high]."""
    return parameter(default, meaning, low=0.0, high=high, low_open=True, **more)


def learning_rate(default: float, meaning: str, sweep: tuple[float, float]) -> Any:
    """A number in (0, 1], swept on a logarithmic scale."""
    return positive(default, meaning, high=1.0, log=True, sweep=sweep)


def weight(default: float, meaning: str, high: float = 100.0, **more: Any) -> Any:
    """A factor of a loss term, in [0, high]; 0 switches the term off."""
    return parameter(default, meaning, low=0.0, high=high, **more)


def count(default: int | None, meaning: str, high: int, **more: Any) -> Any:
    """An integer in [1, high]."""
    return parameter(default, meaning, low=1, high=high, **more)


class Sweep(NamedTuple):
    """What a sweep tries of a parameter: ``[low, high]``, or each of ``choices`` where there are some."""

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False  # integers only
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return " or ".join(str(choice).lower() for choice in self.choices)
        return f"{self.low:g} to {self.high:g}" + (", log" if self.log else "")


@dataclass(frozen=True)
class Parameter:
    """One parameter: its type, its default, and what its author declared."""

    name: str
    kind: Any  # its type hint
    default: Any
    meaning: str = ""
    low: float | None = None
    high: float | None = None
    low_open: bool = False  # the range is (low, high] in place of [low, high]
    unit: str = ""
    choices: tuple[str, ...] | None = None
    log: bool = False  # a sweep draws on a logarithmic scale
    omit_default: bool = (
        False  # absent from records at its default: so a parameter that was added later leaves old keys unchanged
    )
    sweep: tuple[float, float] | bool = False  # what a sweep tries: numbers of this range; True: every choice

    @cached_property
    def number(self) -> Any:
        """The type of a finite number in the range."""
        low = -float_info.max if self.low is None else self.low
        high = float_info.max if self.high is None else self.high
        return Annotated[float, Meta(gt=low, le=high) if self.low_open else Meta(ge=low, le=high)]

    def permits(self, value: Any) -> bool:
        """Whether ``value`` has the right type and is one of the choices, or in the range."""
        value = _plain(value)
        try:
            convert(value, self.kind)
            if type(value) in (int, float):
                convert(value, self.number)
        except ValidationError:
            return False
        return self.choices is None or value in self.choices

    def check(self, value: Any, owner: str) -> None:
        if not self.permits(value):
            unit = f", {self.unit}" if self.unit else ""
            close = nearest(str(value), self.choices) if self.choices else ""
            must = f"{_kind_name(self.kind)} {self.allowed} ({self.meaning}{unit}).{close}"
            raise BenchError(f"parameter {self.name!r} of {owner} is {value!r}; it must be {must}")

    def parse(self, text: str, owner: str) -> Any:
        """The value that ``text`` means; its range is not checked."""
        if NoneType in get_args(self.kind) and text.lower() == "none":
            return None
        try:
            return convert(text, self.kind, strict=False)
        except ValidationError:
            must = _kind_name(self.kind)
            raise BenchError(f"parameter {self.name!r} of {owner} is {text!r}; it must be {must}.") from None

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.choices is not None:
            return "one of " + ", ".join(self.choices)
        if self.low is None and self.high is None:
            return "any"
        left = "(" if self.low_open or self.low is None else "["
        low = "-inf" if self.low is None else f"{self.low:g}"
        high = "inf)" if self.high is None else f"{self.high:g}]"
        return f"in {left}{low}, {high}"

    @property
    def swept(self) -> Sweep | None:
        """What a sweep tries, if anything.

        Raises:
            ValueError: when that leaves the allowed range or cannot be searched.
        """
        wrong = f"sweep of {self.name} is {self.sweep!r}"
        if self.sweep is False:
            return None
        if not isinstance(self.sweep, tuple):
            if self.choices is None and not isinstance(self.default, bool):
                raise ValueError(f"{wrong}; only choices and true or false are swept so.")
            return Sweep(choices=self.choices or (False, True))
        low, high = self.sweep
        if type(_plain(self.default)) not in (int, float) or not low < high or (self.log and low <= 0.0):
            raise ValueError(f"{wrong}; it must be (low, high) of numbers, above 0 where log is set.")
        if not all(dataclasses.replace(self, kind=float).permits(end) for end in self.sweep):
            raise ValueError(f"{wrong}, which is not {self.allowed}, the allowed range.")
        return Sweep(low, high, self.log, whole=isinstance(self.default, int))


@dataclass(frozen=True)
class Parameters:
    """Base of every parameter table; construction validates each value.

    Raises:
        BenchError: naming the parameter, its value, and what is allowed.
        ValueError: from the class itself, when a sweep would leave what is allowed.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, spec in vars(cls).items():
            if isinstance(spec, dataclasses.Field):
                _ = Parameter(f"{cls.__name__}.{name}", None, spec.default, **spec.metadata).swept

    def __post_init__(self) -> None:
        for name, entry in table_of(type(self)).items():
            entry.check(getattr(self, name), type(self).__name__)


def table_of(cls: type[Parameters]) -> Mapping[str, Parameter]:
    """The parameters of ``cls`` by name, in order."""
    if cls not in _tables:  # resolving type hints costs much, so it is done once
        hints = get_type_hints(cls)
        rows = (Parameter(s.name, hints[s.name], s.default, **s.metadata) for s in dataclasses.fields(cls))
        _tables[cls] = {row.name: row for row in rows}
    return _tables[cls]


def from_values(cls: type[P], values: Mapping[str, Any], *, owner: str) -> P:
    """Build ``cls`` from ``values``; unknown names are refused with the nearest match."""
    for name, value in values.items():
        _find(cls, name, owner).check(value, owner)
    return cls(**values)


def parse(cls: type[Parameters], assignments: Iterable[tuple[str, str]], *, owner: str) -> dict[str, Any]:
    """Turn ``(name, text)`` pairs from the command line into typed values of ``cls``."""
    return {name: _find(cls, name, owner).parse(text, owner) for name, text in assignments}


def as_dict(params: Parameters) -> dict[str, Any]:
    """The parameters as plain JSON values, without those that are left out at their default."""
    rows = [(entry, _plain(getattr(params, name))) for name, entry in table_of(type(params)).items()]
    return {entry.name: value for entry, value in rows if not (entry.omit_default and value == entry.default)}


def describe(cls: type[Parameters]) -> list[dict[str, Any]]:
    """One row per parameter: name, default, range, what a sweep tries, unit, meaning."""
    shown = ("name", "default", "allowed", "sweep", "unit", "meaning")
    rows = [{name: getattr(entry, name) for name in shown} for entry in table_of(cls).values()]
    return [row | {"sweep": str(entry.swept or "")} for row, entry in zip(rows, table_of(cls).values(), strict=True)]


def sweeps_of(cls: type[Parameters]) -> dict[str, Sweep]:
    """What a sweep tries, of each parameter that its author lets it search."""
    return {name: swept for name, entry in table_of(cls).items() if (swept := entry.swept) is not None}


def _find(cls: type[Parameters], name: str, owner: str) -> Parameter:
    table = table_of(cls)
    if name not in table:
        allowed = ", ".join(table) or "none"
        raise BenchError(f"unknown parameter {name!r} of {owner}.{nearest(name, table)} Allowed: {allowed}.")
    return table[name]


def _plain(value: Any) -> Any:
    """A numpy float as a Python float; anything else unchanged."""
    return float(value) if isinstance(value, float) else value


def _kind_name(kind: Any) -> str:
    return " or ".join(KIND_NAMES.get(option, str(option)) for option in get_args(kind) or (kind,))
