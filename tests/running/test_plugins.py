"""Methods from elsewhere, in real processes: a file named on the command line, and an installed package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli.app import main
from bench.errors import BenchError
from bench.methods import plain
from bench.records.command_line import PLUGINS
from bench.records.record import Record, read_record
from bench.running.registry import load_registry
from bench.running.standing import is_stale

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


#: Ridge regression, as a user would write it; the penalty comes from where each test puts it.
METHOD = '''
"""Ridge regression."""

from dataclasses import dataclass

import torch

from bench.api import Fitted, Method, MethodCard
from bench.api.parameters import Parameters, parameter

{penalty}

@dataclass(frozen=True)
class RidgeParams(Parameters):
    penalty: float = parameter(PENALTY, meaning="weight of the squared coefficients", low=0.0, high=1e6)


class RidgeFitted(Fitted):
    def __init__(self, matrix, shape):
        self.matrix, self.shape, self.parameters = matrix, shape, matrix.numel()

    def predict(self, x):
        return (x.flatten(1) @ self.matrix).reshape(-1, *self.shape)


class Ridge(Method):
    card = MethodCard(id="my_ridge", title="My ridge", summary="least squares", knowledge="none", citation="")
    Params = RidgeParams

    def supports(self, problem):
        if not problem.train.y.is_floating_point():
            return "targets that are classes"
        return "inputs of different sizes" if problem.train.sizes is not None else None

    def fit(self, problem, ctx):
        x, y = problem.train.x.flatten(1).double(), problem.train.y.flatten(1).double()
        gram = x.T @ x + ctx.params.penalty * torch.eye(x.shape[1], dtype=x.dtype)
        return RidgeFitted(torch.linalg.solve(gram, x.T @ y).to(problem.train.x), problem.train.y.shape[1:])


METHODS = (Ridge(),)
'''
RUN = ("run", "--method", "my_ridge", "--task", "discrete_rotation", "--no-mlflow")


@pytest.fixture
def bench(tmp_path):
    """``bench(*arguments, path=folder)`` in a process of its own: (exit code, stdout, stderr)."""

    def call(*arguments: object, path: Path | None = None) -> tuple[int, str, str]:
        environment = {**os.environ, "SYMMETRY_BENCH_DATA": str(tmp_path / "data"), "PYTHONPATH": str(path or "")}
        command = [sys.executable, "-m", "bench", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return call


def only_record(results: Path) -> Record:
    (path,) = results.glob("*/*/*/seed*.json")
    return read_record(path)


def test_a_plugin_file_is_checked_and_run_and_its_row_is_shown_by_those_who_lack_it(bench, tmp_path, monkeypatch):
    file, results = tmp_path / "my-ridge.py", tmp_path / "boards" / "results"
    file.write_text(METHOD.format(penalty="PENALTY = 1e-6\n"))
    plugin = ("--plugin", "my-ridge.py")
    code, out, err = bench("check", "my_ridge", *plugin)
    assert code == 0, out + err
    assert "a run ends as a record" in out
    code, out, err = bench(*RUN, "--results", results, *plugin)
    assert code == 0, out + err
    record = only_record(results)
    assert record.status == "ok"

    monkeypatch.setenv(PLUGINS, str(file))
    assert not is_stale(record, load_registry())
    del sys.modules["symmetry_bench_plugin_my_ridge"]
    monkeypatch.delenv(PLUGINS)
    code, _, err = bench("leaderboard", "--results", results)
    assert code == 0, err
    page = (results.parent / "boards" / "discrete_rotation.md").read_text()
    rows = [line for line in page.splitlines() if "`my_ridge`" in line and line.startswith("|")]
    assert "1/1 (1 stale)" in rows[0]

    file.write_text(METHOD.format(penalty="PENALTY = 1e-6\n").replace('citation=""', 'citation="", version=2'))
    _, out, _ = bench(*RUN, "--results", results, *plugin)
    assert "finished before (ok); its code has changed since" in out


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A project of two modules with an entry point, and the folder that pip installed it into."""
    root = tmp_path_factory.mktemp("project")
    source = root / "elsewhere" / "my_methods"
    source.mkdir(parents=True)
    (source / "__init__.py").write_text("")
    (source / "constants.py").write_text("PENALTY = 1e-6\n")
    (source / "ridge.py").write_text(METHOD.format(penalty="from .constants import PENALTY\n"))
    (source.parent / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "my-methods"\nversion = "1.0"\n'
        '[project.entry-points."symmetry_bench.methods"]\nmy_ridge = "my_methods.ridge"\n'
        '[tool.setuptools]\npackages = ["my_methods"]\n'
    )
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--target", str(root / "site"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, str(source.parent)], check=True, capture_output=True
    )
    return root / "site"


