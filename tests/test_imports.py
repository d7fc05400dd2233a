"""The package imports as bench.* however it is started, and never hides an installed package named `datasets`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


ROOT = Path(__file__).resolve().parent.parent
#: Prints where bench.datasets and the foreign `datasets` come from, with sys.path as `python -m bench` leaves it.
PROBE = """
import runpy, sys
sys.argv = ["bench", "list", "tasks"]
try:
    runpy.run_module("bench", run_name="__main__", alter_sys=True)
except SystemExit as exit_:
    assert not exit_.code, exit_.code
import bench.datasets.two_body, datasets
print(bench.datasets.two_body.__file__)
print(datasets.ORIGIN)
"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A folder with an unrelated package named `datasets`."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "datasets").mkdir()
    (folder / "datasets" / "__init__.py").write_text("ORIGIN = 'the foreign package'\n")
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The project installed from a wheel into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy of what git knows, so that no build folder is left in the checkout.
    source = folder / "source"
    names = ("bench", "methods", "datasets", "tasks", "leaderboard", "pyproject.toml", "README.md")
    source.mkdir()
    for name in names:
        subprocess.run(["cp", "-r", str(ROOT / name), str(source / name)], check=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder / "site"), str(source)],
        check=True,
        capture_output=True,
    )
    return folder / "site"


def probe(cwd, *paths):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    # `python -c` puts the current folder first on sys.path, as `python -m` does.
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-2:]


@pytest.mark.parametrize("where", ["checkout", "elsewhere"])
def test_from_the_checkout_and_from_another_folder(where, foreign, tmp_path):
    ours, theirs = probe(ROOT if where == "checkout" else tmp_path, foreign)
    assert Path(ours) == ROOT / "datasets" / "two_body.py"
    assert theirs == "the foreign package"


def test_from_a_wheel(wheel, foreign, tmp_path):
    ours, theirs = probe(tmp_path, foreign, wheel)
    assert Path(ours) == wheel / "bench" / "datasets" / "two_body.py"
    assert theirs == "the foreign package"


def test_a_wheel_holds_no_top_level_package_but_bench(wheel):
    packages = {path.name for path in wheel.iterdir() if (path / "__init__.py").exists()}
    assert packages == {"bench"}
    assert (wheel / "bench" / "running" / "suites" / "small.toml").exists()
    assert (wheel / "bench" / "py.typed").exists()
