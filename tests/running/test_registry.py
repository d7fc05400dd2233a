"""Laws of the registry: names are found or explained, duplicates refused, broken modules listed."""

import sys
import textwrap
from types import ModuleType

import pytest

import bench.methods
from bench.api.pipeline import Pipeline
from bench.errors import BenchError
from bench.running.registry import load_registry


@pytest.fixture
def registry():
    return load_registry()


def test_every_entry_has_a_complete_card(registry):
    assert not registry.broken
    for name, method in registry.methods.items():
        assert method.card.id == name
        assert method.card.title
        assert method.card.summary
    for name, task in registry.tasks.items():
        assert task.card.id == name
        assert {"smoke", "small", "paper"} <= set(task.card.budgets)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("semloa", "unknown method 'semloa'. Did you mean 'semola'? `python -m bench list methods` shows all"),
        ("tru+augment", "unknown method 'tru'. Did you mean 'true'?"),
        ("true+plain", "'plain' takes no generators, so '+plain' means nothing."),
    ],
)
def test_an_unknown_method_suggests_the_nearest(registry, name, message):
    with pytest.raises(BenchError) as error:
        registry.method(name)
    assert message in str(error.value)


def test_an_unknown_task_suggests_the_nearest(registry):
    with pytest.raises(BenchError, match=r"unknown task 'qm9_hom'\. Did you mean 'qm9_homo'\?"):
        registry.task("qm9_hom")


def test_a_pipeline_is_as_knowing_as_its_most_knowing_stage(registry):
    assert isinstance(registry.method("true+augment"), Pipeline)
    assert registry.method("true+augment").card.knowledge == "group"
    assert registry.method("semola+augment").card.knowledge == "cardinality"


def test_one_name_for_two_methods_names_both_files(registry):
    double = ModuleType("double")
    double.__file__ = "elsewhere/double.py"
    double.METHODS = (registry.methods["plain"],)
    with pytest.raises(BenchError, match=r"method 'plain' is defined twice: .*plain\.py and elsewhere/double\.py"):
        registry.add(double)


@pytest.mark.parametrize("methods", ["Plain()", "(Plain,)", "('plain',)"])
def test_a_wrong_list_of_methods_is_listed_as_broken_and_stops_nothing(methods, tmp_path, monkeypatch):
    (tmp_path / "wrong.py").write_text(f"from bench.methods.plain import Plain\nMETHODS = {methods}\n")
    monkeypatch.setattr(bench.methods, "__path__", [*bench.methods.__path__, str(tmp_path)])
    registry = load_registry()
    assert "TypeError" in registry.broken["wrong"]
    assert "plain" in registry.methods
    sys.modules.pop("bench.methods.wrong", None)


def test_a_module_that_cannot_be_imported_is_listed_with_its_reason(tmp_path, monkeypatch):
    (tmp_path / "needs_more.py").write_text(textwrap.dedent("import a_package_that_is_not_there\n"))
    monkeypatch.setattr(bench.methods, "__path__", [*bench.methods.__path__, str(tmp_path)])
    registry = load_registry()
    assert "a_package_that_is_not_there" in registry.broken["needs_more"]
    assert "plain" in registry.methods
    with pytest.raises(BenchError, match="Its module could not be imported"):
        registry.method("needs_more")
    sys.modules.pop("bench.methods.needs_more", None)
