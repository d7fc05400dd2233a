"""Run by test_blindness.py in a process of its own: what a method could see of the test set and the truth.

``python look_around.py FOLDER TASK...`` reads and fits each task twice over: first to note digests of all that is
secret, then, in a fresh process, to look through the memory from within fit().
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from bench.api import EvaluationData, Group, TaskData, Truth, joined
from bench.datasets import mnist
from bench.datasets.cache import data_dir
from bench.methods.plain import Plain
from bench.records.cell import make_cell
from bench.running.loading import DataSource
from bench.running.registry import load_registry
from bench.running.worker import Work, run_cell

SECRET_TYPES = (EvaluationData, TaskData, Truth, Group)


def digits(_, part):
    """Random images in the place of MNIST, which not every machine has."""
    n = 60_000 if part == "train" else 10_000
    draws = np.random.default_rng(n)
    return mnist.Digits(draws.integers(0, 256, (n, 28, 28), dtype=np.uint8), draws.integers(0, 10, n))


def digests(array, length):
    """Of each ``length`` numbers of an array that stand next to each other in memory."""
    if length < 4 or array.size == 0 or array.size % length:
        return set()
    rows = np.ascontiguousarray(array, dtype=np.float32).reshape(-1, length)
    return {hashlib.blake2b(row.tobytes(), digest_size=12).hexdigest() for row in rows}


def secrets(data):
    """``length -> digests`` of test inputs, targets and true generators, in physical and in training units."""
    units, held_out = data.units, [data.test.x, data.units.x_to_training(data.test.x)]
    if data.test.y.is_floating_point():
        held_out += [data.test.y, units.y_to_training(data.test.y)]
    if data.orientations is not None:
        held_out += [data.orientations.upright.x, units.x_to_training(data.orientations.upright.x)]
    if data.truth is not None:
        # Generators with one entry stand in every basis of a search space as well.
        full = data.truth.textbook[(data.truth.textbook != 0).flatten(1).sum(1) > 1]
        held_out += [full, units.generators_to_training(full)]
    found: dict[int, set[str]] = {}
    for rows in held_out:
        length = rows[0].numel() if len(rows) else 0
        found.setdefault(length, set()).update(digests(rows.numpy(), length))
    known = [split.x for split in (data.train, data.val)]
    for rows in [*known, *map(units.x_to_training, known)]:
        found.setdefault(rows[0].numel(), set()).difference_update(digests(rows.numpy(), rows[0].numel()))
    return {length: sorted(rows) for length, rows in found.items() if rows}


def everything():
    """All objects that can be reached from the collector or from the frames of the callers."""
    frame, pending = sys._getframe(1), gc.get_objects()
    while frame is not None:
        pending.extend(frame.f_locals.values())
        frame = frame.f_back
    seen = {}
    while pending:
        thing = pending.pop()
        if id(thing) not in seen and thing is not seen and thing is not pending:
            seen[id(thing)] = thing
            pending.extend(gc.get_referents(thing) if not issubclass(type(thing), type) else ())
    return list(seen.values())


def numbers(thing):
    """The whole memory behind a tensor or an array, in its own type; None for anything else."""
    # type(thing): some objects of torch warn when isinstance() asks them for their class.
    if issubclass(type(thing), torch.Tensor) and thing.layout is torch.strided and not thing.is_quantized:
        storage = thing.detach().untyped_storage()
        return torch.tensor([], dtype=thing.dtype).set_(storage).numpy() if thing.is_floating_point() else None
    if issubclass(type(thing), np.ndarray) and thing.dtype.kind == "f":
        base = thing
        while isinstance(base.base, np.ndarray):
            base = base.base
        return base.reshape(-1)
    return None


class Looking(Plain):
    """Looks at every number in this process before it fits."""

    def __init__(self, forbidden):
        self.forbidden, self.seen = forbidden, []

    def fit(self, problem, ctx):
        for thing in everything():
            if type(thing) in SECRET_TYPES:
                self.seen.append(type(thing).__name__)
            array = numbers(thing)
            for length, rows in self.forbidden.items() if array is not None else ():
                if not digests(array, length).isdisjoint(rows):
                    self.seen.append(f"{type(thing).__name__} with secret rows of {length}")
        return super().fit(problem, ctx)


class Keeping:
    """A fault to be seen: keeps a part of the other phase in memory."""

    def __init__(self, task, part):
        self.task, self.part = task, part

    def __getattr__(self, name):
        return getattr(self.task, name)

    def load(self, budget, options, folder, seed):
        training = self.task.load(budget, options, folder, seed)
        test = self.task.load_test(training, budget, options, folder)
        self.kept = {
            "test": test.test.x.numpy()[3:],
            "truth": test.truth,
            "textbook": test.truth and test.truth.textbook,
        }
        self.kept = self.kept[self.part]
        return training


def source_of(task, folder):
    cell = make_cell(task, Plain(), search=None, budget="smoke", seed=0, fingerprint="x")
    return cell, DataSource.of(cell, task, folder)


def note(names, folder):
    for name in names:
        task = load_registry().task(name.partition(":")[0])
        _, source = source_of(task, data_dir())
        training = source.training()
        (folder / f"{name}.json").write_text(json.dumps(secrets(joined(training, source.evaluation(training)))))


def look(names, folder):
    for name in names:
        task_name, _, kept = name.partition(":")
        task = load_registry().task(task_name)
        forbidden = json.loads((folder / f"{name}.json").read_text())
        method = Looking({int(length): frozenset(rows) for length, rows in forbidden.items()})
        cell, _ = source_of(task, data_dir())
        work = Work(cell, Keeping(task, kept) if kept else task, method, torch.device("cpu"), data_dir())
        record, _ = run_cell(work, lambda **message: None)
        secret = sum(len(rows) for rows in forbidden.values())
        print(json.dumps({"task": name, "status": record.status, "secret": secret, "seen": sorted(set(method.seen))}))


def main():
    mnist.load = digits
    action, place, *tasks = sys.argv[1:]
    {"note": note, "look": look}[action](tasks, Path(place))
    if action == "note":
        line = [sys.executable, __file__, "look", place, *tasks]
        sys.exit(subprocess.run(line, env=os.environ, check=False).returncode)


if __name__ == "__main__":
    import look_around  # as a module with a name, which records of its classes need

    look_around.main()
