"""Laws of the lock of a cell: one holder, named to whoever comes second."""

import os
import subprocess
import sys

import pytest

from bench.records.cell import Cell
from bench.records.lock import Busy, CellLock, claimed
from bench.records.store import Store

CELL = Cell("toy", 1, "semola", "mask2", "small", 3, "data", {}, {})


def test_whoever_comes_second_hears_of_which_cell_and_which_process(tmp_path):
    store = Store(tmp_path)
    with claimed(store, CELL), pytest.raises(Busy) as error, claimed(store, CELL):
        pass
    assert str(error.value).startswith(f"semola [mask2] on toy, small, seed 3 is being run by process {os.getpid()};")
    assert "\n" not in str(error.value)


def test_the_process_is_that_of_the_present_holder_not_of_an_earlier_one(tmp_path):
    path = tmp_path / "lock"
    path.write_text("999999999", encoding="utf-8")  # left by a process that was killed
    hold = (
        "import sys, pathlib; from bench.records.lock import CellLock\n"
        "with CellLock(pathlib.Path(sys.argv[1]), 'x'): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=f"it is being run by process {other.pid};"), CellLock(path, "it"):
            pass
    with CellLock(path, "it"):
        assert path.read_text(encoding="utf-8") == str(os.getpid())
    assert not path.exists()


def test_a_lock_that_says_nothing_is_held_by_another_process(tmp_path):
    path = tmp_path / "lock"
    with CellLock(path, "it"):
        os.truncate(path, 0)
        with pytest.raises(Busy, match="it is being run by another process;"), CellLock(path, "it"):
            pass
