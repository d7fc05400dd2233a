"""Equal codes: chains of equalities, the file, and what the comparison of two codes accepts."""

import json

import numpy as np
import pytest

from bench.cli import equal as equal_command
from bench.errors import BenchError
from bench.records.equal_code import FILE, Digests, EqualCode, Equality
from bench.running.registry import load_registry
from bench.running.standing import Standing, present_code

A, B, C, D = (Digests(letter * 64, letter * 64) for letter in "abcd")
FAMILY, TASK, METHOD = "nbody", "nbody_1step_id", "plain"


def equality(before, after, method=METHOD):
    return Equality(FAMILY, TASK, method, before, after, "0" * 40, 3, "smoke", "some CPU")


def test_equalities_form_chains_in_both_directions(tmp_path):
    EqualCode(tmp_path).add([equality(A, B), equality(C, B), equality(C, D, method="semola")])
    equal = EqualCode(tmp_path)
    assert equal.leads(FAMILY, METHOD, A, B)
    assert equal.leads(FAMILY, METHOD, B, A)
    assert equal.leads(FAMILY, METHOD, A, C)
    assert not equal.leads(FAMILY, METHOD, A, D)
    assert not equal.leads("another", METHOD, A, B)


@pytest.mark.parametrize("text", ["{", "[1]", '[{"task": "x"}]'])
def test_a_corrupt_file_is_one_line(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(BenchError, match="no list of equal codes"):
        EqualCode(tmp_path)


@pytest.fixture
def stale(tmp_path, make_record, put_record):
    """A store with one record of earlier code."""
    code = {"id": TASK, "code_sha256": A.task}
    record = make_record(METHOD, task=code, env={"git_sha": "0" * 40, "dirty": False})
    record["method"]["code_sha256"] = A.method
    put_record(tmp_path, record)
    return record


def run_by_both(monkeypatch, old, new):
    """Replaces the two runs: ``old`` and ``new`` are (record, arrays) of the earlier and the present code."""
    monkeypatch.setattr(equal_command._Trees, "at", lambda self, sha: self.scratch)
    monkeypatch.setattr(equal_command, "_run", lambda record, budget, package, results: old if package else new)


def test_equal_numbers_keep_a_record_and_added_scores_do_not_matter(monkeypatch, tmp_path, stale, make_record, capsys):
    more = make_record(METHOD, scores={"equivariance/e": 0.1})
    run_by_both(monkeypatch, (stale, {"a": np.ones(2)}), (more, {"a": np.ones(2), "b": np.ones(1)}))
    registry = load_registry()
    assert Standing(tmp_path, registry)(stale) == "stale"
    assert equal_command.equal_command(tmp_path) == 0
    assert "are equal" in capsys.readouterr().out
    assert Standing(tmp_path, registry)(stale) == "equal"
    (entry,) = json.loads((tmp_path / FILE).read_text())
    assert entry["before"] == list(A)
    assert entry["after"] == list(present_code(stale, registry))
    assert equal_command.equal_command(tmp_path) == 0
    assert "no record is stale" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("mse", "arrays", "why"),
    [
        (0.500000001, {"a": np.ones(2)}, "score test/mse differs"),
        (0.5, {"a": np.array([1.0, 1.0 + 1e-12])}, "array a differs"),
        (0.5, {}, "array a differs"),
    ],
)
def test_any_difference_leaves_a_record_stale(monkeypatch, tmp_path, stale, make_record, capsys, mse, arrays, why):
    run_by_both(monkeypatch, (stale, {"a": np.ones(2)}), (make_record(METHOD, mse=mse), arrays))
    assert equal_command.equal_command(tmp_path) == 1
    assert why in capsys.readouterr().out
    assert Standing(tmp_path, load_registry())(stale) == "stale"


def test_a_commit_that_is_not_the_records_code_proves_nothing(monkeypatch, tmp_path, stale, make_record, capsys):
    other = make_record(METHOD)
    run_by_both(monkeypatch, (other, {}), (other, {}))
    assert equal_command.equal_command(tmp_path) == 1
    assert "does not hold its code" in capsys.readouterr().out
