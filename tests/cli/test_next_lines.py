"""The command lines that commands print, pasted: each runs as it stands, with a plugin and another results folder."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from bench.records.command_line import PLUGINS, command_line

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


PLUGIN = """
from dataclasses import dataclass
from bench.api import Fitted, Method, MethodCard
from bench.api.parameters import Parameters, parameter

@dataclass(frozen=True)
class MeanParameters(Parameters):
    shift: float = parameter(0.0, meaning="what is added", low=0.0, high=1.0, sweep=(0.0, 1.0))

class Mean(Fitted):
    def __init__(self, y):
        self.y = y

    def predict(self, x):
        return self.y.expand(len(x), *self.y.shape[1:])

class MeanMethod(Method):
    card = MethodCard(id="my_mean", title="Mean", summary="constant", knowledge="none", citation="")
    Params = MeanParameters

    def fit(self, problem, ctx):
        if ctx.seed == 7:
            raise ValueError("no luck")
        return Mean(problem.train.y.mean(0, keepdim=True) + ctx.params.shift)

METHODS = (MeanMethod(),)
"""
CELL = ["--method", "my_mean", "--task", "toy_se3"]


@pytest.fixture
def paste(tmp_path, monkeypatch):
    """A command with the plugin, and a function that runs a printed line; both return (exit code, output)."""
    monkeypatch.delenv(PLUGINS, raising=False)
    (tmp_path / "my files").mkdir()
    (tmp_path / "my files" / "mean.py").write_text(PLUGIN)
    environment = {**os.environ, "SYMMETRY_BENCH_DATA": str(tmp_path / "data")}

    def run(line):
        words = [sys.executable if word == "python" else word for word in shlex.split(line)]
        done = subprocess.run(
            words, cwd=tmp_path / "my files", env=environment, capture_output=True, text=True, timeout=240
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    def first(*words):
        return run(shlex.join(["python", "-m", "bench", *words, "--plugin", "mean.py"]))

    return first, run


def next_line(output):
    (line,) = re.findall("^next: (.*)$", output, flags=re.MULTILINE)
    return line


def test_the_line_after_a_run_shows_the_record_or_writes_its_page(paste, tmp_path):
    first, again = paste
    results = tmp_path / "my files" / "results"
    code, output = first("run", *CELL, "--budget", "smoke", "--no-mlflow", "--results", "results")
    assert code == 0, output
    code, output = again(next_line(output))
    assert code == 0, output
    assert "test/mse" in output
    code, output = first("run", *CELL, "--no-mlflow", "--results", "results")
    assert code == 0, output
    code, output = again(next_line(output))
    assert code == 0, output
    assert "my_mean" in next(results.parent.rglob("toy_se3.md")).read_text()


def test_the_lines_after_a_suite_write_pages_and_run_failures_again(paste, tmp_path):
    first, again = paste
    (tmp_path / "my files" / "mine.toml").write_text(
        'seeds = "6-7"\n[[cells]]\nmethods = ["my_mean"]\ntasks = ["toy_se3"]\n'
    )
    code, output = first("suite", "mine.toml", "--workers", "1", "--no-mlflow", "--results", "results")
    assert code == 1, output
    (retry,) = re.findall("to run them again: (.*)$", output, flags=re.MULTILINE)
    code, output = again(next_line(output))
    assert code == 0, output
    code, output = again(retry)
    assert code == 1
    assert "1 cells to run, 1 at once" in output


def test_the_line_after_a_sweep_uses_its_preset(paste):
    first, again = paste
    size = ["--budget", "smoke", "--studies", "1", "--trials", "2"]
    code, output = first("sweep", *CELL, *size, "--results", "results")
    assert code == 0, output
    code, output = again(f"{next_line(output)} --no-mlflow")
    assert code == 0, output
    assert output.count("my_mean tuned on toy_se3") == 6 or "has the default parameters" in output


def test_the_line_after_a_check_runs_the_method(paste):
    first, again = paste
    code, output = first("check", "my_mean", "--task", "toy_se3")
    line = next_line(output)
    assert line.startswith("python -m bench run --method my_mean --task toy_se3"), output
    code, output = again(f"{line} --no-mlflow --results here/results")
    assert code == 0, output


def test_a_missing_preset_names_a_command_that_makes_it(paste):
    first, again = paste
    code, output = first("run", *CELL, "--budget", "smoke", "--preset", "tuned", "--results", "results")
    assert code == 2
    (line,) = re.findall("`(.*)` makes it", output)
    code, output = again(f"{line} --studies 1 --trials 1")
    assert code == 0, output
    code, output = first("run", *CELL, "--budget", "smoke", "--preset", "tuned", "--results", "results", "--no-mlflow")
    assert code == 0, output


def test_a_line_names_the_folder_and_every_plugin_file_and_no_default(tmp_path, monkeypatch):
    files = [tmp_path / "a b.py", tmp_path / "c.py"]
    monkeypatch.setenv(PLUGINS, os.pathsep.join(map(str, files)))
    words = shlex.split(command_line("leaderboard", results=tmp_path / "my results"))
    named = ["--results", str(tmp_path / "my results"), "--plugin", str(files[0]), "--plugin", str(files[1])]
    assert words == ["python", "-m", "bench", "leaderboard", *named]
    monkeypatch.delenv(PLUGINS)
    assert command_line("list") == "python -m bench list"
