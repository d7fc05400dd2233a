"""Our own layers over p4 against escnn's."""

import pytest
import torch
from torch import Tensor

from bench.nn.p4conv import TURNS, LiftingConv, P4Conv
from tests.oracles.arrays import committed, live

LAYERS = {"lifting": LiftingConv, "p4": P4Conv}


@pytest.fixture(params=LAYERS)
def name(request) -> str:
    return request.param


@pytest.fixture
def layer_class(name) -> type[P4Conv]:
    return LAYERS[name]


@pytest.fixture
def escnn(oracle, name) -> dict[str, Tensor]:
    """What escnn gives for the layer, by the last part of the array's name."""
    arrays, prefix = oracle("escnn"), f"{name}_"
    return {key.removeprefix(prefix): torch.from_numpy(arrays[key]) for key in arrays if key.startswith(prefix)}


def orientation_first(h: Tensor, axis: int, turns: int = TURNS) -> Tensor:
    """Reorder channels from escnn's, field before orientation, to ours; the sense of the turns is the same."""
    return h.unflatten(axis, (-1, turns)).transpose(axis, axis + 1).flatten(axis, axis + 1)


def expansion(layer_class: type[P4Conv]) -> Tensor:
    """The matrix from the weights of our layer, one channel to one channel, to its dense filter."""
    layer = layer_class(1, 1, bias=False)
    columns = []
    for unit in torch.eye(layer.weight.numel()):
        layer.weight.data = unit.view_as(layer.weight)
        columns.append(layer.filters().detach().flatten())
    return torch.stack(columns, 1)


def test_every_kernel_of_escnn_over_c4_is_one_of_ours(escnn, layer_class):
    ours = expansion(layer_class)
    theirs = orientation_first(orientation_first(escnn["filters"], 1), 2, layer_class.in_turns).flatten(1).T
    residual = theirs - ours @ torch.linalg.lstsq(ours, theirs).solution
    assert residual.norm() < 1e-5 * theirs.norm()
    # Ours are all filters that commute with the grid's turns; escnn leaves out high angular frequencies.
    dimensions = (torch.linalg.matrix_rank(ours).item(), torch.linalg.matrix_rank(theirs, rtol=1e-4).item())
    assert dimensions == {LiftingConv: (9, 6), P4Conv: (36, 24)}[layer_class]


def test_with_the_filter_and_bias_of_escnn_our_layer_gives_its_output(escnn, layer_class):
    ours = layer_class(2, 3)
    filters = orientation_first(escnn["filter"], 1, layer_class.in_turns)[::TURNS]  # of orientation 0
    ours.weight.data = filters.unflatten(1, (layer_class.in_turns, -1)).transpose(1, 2)
    ours.bias.data = escnn["bias"][::TURNS]
    expected = orientation_first(escnn["output"], 1).unflatten(1, (TURNS, -1))
    x = orientation_first(escnn["input"], 1, layer_class.in_turns)
    out = ours(x.unflatten(1, (TURNS, -1)) if layer_class is P4Conv else x)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)


def test_the_package_still_gives_the_committed_layers():
    expected, now = committed("escnn"), live("escnn")
    assert now.keys() == expected.keys() - {"versions"}
    for key, array in now.items():
        torch.testing.assert_close(torch.from_numpy(array), torch.from_numpy(expected[key]), atol=1e-5, rtol=1e-5)
