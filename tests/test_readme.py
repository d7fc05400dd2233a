"""The code blocks of the README, used as its reader would use them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

README = Path(__file__).resolve().parent.parent / "README.md"


def block(heading):
    """The first block of Python below ``heading``."""
    section = README.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    return re.search(r"```python\n(.*?)```", section, re.S)[1]


@pytest.fixture
def bench(tmp_path):
    def run(*arguments):
        environ = os.environ | {"SYMMETRY_BENCH_DATA": str(tmp_path / "data"), "OMP_NUM_THREADS": "1"}
        line = [sys.executable, "-m", "bench", *arguments]
        done = subprocess.run(line, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

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
    small = re.sub(r'"small": Budget\(.*\)', '"small": Budget(256, 64, 64, 2, 64, 2e-3, 32, 8)', source)
    assert small != source
    (tmp_path / "measurements.py").write_text(small)
    bench("run", "--method", "semola", "--task", "measurements", "--no-mlflow", *own)
    bench("leaderboard", *own)
    page = (tmp_path / "mine" / "measurements.md").read_text(encoding="utf-8")
    assert "`semola [full]`" in page
    assert "strength" in page
