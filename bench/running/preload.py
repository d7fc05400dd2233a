"""Imports everything that workers share. The fork server imports this module once, so that no worker has to.

Only our own modules: what a plugin or another package does at import (threads, a GPU) must not be forked. The first
optimiser and the first forward derivative of a process each load a part of torch, which takes a second.
"""

import pkgutil
from contextlib import suppress
from importlib import import_module

import torch

from bench.lie.action import directional_derivative

for name in ("bench.running.worker", "scipy.integrate", "scipy.optimize", "torch._dynamo"):
    import_module(name)
for package in map(import_module, ("bench.methods", "bench.tasks")):
    for module in pkgutil.iter_modules(package.__path__):
        with suppress(Exception):  # the registry lists what cannot be imported, with the reason
            import_module(f"{package.__name__}.{module.name}")
directional_derivative(torch.sin, torch.zeros(1), torch.ones(1))
