"""Of bench a method may import what is on the list and nothing else, wherever in its own package the import stands."""

import sys
from pathlib import Path

import pytest

from bench.contract.check import Examination, Violation
from bench.contract.import_check import forbidden_imports, imports_what_it_may
from bench.methods.plain import Plain
from bench.running.registry import load_registry


@pytest.fixture
def package(tmp_path, monkeypatch):
    """``package(method, helper)``: a package of another author with these two modules; gives the method's name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "somebody"
    folder.mkdir()

    def write(method, helper=""):
        for name, text in (("__init__", ""), ("method", method), ("helper", helper)):
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        return "somebody.method"

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == "somebody"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("from bench.tasks.toy_se3 import TASKS", "bench.tasks.toy_se3"),
        ("from bench.tasks import nbody", "bench.tasks.nbody"),
        ("import bench.datasets.mnist as digits", "bench.datasets.mnist"),
        ("from bench import records", "bench.records"),
        ("from bench import load_results", "bench"),
        ("import bench", "bench"),
        ("def fit():\n    from bench.running.registry import load_registry", "bench.running.registry"),
        ("from bench.contract.toys import toys", "bench.contract.toys"),
        ("from bench.leaderboard import site", "bench.leaderboard.site"),
        ("from bench.cli.app import main", "bench.cli.app"),
    ],
)
def test_an_import_that_is_not_on_the_list_is_named_in_the_method_and_behind_it(package, line, imported):
    assert list(forbidden_imports(package(line))) == [("somebody.method", imported)]
    for own in ("from somebody.helper import x", "from . import helper", "from .helper import x"):
        assert list(forbidden_imports(package(own, line))) == [("somebody.helper", imported)]


def test_what_is_on_the_list_and_what_is_not_of_bench_may_be_imported(package):
    lines = [
        "import torch, numpy.linalg, no_such_module",
        "from bench.api import Method",
        "from bench.api.training import train",
        "from bench import api, lie",
        "from bench.lie.algebra import se",
        "import bench.metrics.prediction",
        "from bench.nn.mlp import MLP",
        "from bench.methods.plain import Plain",
        "from bench.errors import Unsupported",
        "import benchmark_of_mine",
    ]
    assert list(forbidden_imports(package("\n".join(lines)))) == []


@pytest.mark.parametrize("name", load_registry().methods)
def test_no_method_of_the_suite_imports_more(name):
    imports_what_it_may(Examination(load_registry().method(name), Path("no data needed")))


def test_a_violation_names_both_modules_and_the_list(package):
    name = package("from bench.methods.plain import Plain\nimport bench.tasks.nbody\nclass Mine(Plain): pass\n")
    mine = __import__(name, fromlist=["Mine"]).Mine
    with pytest.raises(
        Violation, match=r"^somebody\.method imports bench\.tasks\.nbody; of bench a method may import "
    ):
        imports_what_it_may(Examination(mine(), Path("no data needed")))
    imports_what_it_may(Examination(Plain(), Path("no data needed")))
