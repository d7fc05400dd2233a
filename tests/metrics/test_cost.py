"""Laws of the cost helpers."""

import torch
from torch import nn

from bench.metrics.cost import parameter_count, peak_memory_mb


def test_shared_parameters_count_once_and_frozen_ones_not_at_all():
    layer = nn.Linear(3, 2)
    assert parameter_count(nn.Sequential(layer, layer)) == 8
    layer.bias.requires_grad_(False)
    assert parameter_count(layer) == 6


def test_peak_memory_grows_by_what_is_touched_and_never_falls():
    before = peak_memory_mb()
    assert 20 < before < 1e6
    block = torch.ones(50_000_000)  # 200 MB
    grown = peak_memory_mb()
    del block
    assert peak_memory_mb() >= grown >= before