def test_an_installed_package_is_listed_checked_and_run(bench, package, tmp_path):
    code, out, _ = bench("list", "methods", "my_ridge", path=package)
    assert code == 0
    assert "weight of the squared coefficients" in out
    code, out, err = bench("check", "my_ridge", path=package)
    assert code == 0, out + err
    results = tmp_path / "results"
    run = (*RUN, "--budget", "smoke", "--results", results)
    code, out, err = bench(*run, path=package)
    assert code == 0, out + err
    assert only_record(results).method.id == "my_ridge"


def test_listing_survives_a_package_that_cannot_be_imported(bench, package):
    module = package / "my_methods" / "ridge.py"
    source = module.read_text()
    module.write_text("import a_package_that_is_not_there\n")
    code, out, _ = bench("list", "methods", path=package)
    module.write_text(source)
    assert code == 0
    assert "my_ridge could not be imported: ModuleNotFoundError: No module named 'a_package_that_is_not_there'" in out
    assert "semola" in out


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import not_there\n", "cannot be loaded: ModuleNotFoundError: No module named 'not_there' (line 1)."),
        ("x = 1\ny = x +\n", "cannot be loaded: SyntaxError: invalid syntax"),
        ("x = 1\n", "has neither METHODS nor TASKS"),
        ("METHODS = (1,)\n", "METHODS must be a tuple of Method instances, it holds 1"),
        ("from bench.methods.plain import METHODS\n", "method 'plain' is defined twice: {plain} and {file}."),
    ],
)
def test_a_wrong_plugin_file_is_told_in_one_line(source, message, tmp_path, monkeypatch):
    file = tmp_path / "wrong.py"
    file.write_text(source)
    monkeypatch.setenv(PLUGINS, str(file))
    with pytest.raises(BenchError) as error:
        load_registry()
    assert message.format(plain=plain.__file__, file=file) in str(error.value)
    assert "\n" not in str(error.value)
    sys.modules.pop("symmetry_bench_plugin_wrong", None)


def test_a_plugin_file_that_is_not_there_is_told_with_the_nearest(tmp_path, monkeypatch, capsys):
    (tmp_path / "ridge.py").write_text("")
    monkeypatch.setenv(PLUGINS, "")
    monkeypatch.setattr(sys, "argv", ["bench", "list", "methods", "--plugin", str(tmp_path / "rigde.py")])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert capsys.readouterr().err.startswith(
        f"error: no plugin file '{tmp_path / 'rigde.py'}'. Did you mean '{tmp_path / 'ridge.py'}'?"
    )


def test_two_plugin_files_of_one_name_are_told_apart(tmp_path, monkeypatch):
    files = [tmp_path / folder / "same.py" for folder in "ab"]
    for file in files:
        file.parent.mkdir()
        file.write_text(METHOD.format(penalty="PENALTY = 1.0\n"))
    monkeypatch.setenv(PLUGINS, os.pathsep.join(map(str, files)))
    with pytest.raises(BenchError, match=r"plugin files .*a/same\.py and .*b/same\.py have one name; rename one"):
        load_registry()
    del sys.modules["symmetry_bench_plugin_same"]
