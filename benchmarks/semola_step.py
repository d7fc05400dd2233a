"""Times one SEMoLA step on two-body data against a direct one: a shuffling DataLoader and torch.matrix_exp.

Batch 64, K = 4 augmentations, MLP 32x3, one thread. Both sides run alternately in one process; the ratio of their
medians is the result. `python benchmarks/semola_step.py`
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from bench.api import Problem, RunContext
from bench.api.training_problem import make_problem
from bench.methods.semola import LieAugmenter, Semola, SemolaParams
from bench.running.registry import load_registry

BATCH, COPIES, ROUNDS = 64, 4, 6


def main() -> None:
    torch.set_num_threads(1)
    task = load_registry().task("nbody_1step_id")
    with tempfile.TemporaryDirectory() as folder:
        data = task.load(task.card.budgets["small"], task.Options(), Path(folder), 0)
        problem = make_problem(data, "full", torch.device("cpu"))
        ours, reference = [], []
        for round_ in range(ROUNDS + 1):
            timings = step_of_ours(problem, Path(folder)), step_of_reference(problem)
            if round_:  # the first round warms up
                ours.append(timings[0])
                reference.append(timings[1])
    a, b = statistics.median(ours), statistics.median(reference)
    print(f"ours                        {a * 1e3:7.2f} ms a step")
    print(f"matrix_exp and DataLoader   {b * 1e3:7.2f} ms a step")
    print(f"ours / reference            {a / b:7.2f}    (0.25 is wanted)")


def step_of_ours(problem: Problem, folder: Path) -> float:
    """Seconds per step of the committed method, once through the data and the validation after it."""
    passes = (1 + COPIES) * len(problem.train)
    params = SemolaParams(
        passes=passes, batch_size=BATCH, lr=2e-3, copies=COPIES, weight_augmentation=0.1, weight_sparsity=0.0
    )
    ctx = RunContext(params, 0, problem.device, folder)
    started = time.perf_counter()
    Semola().fit(problem, ctx)
    return (time.perf_counter() - started) / ctx.steps


def step_of_reference(problem: Problem) -> float:
    """Seconds per step of a direct implementation with the same losses and optimiser."""
    torch.manual_seed(0)
    network = problem.backbone()
    augmenter = LieAugmenter(1, problem.search.mask, 8**0.5)
    optimiser = torch.optim.Adam([*network.parameters(), *augmenter.parameters()], lr=2e-3)
    dataset = torch.utils.data.TensorDataset(problem.train.x, problem.train.y)
    loader = torch.utils.data.DataLoader(dataset, batch_size=BATCH, shuffle=True)
    started = time.perf_counter()
    for x, y in loader:
        loss = reference_loss(network, augmenter, x, y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
    with torch.no_grad():
        nn.functional.mse_loss(network(problem.val.x), problem.val.y)
    return (time.perf_counter() - started) / len(loader)


def reference_loss(network: nn.Module, augmenter: LieAugmenter, x: Tensor, y: Tensor) -> Tensor:
    generators = augmenter()  # (1, 8, 8)
    w = 2 * torch.rand(len(x) * COPIES, 1, 1) - 1
    g = torch.matrix_exp(w * generators)  # (b·K, 8, 8)
    gx = torch.einsum("nij,ntj->nti", g, x.repeat_interleave(COPIES, 0))
    gy = torch.einsum("nij,ntj->nti", g, y.repeat_interleave(COPIES, 0))
    similarity = torch.cosine_similarity(gx, x.repeat_interleave(COPIES, 0), dim=-1).mean().abs()
    task = nn.functional.mse_loss(network(x), y)
    return task + nn.functional.mse_loss(network(gx), gy) + 0.1 * similarity


if __name__ == "__main__":
    main()
