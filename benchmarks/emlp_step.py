"""Times one EMLP step against the emlp package (torch backend): SO(2) on four copies of R^2, batch 256, one thread.

Width 128 and 384, three hidden layers, Adam. The package fills a width with tensors of several orders, ours with copies
of the vector and as many invariants. Needs the extra `emlp`; without it only our side is timed.
`python benchmarks/emlp_step.py`
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn

from bench.nn.emlp import EMLP, EMLPSize, Output
from bench.nn.equivariant_spaces import EquivariantSpaces

BATCH, BLOCKS, WIDTHS, STEPS = 256, 3, (128, 384), 5
J = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
PLANES = torch.kron(torch.eye(4, dtype=torch.float64), J)[None]  # (1, 8, 8)


def main() -> None:
    torch.set_num_threads(1)
    for width in WIDTHS:
        spaces = EquivariantSpaces(PLANES)
        ours = seconds_per_step(
            EMLP(spaces, (1, 0), (1, 8), Output.VECTORS, EMLPSize(width // 8, BLOCKS)), (BATCH, 1, 8)
        )
        theirs = package(width)
        reference = "package not installed"
        if theirs is not None:
            seconds = seconds_per_step(theirs, (BATCH, 8))
            reference = f"package {seconds * 1e3:8.1f}, ours / package {ours / seconds:.3f}"
        print(f"width {width}: ours {ours * 1e3:6.1f} ms a step, {reference}")


def package(width: int) -> nn.Module | None:
    """The package's network with this width; None when the package is not installed."""
    try:
        import emlp.nn.pytorch as library
        from emlp.groups import SO
        from emlp.reps import V
    except ImportError:
        return None
    group = SO(2)
    network: nn.Module = library.EMLP(4 * V(group), 4 * V(group), group=group, ch=width, num_layers=BLOCKS)
    return network


def seconds_per_step(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Median seconds of forward, backward and update; two steps warm up."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3, fused=True)
    seconds = []
    for _ in range(STEPS + 2):
        started = time.perf_counter()
        loss = (network(x) - x).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[2:])


if __name__ == "__main__":
    main()
