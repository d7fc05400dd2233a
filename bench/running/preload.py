"""Imports everything that workers share. The fork server imports this module once, so that no worker has to.

The first optimiser and the first forward derivative of a process each load a part of torch, which takes a second.
"""

from importlib import import_module

import torch

from bench.lie.action import directional_derivative
from bench.running.registry import load_registry

for name in ("bench.running.worker", "scipy.optimize", "torch._dynamo"):
    import_module(name)
load_registry()
directional_derivative(torch.sin, torch.zeros(1), torch.ones(1))
