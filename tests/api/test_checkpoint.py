"""Checkpoints, with real worker processes that are really killed: the numbers are those of an undisturbed run."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from bench.records.cell import make_cell
from bench.records.store import Store, read_arrays
from bench.running.registry import load_registry

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


TASK, EPOCHS, KILLED_AFTER = "nbody_1step_id", 6, 3

#: What makes EPOCHS epochs of 512 examples: both SEMoLA and augmentation send a copy of each along.
AMOUNTS = {
    "plain": ("passes", str(512 * EPOCHS)),
    "semola": ("passes", str(1024 * EPOCHS)),
    "true+augment": ("passes", str(1024 * EPOCHS)),
    "liegan": ("steps", str(8 * EPOCHS)),
}

#: A worker that keeps every epoch and, where told, is killed by the system right after one.
WORKER = """
import json, os, signal, sys
import bench.api.checkpoint
from bench.running.worker import run_job

bench.api.checkpoint.EVERY_S = 0.0
keep = bench.api.checkpoint.ResumableLoop.epoch_done

def epoch_done(self, epoch):
    keep(self, epoch)
    if epoch == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

bench.api.checkpoint.ResumableLoop.epoch_done = epoch_done
run_job(json.load(sys.stdin), lambda **message: print(json.dumps(message), flush=True))
"""


@pytest.fixture
def work(tmp_path):
    """``work(method, folder, kill_after=0)``: (cell, store, exit status, the passes (steps) it said to be done)."""

    def run(method: str, folder: str, kill_after: int = 0):
        registry, store = load_registry(), Store(tmp_path / folder)
        task, chosen = registry.task(TASK), registry.method(method)
        amount = [AMOUNTS[method]]
        cell = make_cell(task, chosen, search=None, budget="smoke", seed=0, fingerprint="x", assignments=amount)
        store.path(cell).parent.mkdir(parents=True, exist_ok=True)
        job = {
            "cell": asdict(cell),
            "root": str(store.root),
            "device": "cpu",
            "discovery": None,
            "tested": True,
            "threads": 1,
        }
        job["data_dir"] = str(tmp_path / "data")
        line = [sys.executable, "-c", WORKER, str(kill_after)]
        done = subprocess.run(line, input=json.dumps(job), capture_output=True, text=True, env=_one_thread())
        said = [json.loads(text) for text in done.stdout.splitlines()]
        return cell, store, done, [message["progress"][0] for message in said if "progress" in message]

    return run


def _one_thread() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}


@pytest.mark.parametrize("method", ["semola", "liegan", "true+augment"])
def test_a_killed_cell_continues_with_the_numbers_of_an_undisturbed_one(work, method):
    cell, undisturbed, _, said = work(method, "undisturbed")
    each = int(AMOUNTS[method][1]) // EPOCHS
    assert said == list(range(each, EPOCHS * each + 1, each))
    _, store, killed, _ = work(method, "killed", KILLED_AFTER)
    assert killed.returncode == -signal.SIGKILL
    assert store.checkpoint(cell).exists()
    assert store.finished(cell) is None
    _, _, done, said = work(method, "killed")
    assert done.returncode == 0, done.stderr
    assert said == list(range((KILLED_AFTER + 1) * each, EPOCHS * each + 1, each))  # nothing is done twice
    assert not store.checkpoint(cell).exists()
    first, second = undisturbed.finished(cell), store.finished(cell)
    assert first.status == second.status == "ok"
    assert first.scores == second.scores
    assert first.cost.steps == second.cost.steps
    ours, theirs = (read_arrays(s.path(cell), r) for s, r in ((undisturbed, first), (store, second)))
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


@pytest.mark.parametrize("damage", ["torn", "other code"])
def test_a_checkpoint_that_does_not_fit_is_not_taken(work, damage):
    cell, store, _, _ = work("plain", "killed", KILLED_AFTER)
    kept: Path = store.checkpoint(cell)
    if damage == "torn":
        kept.write_bytes(kept.read_bytes()[:1000])
    else:
        _change_identity(kept)
    _, _, done, said = work("plain", "killed")
    assert said == list(range(512, 512 * EPOCHS + 1, 512))
    assert store.finished(cell).status == "ok"
    assert ("starting over" in done.stderr) == (damage == "torn")


def _change_identity(path: Path) -> None:
    import torch

    torch.save(torch.load(path, weights_only=True) | {"identity": "another"}, path)
