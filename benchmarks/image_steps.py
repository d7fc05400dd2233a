"""Times steps of SEMoLA (K = 3) and GCNN on 28 x 28 images against the plain CNN, and their share of convolution.

Batch 64, the CNN of budget `small` (8-8-16-16 channels, batch norm), GCNN with as many parameters, one thread. All
three run alternately in one process; the ratios of their medians are the result. `python benchmarks/image_steps.py`
"""

from __future__ import annotations

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from bench.api import Method, Problem, RunContext, Split
from bench.lie.action import IdentityAction
from bench.lie.images import ImageAction
from bench.lie.search_space import affine2d
from bench.methods.gcnn import GCNN
from bench.methods.plain import Plain
from bench.methods.semola import Semola
from bench.nn.cnn import CNN

BATCH, EXAMPLES, ROUNDS, WIDTH = 64, 640, 6, 8
METHODS: dict[str, Method] = {"plain": Plain(), "semola": Semola(), "gcnn": GCNN()}
COPIES = {"semola": 3}


def main() -> None:
    torch.set_num_threads(1)
    problem = noise_images()
    timings: dict[str, list[float]] = {name: [] for name in METHODS}
    with tempfile.TemporaryDirectory() as folder:
        for round_ in range(ROUNDS + 1):
            for name in METHODS:
                seconds = step(name, problem, Path(folder))
                if round_:  # the first round warms up
                    timings[name].append(seconds)
        plain = statistics.median(timings["plain"])
        for name in METHODS:
            seconds = statistics.median(timings[name])
            ratio, share = seconds / plain, convolution_share(name, problem, Path(folder))
            print(f"{name:7s} {seconds * 1e3:7.2f} ms a step, {ratio:5.2f} of plain, {share:4.0%} in convolutions")


def noise_images() -> Problem:
    """A problem with random images; the time of a step does not depend on what images show."""
    images = torch.rand(EXAMPLES, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    train = Split(images, torch.arange(EXAMPLES) % 10)
    val = Split(images[:1], train.y[:1])
    action, invariant = ImageAction(28), IdentityAction(3)
    backbone = partial(CNN, WIDTH, 10, 0.0)
    return Problem(train, val, action, invariant, affine2d(), F.cross_entropy, backbone, torch.device("cpu"))


def step(name: str, problem: Problem, folder: Path) -> float:
    """Seconds per step of the committed method, once through the data."""
    method, copies = METHODS[name], COPIES.get(name, 0)
    chosen = {"copies": copies} if copies else {}
    params = method.Params(passes=(1 + copies) * EXAMPLES, batch_size=BATCH, **chosen)
    ctx = RunContext(params, 0, problem.device, folder)
    started = time.perf_counter()
    method.fit(problem, ctx)
    return (time.perf_counter() - started) / ctx.steps


def convolution_share(name: str, problem: Problem, folder: Path) -> float:
    """Share of the operators' own time that forward and backward convolutions take."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        step(name, problem, folder)
    rows = [(row.key, row.self_cpu_time_total) for row in profiler.key_averages()]
    return sum(t for key, t in rows if "conv" in key) / sum(t for _, t in rows)


if __name__ == "__main__":
    main()
