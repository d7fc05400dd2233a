"""Parameters that carry their meaning, unit and range: one table read by validation, the CLI, the docs and sweeps."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, get_args, get_type_hints

from bench.errors import BenchError, nearest

P = TypeVar("P", bound="Parameters")


def parameter(
    default: Any,
    *,
    meaning: str,
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
    unit: str = "",
    choices: tuple[str, ...] | None = None,
    log: bool = False,
    omit_default: bool = False,
    sweep: tuple[float, float] | bool = False,
) -> Any:
    """A dataclass field with its meaning, unit and allowed range ``[low, high]`` (``(low, high]`` with low_open).

    ``sweep`` says what a sweep tries: a range of numbers within the allowed one, on a logarithmic scale with ``log``,
    or, where it is True, every choice, or true and false. ``omit_default``: absent from records where it has its
    default, for a parameter that came after them: their keys stay what they were.
    """
    info = {"meaning": meaning, "low": low, "high": high, "low_open": low_open, "unit": unit, "choices": choices}
    return field(default=default, metadata={**info, "log": log, "omit_default": omit_default, "sweep": sweep})


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
class Parameters:
    """Base of every parameter table; construction validates each value.

    Raises:
        BenchError: naming the parameter, its value, and what is allowed.
        ValueError: from the class itself, when a sweep would leave what is allowed.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, spec in vars(cls).items():
            if isinstance(spec, dataclasses.Field) and spec.metadata.get("sweep", False) is not False:
                _check_sweep(f"{cls.__name__}.{name}", spec.default, spec.metadata)

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            _check(type(self), spec.name, getattr(self, spec.name), owner=type(self).__name__)


def from_values(cls: type[P], values: Mapping[str, Any], *, owner: str) -> P:
    """Build ``cls`` from ``values``; unknown names are refused with the nearest match."""
    for name, value in values.items():
        _known(cls, name, owner)
        _check(cls, name, value, owner)
    return cls(**values)


def parse(cls: type[Parameters], assignments: Iterable[tuple[str, str]], *, owner: str) -> dict[str, Any]:
    """Turn ``(name, text)`` pairs from the command line into typed values of ``cls``."""
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for name, text in assignments:
        _known(cls, name, owner)
        values[name] = _parse_value(name, text, hints[name], owner)
    return values


def as_dict(params: Parameters) -> dict[str, Any]:
    """The parameters as plain JSON values, without those that are left out at their default."""
    omitted = {s.name for s in dataclasses.fields(params) if s.metadata["omit_default"]}
    defaults = {s.name: s.default for s in dataclasses.fields(params)}
    values = dataclasses.asdict(params).items()
    return {name: value for name, value in values if name not in omitted or value != defaults[name]}


def describe(cls: type[Parameters]) -> list[dict[str, Any]]:
    """One row per parameter: name, default, range, what a sweep tries, unit, meaning."""
    rows, swept = [], sweeps_of(cls)
    for spec in dataclasses.fields(cls):
        rows.append(
            {
                "name": spec.name,
                "default": spec.default,
                "allowed": _range_text(spec.metadata),
                "sweep": str(swept.get(spec.name, "")),
                "unit": spec.metadata["unit"],
                "meaning": spec.metadata["meaning"],
            }
        )
    return rows


def sweeps_of(cls: type[Parameters]) -> dict[str, Sweep]:
    """What a sweep tries, of each parameter that its author lets it search."""
    found = {}
    for spec in dataclasses.fields(cls):
        info = spec.metadata
        if isinstance(info["sweep"], tuple):
            low, high = info["sweep"]
            found[spec.name] = Sweep(low, high, info["log"], isinstance(spec.default, int))
        elif info["sweep"]:
            found[spec.name] = Sweep(choices=info["choices"] or (False, True))
    return found


def _check_sweep(name: str, default: Any, info: Mapping[str, Any]) -> None:
    """Raises ValueError unless the sweep lies in the allowed range and can be searched."""
    swept, numeric = info["sweep"], isinstance(default, int | float) and not isinstance(default, bool)
    if not isinstance(swept, tuple):
        if info["choices"] is None and not isinstance(default, bool):
            raise ValueError(f"sweep of {name} is {swept!r}; only choices and true or false are swept so.")
        return
    low, high = swept
    if not numeric or not low < high or (info["log"] and low <= 0.0):
        raise ValueError(f"sweep of {name} is {swept!r}; it must be (low, high) of numbers, above 0 where log is set.")
    below = info["low"] is not None and (low <= info["low"] if info["low_open"] else low < info["low"])
    if below or (info["high"] is not None and high > info["high"]):
        raise ValueError(f"sweep of {name} is {swept!r}, which is not {_range_text(info)}, the allowed range.")


def _range_text(info: Mapping[str, Any]) -> str:
    if info["choices"] is not None:
        return "one of " + ", ".join(info["choices"])
    if info["low"] is None and info["high"] is None:
        return "any"
    left = "(" if info["low_open"] or info["low"] is None else "["
    low = "-inf" if info["low"] is None else f"{info['low']:g}"
    high = "inf)" if info["high"] is None else f"{info['high']:g}]"
    return f"in {left}{low}, {high}"


def names_of(cls: type[Parameters]) -> list[str]:
    """The parameter names of ``cls``, in order."""
    return [spec.name for spec in dataclasses.fields(cls)]


def _known(cls: type[Parameters], name: str, owner: str) -> None:
    names = names_of(cls)
    if name not in names:
        allowed = ", ".join(names) or "none"
        raise BenchError(f"unknown parameter {name!r} of {owner}.{nearest(name, names)} Allowed: {allowed}.")


def _check(cls: type[Parameters], name: str, value: Any, owner: str) -> None:
    info = next(spec.metadata for spec in dataclasses.fields(cls) if spec.name == name)
    kind = get_type_hints(cls)[name]
    ok = _has_type(value, kind)
    if ok and info["choices"] is not None:
        ok = value in info["choices"]
    elif ok and isinstance(value, int | float) and not isinstance(value, bool):
        low, high = info["low"], info["high"]
        ok = not (isinstance(value, float) and not math.isfinite(value)) and (high is None or value <= high)
        ok = ok and (low is None or (value > low if info["low_open"] else value >= low))
    if ok:
        return
    unit = f", {info['unit']}" if info["unit"] else ""
    close = nearest(str(value), info["choices"]) if info["choices"] else ""
    raise BenchError(
        f"parameter {name!r} of {owner} is {value!r}; it must be {_kind_name(kind)} {_range_text(info)} "
        f"({info['meaning']}{unit}).{close}"
    )


def _has_type(value: Any, kind: Any) -> bool:
    if isinstance(kind, types.UnionType):
        return any(_has_type(value, option) for option in get_args(kind))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)


def _kind_name(kind: Any) -> str:
    if isinstance(kind, types.UnionType):
        return " or ".join(_kind_name(option) for option in get_args(kind))
    names = {int: "an integer", float: "a number", str: "a name", bool: "true or false", type(None): "none"}
    return names.get(kind, str(kind))


def _parse_value(name: str, text: str, kind: Any, owner: str) -> Any:
    options = get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if type(None) in options and text.lower() == "none":
        return None
    for option in options:
        try:
            if option is bool and text.lower() in {"true", "false"}:
                return text.lower() == "true"
            if option is int:
                return int(text)
            if option is float:
                return float(text)
            if option is str:
                return text
        except ValueError:
            continue
    raise BenchError(f"parameter {name!r} of {owner} is {text!r}; it must be {_kind_name(kind)}.")
