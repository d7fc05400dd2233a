"""Times one LieGAN step, ours against the reference: matrix_exp, sigmoid and BCE, a detached second pass, plain Adam.

Two bodies: D 512-512. Images: 28 x 28, D of 16 channels. Batch 64, one thread. Both sides run alternately in one
process; the ratio of their medians is the result. `python benchmarks/liegan_step.py`
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.api import Problem, RunContext, Split
from bench.api.training_problem import make_problem
from bench.lie.action import IdentityAction
from bench.lie.images import ImageAction
from bench.lie.search_space import affine2d
from bench.methods.liegan import LieGAN, LieGANParameters
from bench.nn.discriminators import ImageDiscriminator
from bench.running.registry import load_registry

BATCH, ROUNDS = 64, 6
#: Training examples of one round, and the family whose published settings apply.
SIZES = {"nbody": 6400, "rotated_mnist": 320}


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for family, problem in (("nbody", two_bodies(Path(folder))), ("rotated_mnist", noise_images())):
            ours, reference = [], []
            for round_ in range(ROUNDS + 1):
                timings = step_of_ours(problem, family, Path(folder)), step_of_reference(problem, family)
                if round_:  # the first round warms up
                    ours.append(timings[0])
                    reference.append(timings[1])
            a, b = statistics.median(ours), statistics.median(reference)
            print(f"{family:14s} ours {a * 1e3:7.2f} ms a step, reference {b * 1e3:7.2f}, ours / reference {a / b:.2f}")


def two_bodies(folder: Path) -> Problem:
    task = load_registry().task("nbody_1step_id")
    budget = replace(task.card.budgets["small"], train=SIZES["nbody"])
    return make_problem(task.load(budget, task.Options(), folder, 0), "mask2", torch.device("cpu"))


def noise_images() -> Problem:
    """A problem with random images; the time of a step does not depend on what images show."""
    n, draws = SIZES["rotated_mnist"], torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 10
    split = Split(torch.rand(n, 1, 28, 28, generator=draws), labels)
    action, invariant = ImageAction(28), IdentityAction(3)
    cpu = torch.device("cpu")
    return Problem(split, split, action, invariant, affine2d(), F.cross_entropy, nn.Identity, cpu)


def step_of_ours(problem: Problem, family: str, folder: Path) -> float:
    """Seconds per step of the committed method, once through the data."""
    steps = math.ceil(len(problem.train) / BATCH)
    params = LieGANParameters(**LieGAN.published[family], steps=steps, batch_size=BATCH)
    ctx = RunContext(params, 0, problem.device, folder)
    started = time.perf_counter()
    LieGAN().fit(problem, ctx)
    return (time.perf_counter() - started) / ctx.steps


def step_of_reference(problem: Problem, family: str) -> float:
    """Seconds per step of the published loop. Images are transformed with affine_grid in the default layout."""
    torch.manual_seed(0)
    images = family == "rotated_mnist"
    d = problem.search.dim
    basis = nn.Parameter(0.4 * torch.randn(1, d, d))
    judge = ReferenceImageJudge() if images else ReferenceVectorJudge()
    step_g = torch.optim.Adam([basis], lr=1e-3, betas=(0.5, 0.999))
    step_d = torch.optim.Adam(judge.parameters(), lr=2e-4)
    dataset = torch.utils.data.TensorDataset(problem.train.x, problem.train.y)
    loader = torch.utils.data.DataLoader(dataset, batch_size=BATCH, shuffle=True)
    started = time.perf_counter()
    for x, y in loader:
        ones, zeros = torch.ones(len(x), 1), torch.zeros(len(x), 1)
        g = torch.matrix_exp(torch.randn(len(x), 1, 1) * basis * problem.search.mask)
        gx, gy = (warp(g, x), y) if images else (torch.einsum("nij,ntj->nti", g, v) for v in (x, y))
        step_g.zero_grad()
        loss_g = F.binary_cross_entropy(judge(gx, gy), ones) + likeness(gx, x, images)
        loss_g.backward()
        step_g.step()
        step_d.zero_grad()
        real = F.binary_cross_entropy(judge(x, y), ones)
        fake = F.binary_cross_entropy(judge(gx.detach(), gy.detach()), zeros)
        loss_d = (real + fake) / 2
        loss_d.backward()
        step_d.step()
        loss_g.item(), loss_d.item()
    return (time.perf_counter() - started) / len(loader)


def warp(g: Tensor, x: Tensor) -> Tensor:
    return F.grid_sample(x, F.affine_grid(g[:, :2], list(x.shape), align_corners=True), align_corners=True)


def likeness(gx: Tensor, x: Tensor, images: bool) -> Tensor:
    if images:
        gx, x = (torch.log1p(torch.fft.fft2(v).abs()).flatten(1) for v in (gx, x))
    return torch.cosine_similarity(gx, x, dim=-1).mean().abs()


class ReferenceVectorJudge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        leaky = (nn.LeakyReLU(0.2), nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(
            nn.Linear(16, 512), leaky[0], nn.Linear(512, 512), leaky[1], nn.Linear(512, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        out: Tensor = self.layers(torch.cat([x.flatten(1), y.flatten(1)], 1))
        return out


class ReferenceImageJudge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = ImageDiscriminator(16, 10)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        h = x
        for i, (conv, norm) in enumerate(zip(self.parts.convs, self.parts.norms, strict=True)):
            h = F.relu(norm(conv(h)))
            h = F.max_pool2d(h, 2) if i in (2, 3) else h
            h = F.dropout2d(h, 0.3) if i >= 2 else h
        return torch.sigmoid(self.parts.head(torch.cat([h.mean((2, 3)), self.parts.embedding(y)], 1)))


if __name__ == "__main__":
    main()
