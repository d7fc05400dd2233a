"""Laws of parameter tables: every value is checked, every message says what is allowed."""

from dataclasses import dataclass

import numpy as np
import pytest

from bench.api import parameters
from bench.api.parameters import (
    Parameters,
    Sweep,
    as_dict,
    count,
    describe,
    from_values,
    learning_rate,
    parameter,
    parse,
    positive,
    sweeps_of,
    weight,
)
from bench.errors import BenchError


@dataclass(frozen=True)
class Toy(Parameters):
    rate: float = parameter(0.1, meaning="learning rate", low=0.0, high=1.0, low_open=True)
    count: int = parameter(2, meaning="copies", low=1, high=8)
    kind: str = parameter("plain", meaning="which way", choices=("plain", "average"))
    limit: float | None = parameter(None, meaning="largest norm", low=0.0, unit="m")


def test_values_from_the_command_line_are_typed():
    values = parse(Toy, [("rate", "0.5"), ("count", "3"), ("kind", "average"), ("limit", "none")], owner="toy")
    assert values == {"rate": 0.5, "count": 3, "kind": "average", "limit": None}
    assert as_dict(from_values(Toy, values, owner="toy")) == values


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(BenchError, match=r"unknown parameter 'raet' of toy\. Did you mean 'rate'\? Allowed: rate, "):
        parse(Toy, [("raet", "1")], owner="toy")
    with pytest.raises(BenchError, match="unknown parameter 'raet' of toy"):
        from_values(Toy, {"raet": 1}, owner="toy")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("rate", 0.0, r"a number in \(0, 1\] \(learning rate\)"),
        ("rate", float("nan"), r"in \(0, 1\]"),
        ("count", 9, r"an integer in \[1, 8\] \(copies\)"),
        ("count", True, "an integer"),
        ("kind", "avrage", r"one of plain, average \(which way\)\. Did you mean 'average'\?"),
        ("count", 2.0, "an integer"),
        ("rate", "0.5", "a number"),
        ("rate", None, "a number"),
        ("limit", -1.0, r"a number or none in \[0, inf\) \(largest norm, m\)"),
    ],
)
def test_a_value_out_of_range_names_the_range_and_the_meaning(name, value, allowed):
    with pytest.raises(BenchError, match=rf"parameter '{name}' of toy is .*; it must be .*{allowed}"):
        from_values(Toy, {name: value}, owner="toy")
    with pytest.raises(BenchError, match=f"parameter '{name}' of Toy"):
        Toy(**{name: value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_without_a_range_is_finite(value):
    @dataclass(frozen=True)
    class Free(Parameters):
        shift: float = parameter(0.0, "any shift")

    assert as_dict(Free(-1e300)) == {"shift": -1e300}
    with pytest.raises(BenchError, match=r"parameter 'shift' of Free is -?(nan|inf); it must be a number any"):
        Free(value)


def test_text_that_is_no_number_is_refused():
    with pytest.raises(BenchError, match=r"parameter 'count' of toy is '2\.5'; it must be an integer"):
        parse(Toy, [("count", "2.5")], owner="toy")


def test_a_number_of_numpy_is_a_plain_one_in_a_record():
    values = as_dict(Toy(rate=np.float64(0.5)))
    assert values["rate"] == 0.5
    assert type(values["rate"]) is float


def test_type_hints_are_resolved_once(monkeypatch):
    @dataclass(frozen=True)
    class Own(Toy):
        pass

    asked = []
    resolve = parameters.get_type_hints
    monkeypatch.setattr(parameters, "get_type_hints", lambda cls: (asked.append(cls), resolve(cls))[1])
    for _ in range(3):
        from_values(Own, parse(Own, [("rate", "0.5")], owner="own"), owner="own")
        describe(Own)
    assert asked == [Own]


def test_the_short_forms_have_their_ranges():
    @dataclass(frozen=True)
    class Short(Parameters):
        lr: float = learning_rate(1e-3, "rate", sweep=(1e-4, 1e-2))
        norm: float | None = positive(None, "norm", high=10.0)
        factor: float = weight(0.0, "factor")
        copies: int = count(1, "copies", high=8)
        noted: int = 3  # declared without parameter(): any integer

    allowed = {row["name"]: row["allowed"] for row in describe(Short)}
    assert allowed == {
        "lr": "in (0, 1]", "norm": "in (0, 10]", "factor": "in [0, 100]", "copies": "in [1, 8]", "noted": "any",
    }  # fmt: skip
    assert sweeps_of(Short) == {"lr": Sweep(1e-4, 1e-2, log=True)}


def test_an_unknown_word_of_a_declaration_is_refused_with_the_class():
    with pytest.raises(TypeError, match="'lowest'"):
        type("Wrong", (Parameters,), {"value": parameter(0.1, "m", lowest=0.0), "__annotations__": {"value": float}})


def test_every_parameter_is_described():
    assert [row["name"] for row in describe(Toy)] == ["rate", "count", "kind", "limit"]
    assert describe(Toy)[0]["allowed"] == "in (0, 1]"


def test_what_a_sweep_tries_is_described():
    @dataclass(frozen=True)
    class Swept(Toy):
        rate: float = parameter(0.1, meaning="rate", low=0.0, high=1.0, low_open=True, log=True, sweep=(0.01, 1.0))
        count: int = parameter(2, meaning="copies", low=1, high=8, sweep=(1, 8))
        kind: str = parameter("plain", meaning="which way", choices=("plain", "average"), sweep=True)
        turned: bool = parameter(False, meaning="whether", sweep=True)

    assert sweeps_of(Swept) == {
        "rate": Sweep(0.01, 1.0, log=True),
        "count": Sweep(1, 8, whole=True),
        "kind": Sweep(choices=("plain", "average")),
        "turned": Sweep(choices=(False, True)),
    }
    shown = {row["name"]: row["sweep"] for row in describe(Swept)}
    assert shown == {
        "rate": "0.01 to 1, log", "count": "1 to 8", "kind": "plain or average", "limit": "", "turned": "false or true",
    }  # fmt: skip
    assert sweeps_of(Toy) == {}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: parameter(0.1, meaning="m", low=0.0, high=1.0, sweep=(0.1, 2.0)), r"which is not in \[0, 1\]"),
        (lambda: parameter(0.1, meaning="m", low=0.0, low_open=True, sweep=(0.0, 2.0)), r"which is not in \(0, inf\)"),
        (lambda: parameter(2, meaning="m", low=1, high=8, sweep=(0, 4)), r"which is not in \[1, 8\]"),
        (lambda: parameter(0.1, meaning="m", log=True, sweep=(0.0, 2.0)), "above 0 where log is set"),
        (lambda: parameter(0.1, meaning="m", sweep=(2.0, 2.0)), r"it must be \(low, high\)"),
        (lambda: parameter(None, meaning="m", sweep=(1.0, 2.0)), r"it must be \(low, high\) of numbers"),
        (lambda: parameter(0.1, meaning="m", sweep=True), "only choices and true or false are swept so"),
    ],
)
def test_a_sweep_outside_of_what_is_allowed_is_refused_with_the_class(made, message):
    with pytest.raises(ValueError, match=f"sweep of Wrong.value is .*{message}"):
        type("Wrong", (Parameters,), {"value": made(), "__annotations__": {"value": float}})
