"""On a GPU: the arithmetic that has a path of its own gives what it gives on the CPU."""

import pytest
import torch

from bench.api.coefficients import uniform_sampler
from bench.lie.exponential import expm
from bench.lie.images import ImageAction
from bench.lie.one_parameter import OneParameter
from bench.lie.points import PointAction
from bench.lie.vectors import VectorAction
from bench.records.cell import make_cell
from bench.running.registry import load_registry
from bench.running.worker import Work, run_cell

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU"),
]


def test_exponentials_and_their_gradients():
    generator, w = torch.randn(8, 8, dtype=torch.float64), torch.linspace(-1, 1, 9, dtype=torch.float64)
    results = []
    for device in ("cpu", "cuda"):
        leaf = generator.to(device).requires_grad_()
        element = OneParameter(w.to(device), leaf).exp(12.0)
        (gradient,) = torch.autograd.grad(element.square().sum(), [leaf])
        results.append((element.cpu(), gradient.cpu(), expm(w.to(device)[:, None, None] * leaf, 12.0).cpu()))
    for on_cpu, on_gpu in zip(*results, strict=True):
        torch.testing.assert_close(on_gpu, on_cpu, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("action", "shape"), [(VectorAction(4), (2, 4)), (ImageAction(9), (1, 9, 9)), (PointAction(), (5, 4))]
)
def test_actions(action, shape):
    algebra = 0.3 * torch.randn(6, action.dim, action.dim, dtype=torch.float64)
    algebra[:, -1] = 0.0
    x = torch.rand(6, *shape, dtype=torch.float64)
    torch.testing.assert_close(action.apply(algebra.cuda(), x.cuda()).cpu(), action.apply(algebra, x))


@pytest.mark.parametrize("name", ["nbody_1step_id", "toy_se3", "discrete_rotation"])
def test_a_cell_runs_and_is_evaluated_on_the_gpu(name, tmp_path):
    registry = load_registry()
    task, method = registry.task(name), registry.method("semola")
    cell = make_cell(task, method, search=None, budget="smoke", seed=0, fingerprint="x")
    record, _ = run_cell(Work(cell, task, method, torch.device("cuda"), tmp_path), lambda **message: None)
    assert record.status == "ok", record.reason


def test_draws_on_the_device_of_their_generator():
    draws = uniform_sampler(torch.randn(1, 3, 3, device="cuda"), 1.0).factors(5, torch.Generator("cuda").manual_seed(0))
    assert draws.coefficients.device.type == draws.generator.device.type == "cuda"
