"""The code blocks of the README and of docs/add_a_discoverer.md, used as their reader would use them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


README = Path(__file__).resolve().parent.parent / "README.md"


DISCOVERER = README.parent / "docs" / "add_a_discoverer.md"


def block(heading, page=README, level="##"):
    """The first block of Python below ``heading``."""
    section = f"\n{page.read_text(encoding='utf-8')}".split(f"\n{level} {heading}\n")[1]
    return re.search(r"```python\n(.*?)```", section, re.S)[1]


@pytest.fixture
def bench(tmp_path):
    def run(*arguments, code=0):
        environ = os.environ | {"SYMMETRY_BENCH_DATA": str(tmp_path / "data"), "OMP_NUM_THREADS": "1"}
        line = [sys.executable, "-m", "bench", *arguments]
        done = subprocess.run(line, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + (done.stderr if code else "")

    return run


def test_the_method_keeps_the_contract(tmp_path, bench):
    (tmp_path / "ridge.py").write_text(block("Add a method"))
    told = bench("check", "ridge", "--plugin", "ridge.py")
    assert "failed" not in told


def test_the_task_runs_and_its_board_says_what_was_found(tmp_path, bench):
    (tmp_path / "measurements.py").write_text(block("Add a task"))
    (tmp_path / "data").mkdir()
    x = np.random.default_rng(0).normal(size=(400, 3))
    np.savez(tmp_path / "data" / "measurements.npz", x=x, y=np.hypot(x[:, 0], x[:, 1]))
    own = ("--plugin", "measurements.py", "--results", "mine/results")
    # Smoke cells are on no board: the same sizes under the other name.
    source = (tmp_path / "measurements.py").read_text()
    small = re.sub(r'"small": Budget\(.*\)', '"small": Budget(256, 64, 64, 512, 64, 2e-3, 32, 8)', source)
    assert small != source
    (tmp_path / "measurements.py").write_text(small)
    bench("run", "--method", "semola", "--task", "measurements", "--no-mlflow", *own)
    bench("leaderboard", *own)
    page = (tmp_path / "mine" / "boards" / "measurements.md").read_text(encoding="utf-8")
    assert "`semola [full]`" in page
    assert "strength" in page


def nothing(folder):
    """Leaves the folder without the file."""


def one_nan(folder):
    x = np.random.default_rng(0).normal(size=(400, 3))
    x[300, 1] = np.nan
    np.savez(folder / "measurements.npz", x=x, y=x[:, 0])


def few_rows(folder):
    x = np.random.default_rng(0).normal(size=(320, 3))
    np.savez(folder / "measurements.npz", x=x, y=x[:, 0])


def no_targets(folder):
    np.savez(folder / "measurements.npz", x=np.zeros((400, 3)))


@pytest.mark.parametrize(
    ("put", "code", "words"),
    [
        (nothing, 2, "fingerprint() finds no file '{data}/measurements.npz'. Its data belong in the data folder"),
        (one_nan, 1, "load() val.x holds numbers that are not finite (1, the first in example 44); leave such"),
        (few_rows, 1, "load_test() test holds 0 examples, the budget asks for 64; give it as many"),
        (no_targets, 1, "load() raised KeyError: 'y is not a file in the archive' (measurements.py:"),
    ],
)
def test_data_of_ones_own_that_cannot_be_used_end_in_one_line(tmp_path, bench, put, code, words):
    (tmp_path / "measurements.py").write_text(block("Add a task"))
    (tmp_path / "data").mkdir()
    put(tmp_path / "data")
    own = ("--plugin", "measurements.py", "--results", "mine/results", "--budget", "smoke", "--no-mlflow")
    said = bench("run", "--method", "plain", "--task", "measurements", *own, code=code)
    assert f"task 'measurements': {words.format(data=tmp_path / 'data')}" in " ".join(said.split())
    assert "Traceback" not in said


def test_the_discoverer_keeps_the_contract_and_a_consumer_uses_what_it_finds(tmp_path, bench):
    (tmp_path / "flat.py").write_text(block("Add a discoverer", DISCOVERER, "#"), encoding="utf-8")
    told = bench("check", "flat", "--plugin", "flat.py")
    assert "failed" not in told
    assert re.search(r"^so2 .* ok ", told, re.M)
    own = ("--plugin", "flat.py", "--results", "results", "--no-mlflow")
    bench("run", "--method", "flat+augment", "--task", "nbody_1step_id", "--budget", "smoke", *own)
    assert {path.parts[-3] for path in tmp_path.glob("results/*/*/*/seed0.json")} == {
        "flat--full",
        "flat+augment--full",
    }
