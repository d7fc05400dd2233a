"""A network in reduced precision or compiled, for GPUs. It trains like the original, only faster."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Accelerated(nn.Module):
    """``net`` under bfloat16 autocast, through `torch.compile`, or both; weights, inputs and outputs keep their type.

    Only the network: group actions, exponentials and losses stay in full precision.

    Args:
        net: maps one tensor to one tensor.
        bfloat16: multiply matrices in bfloat16 (8 bits of mantissa: about 3 decimal digits).
        compiled: compile at the first call, for any number of atoms; needs a C++ compiler, on GPUs triton.
    """

    def __init__(self, net: nn.Module, *, bfloat16: bool, compiled: bool) -> None:
        super().__init__()
        self.net = net
        self.reduced = bfloat16
        if compiled:
            self.net.compile(dynamic=True)  # in place: names of weights in checkpoints stay

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.reduced):
            out: Tensor = self.net(x)
        return out.to(x.dtype)
