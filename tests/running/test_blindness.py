"""While a method fits, no test example and no truth is in the memory of its process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.datasets.cache import data_dir

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


#: Vectors, images and points; QM9 where the cache holds it.
BLIND = (
    "nbody_1step_id",
    "nbody_3step_ood",
    "nbody_eccentric_1step",
    "rotated_mnist_ood",
    "toy_se3",
    "discrete_rotation",
    "partial_permutation",
    *(["qm9_homo"] if (data_dir() / "qm9" / "qm9.npz").exists() else []),
)
#: Tasks that keep something of the second phase, and what is then seen.
KEPT = {
    "nbody_1step_id:test": "ndarray with secret rows of 8",
    "nbody_1step_id:truth": "Truth",
    "toy_se3:test": "ndarray with secret rows of 12",
    "rotated_mnist_id:textbook": "Tensor with secret rows of 9",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Task -> what a method saw that looked through everything in its process."""
    line = [
        sys.executable,
        str(Path(__file__).with_name("look_around.py")),
        "note",
        str(tmp_path_factory.mktemp("notes")),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*line, *BLIND, *KEPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    looks = [json.loads(text) for text in done.stdout.splitlines()]
    assert all(look["status"] == "ok" and look["secret"] for look in looks), looks
    return {look["task"]: look["seen"] for look in looks}


@pytest.mark.parametrize("task", BLIND)
def test_nothing_of_the_test_set_or_the_truth_is_in_memory_during_the_fit(seen, task):
    assert seen[task] == []


@pytest.mark.parametrize("task", KEPT)
def test_what_a_task_keeps_of_the_second_phase_is_seen(seen, task):
    assert KEPT[task] in seen[task]
