"""Laws of the registry: names are found or explained, duplicates refused, broken modules listed."""

import sys
import textwrap
from dataclasses import replace
from types import ModuleType

import pytest

import bench.methods
from bench.api.cards import ID_LENGTH
from bench.api.pipeline import Pipeline
from bench.errors import BenchError
from bench.records.command_line import PLUGINS
from bench.running.registry import Registry, load_registry


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


#: Names that would hide a record, leave the results folder, be no word on a command line, or no file's name.
BAD_NAMES = [
    *("", ".", "..", "../../x", "a/b", "/a", "a\\b", "a+b", "a b", "a\n", "a\0", "it's", "A", "é", "\udc80"),
    *("-a", "a-", "a--b", "a" * 300, 3, None),
]
#: How a card carries a name: the method or task, and its card with that name in it.
PLACES = {
    "method id": ("METHODS", "plain", lambda name: {"id": name}),
    "alias": ("METHODS", "plain", lambda name: {"aliases": ("fine", name)}),
    "task id": ("TASKS", "toy_se3", lambda name: {"id": name}),
    "search space": ("TASKS", "toy_se3", lambda name: {"searches": ("full", name)}),
    "budget": ("TASKS", "toy_se3", lambda name: {"budgets": {name: None}}),
}


def with_card(entry, **changes):
    copied = object.__new__(type(entry))
    copied.__dict__.update(entry.__dict__, card=replace(entry.card, **changes))
    return copied


def module_with(**content):
    module = ModuleType("elsewhere")
    module.__file__ = "elsewhere.py"
    module.__dict__.update(content)
    return module


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: repr(name)[:20])
def test_a_name_that_cannot_be_part_of_a_path_is_refused_on_registration(registry, place, name):
    kind, model, change = PLACES[place]
    entry = with_card((registry.methods | registry.tasks)[model], **change(name))
    fine = with_card(registry.methods["plain"], id="fine")
    empty = Registry()
    with pytest.raises(ValueError, match="it must match") as error:
        empty.add(module_with(**({"METHODS": (fine,)} | {kind: (entry,)})))
    assert repr(name)[:70] in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert not empty.methods
    assert not empty.tasks


def test_the_longest_allowed_id_is_registered_and_the_next_is_not(registry):
    longest = with_card(registry.methods["plain"], id="x" * ID_LENGTH)
    registry.add(module_with(METHODS=(longest,)))
    assert registry.method("x" * ID_LENGTH) is longest
    with pytest.raises(ValueError, match="it must match"):
        registry.add(module_with(METHODS=(with_card(longest, id="x" * (ID_LENGTH + 1)),)))


@pytest.mark.parametrize("version", ["1/../../x", 0, -1, 1.5, True, None])
def test_a_version_that_cannot_be_part_of_a_path_is_refused_on_registration(registry, version):
    with pytest.raises(ValueError, match=r"card\.version"):
        Registry().add(module_with(TASKS=(with_card(registry.tasks["toy_se3"], version=version),)))


def test_an_alias_that_is_taken_is_refused_in_either_order(registry):
    plain = registry.methods["plain"]
    for other in (with_card(plain, id="other", aliases=("semola",)), with_card(plain, id="lieaugmenter")):
        with pytest.raises(BenchError, match=r"is defined twice: .*semola\.py and elsewhere\.py"):
            registry.add(module_with(METHODS=(other,)))


NAMED = """
import dataclasses
from bench.methods.plain import Plain
class Named(Plain):
    card = dataclasses.replace(Plain.card, id="../../x")
METHODS = (Named(),)
"""


def test_a_bad_id_is_an_error_in_a_plugin_file_and_listed_as_broken_in_an_installed_package(
    tmp_path, monkeypatch, install
):
    install("named", NAMED)
    registry = load_registry()
    assert "'../../x'" in registry.broken["named"]
    assert "plain" in registry.methods
    file = tmp_path / "named_file.py"
    file.write_text(NAMED)
    monkeypatch.setenv(PLUGINS, str(file))
    with pytest.raises(BenchError) as error:
        load_registry()
    assert str(file) in str(error.value)
    assert "'../../x'; it must match" in str(error.value)
    sys.modules.pop("symmetry_bench_plugin_named_file", None)
