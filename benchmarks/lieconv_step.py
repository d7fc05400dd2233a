"""Times a training step of LieConvNet against a direct implementation, padded to the largest molecule.

Synthetic molecules with the sizes of QM9, width 64, 2 blocks, batch 64, one thread:
``python benchmarks/lieconv_step.py``.
"""

import statistics
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.nn.lieconv import SPECIES, LieConvBlock, LieConvNet, atom_features
from bench.nn.pair_convolution import KernelLayer, LieConv

BATCH, WIDTH, BLOCKS, LARGEST, STEPS = 64, 64, 2, 29, 15


class DirectNet(nn.Module):
    """Same parameters and the same function as ``net``, with every tensor of the definition formed."""

    def __init__(self, net: LieConvNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        net, mask = self.net, x[..., 0] > 0  # (n, atoms)
        h = net.embedding(atom_features(x[..., 0], net.species))  # (n, atoms, k)
        for block in net.blocks:
            assert isinstance(block, LieConvBlock)
            v = block.squeeze(F.silu(block.norm1(h, mask)))
            v = self.convolve(block.convolution, F.silu(block.norm2(v, mask)), x[..., 1:], mask)
            h = h + block.expand(F.silu(block.norm3(v, mask)))
        out = net.head(F.silu(net.norm(h, mask)))[..., 0]  # (n, atoms)
        mean: Tensor = (out * mask).sum(1) / mask.sum(1)  # (n,)
        return mean

    def convolve(self, conv: LieConv, v: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        size, pairs = x.shape[1], mask[:, :, None] & mask[:, None]  # (n, i, j)
        i, j = x[:, :, None].expand(-1, -1, size, -1), x[:, None].expand(-1, size, -1, -1)
        w = torch.cat([i, j], 3) if self.net.group == "trivial" else i - j  # (n, i, j, 6) or (n, i, j, 3)
        for layer in (conv.first, *conv.rest):
            assert isinstance(layer, KernelLayer)
            w = F.silu(layer.norm(layer.linear(w), pairs))
        sums = torch.einsum("nijm,njc->nimc", w * pairs[..., None], v)
        out: Tensor = conv.mix(sums.flatten(2)) / mask.sum(1)[:, None, None]  # (n, i, c)
        return out


def qm9_like(sizes: Tensor, width: int) -> Tensor:
    """Random molecules ``(n, width, 4)`` with the given numbers of atoms ``(n,)``."""
    charges = torch.tensor(SPECIES, dtype=torch.float32)[torch.randint(0, 5, (len(sizes), width))]
    x = torch.cat([charges[..., None], 2.0 * torch.randn(len(sizes), width, 3)], 2)  # (n, width, 4)
    return x * (torch.arange(width) < sizes[:, None])[..., None]


def step_seconds(net: nn.Module, batches: list[Tensor]) -> float:
    """Median seconds of a step: forward, backward, Adam."""
    optimiser = torch.optim.Adam(net.parameters(), 3e-3, fused=True)
    seconds = []
    for x in batches:
        start = time.perf_counter()
        optimiser.zero_grad()
        net(x).abs().mean().backward()
        optimiser.step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[3:])


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    # QM9: 18.0 atoms on average, standard deviation 3.0, 3 to 29. Ours come grouped by size.
    sizes = (18.0 + 3.0 * torch.randn(STEPS * BATCH)).round().clamp(3, LARGEST)
    ours = [qm9_like(s, int(s.max())) for s in torch.split(sizes.sort().values, BATCH)]
    direct = [qm9_like(s, LARGEST) for s in torch.split(sizes, BATCH)]
    order = torch.randperm(STEPS).tolist()
    for group in ("trivial", "t3"):
        net = LieConvNet(WIDTH, BLOCKS, group)
        slow, fast = step_seconds(DirectNet(net), direct), step_seconds(net, [ours[k] for k in order])
        print(
            f"{group:8s} ours {1e3 * fast:6.1f} ms   direct {1e3 * slow:6.1f} ms   ratio {slow / fast:4.1f}   "
            f"ours {BATCH / fast:5.0f} molecules/s"
        )


if __name__ == "__main__":
    main()
