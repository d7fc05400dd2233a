"""Laws of the steerable network, and escnn as the oracle of our own layers over p4."""

import copy
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from bench.errors import BenchError
from bench.nn.p4conv import TURNS, LiftingConv, P4Conv
from bench.nn.steerable_cnn import steerable_cnn


@pytest.fixture
def escnn() -> Any:
    """The module; without it the test is skipped."""
    return pytest.importorskip("escnn.nn")


@pytest.fixture(params=[LiftingConv, P4Conv], ids=["lifting", "p4"])
def layer_class(request) -> type[P4Conv]:
    return request.param


def layer_of_escnn(escnn: Any, layer_class: type[P4Conv], in_fields: int, out_fields: int) -> Any:
    """The same layer over C4, of trivial or regular fields to regular fields, with random weights."""
    plane = sys.modules["escnn.gspaces"].rot2dOnR2(4)
    representation = plane.regular_repr if layer_class is P4Conv else plane.trivial_repr
    in_type = escnn.FieldType(plane, [representation] * in_fields)
    layer = escnn.R2Conv(in_type, escnn.FieldType(plane, [plane.regular_repr] * out_fields), 3, padding=1, bias=True)
    torch.nn.init.normal_(layer.weights)
    torch.nn.init.normal_(layer.bias)
    return layer


def orientation_first(h: Tensor, axis: int, turns: int = TURNS) -> Tensor:
    """Reorder channels from escnn's, field before orientation, to ours; the sense of the turns is the same."""
    return h.unflatten(axis, (-1, turns)).transpose(axis, axis + 1).flatten(axis, axis + 1)


def dense_filter(layer: Any, layer_class: type[P4Conv]) -> Tensor:
    """The whole filter of a layer of escnn, in our order of channels."""
    filters, _ = layer.expand_parameters()
    return orientation_first(orientation_first(filters.detach(), 0), 1, layer_class.in_turns)


def expansion(layer_class: type[P4Conv]) -> Tensor:
    """The matrix from the weights of our layer, one channel to one channel, to its dense filter."""
    layer = layer_class(1, 1, bias=False)
    columns = []
    for unit in torch.eye(layer.weight.numel()):
        layer.weight.data = unit.view_as(layer.weight)
        columns.append(layer.filters().detach().flatten())
    return torch.stack(columns, 1)


def test_every_kernel_of_escnn_over_c4_is_one_of_ours(escnn, layer_class):
    torch.manual_seed(0)
    ours = expansion(layer_class)
    theirs = [dense_filter(layer_of_escnn(escnn, layer_class, 1, 1), layer_class).flatten() for _ in range(60)]
    theirs = torch.stack(theirs, 1)  # more samples than dimensions
    residual = theirs - ours @ torch.linalg.lstsq(ours, theirs).solution
    assert residual.norm() < 1e-5 * theirs.norm()
    # Ours are all filters that commute with the grid's turns; escnn leaves out high angular frequencies.
    dimensions = (torch.linalg.matrix_rank(ours).item(), torch.linalg.matrix_rank(theirs, rtol=1e-4).item())
    assert dimensions == {LiftingConv: (9, 6), P4Conv: (36, 24)}[layer_class]


def test_with_the_filter_and_bias_of_escnn_our_layer_gives_its_output(escnn, layer_class):
    torch.manual_seed(0)
    theirs, ours = layer_of_escnn(escnn, layer_class, 2, 3), layer_class(2, 3)
    filters, bias = theirs.expand_parameters()
    filters = orientation_first(filters.detach(), 1, layer_class.in_turns)[::TURNS]  # of orientation 0
    ours.weight.data = filters.unflatten(1, (layer_class.in_turns, -1)).transpose(1, 2)
    ours.bias.data = bias.detach()[::TURNS]
    x = torch.randn(2, 2 * layer_class.in_turns, 9, 9)
    expected = orientation_first(theirs(theirs.in_type(x)).tensor, 1).unflatten(1, (TURNS, -1))
    x = orientation_first(x, 1, layer_class.in_turns)
    out = ours(x.unflatten(1, (TURNS, -1)) if layer_class is P4Conv else x)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("batch_norm", [True, False], ids=["bn", "no-bn"])
@pytest.mark.parametrize("group", ["c4", "c8", "c16"])
def test_the_logits_do_not_change_under_quarter_turns(escnn, group, batch_norm):
    torch.manual_seed(0)
    net, x = steerable_cnn(group, 2, classes=7, mean=0.2, batch_norm=batch_norm), torch.rand(6, 1, 28, 28)
    for training in (True, False):
        net.train(training)
        expected = net(x)
        assert expected.shape == (6, 7)
        assert type(expected) is Tensor
        spread = expected.std(0).max().item()
        assert spread > 1e-3
        torch.testing.assert_close(net(x.rot90(1, (2, 3))), expected, atol=min(1e-4, 0.01 * spread), rtol=0)
        assert (net(x.flip(3)) - expected).abs().max() > 0.1 * spread


def test_an_evaluated_network_can_be_copied_and_loads_weights_and_follows_them(escnn):
    torch.manual_seed(0)
    net, other = steerable_cnn("c8", 2).eval(), steerable_cnn("c8", 2).eval()
    x = torch.rand(2, 1, 28, 28)
    assert (net(x) - other(x)).abs().max() > 1e-3
    torch.testing.assert_close(copy.deepcopy(net)(x), net(x))
    other.load_state_dict(net.train().state_dict())
    torch.testing.assert_close(other(x), net.eval()(x))


def test_every_parameter_gets_a_gradient(escnn):
    net = steerable_cnn("c4", 2)
    net(torch.rand(3, 1, 12, 12)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())


def test_wrong_images_are_refused_with_their_shape(escnn):
    with pytest.raises(ValueError, match=r"SteerableCNN got images of shape \(3, 1, 30, 30\)"):
        steerable_cnn("c4", 2)(torch.zeros(3, 1, 30, 30))


def test_wrong_groups_and_sizes_are_refused_by_name():
    with pytest.raises(ValueError, match="steerable_cnn got group 'c6'; it must be one of c4, c8, c16"):
        steerable_cnn("c6")
    with pytest.raises(ValueError, match="steerable_cnn got width 0 and classes 10"):
        steerable_cnn("c8", 0)


def test_without_escnn_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "escnn", None)
    message = r"group 'c8' of gcnn needs escnn, .*; `pip install \"symmetry-bench\[escnn\]\"` \(needs a Fortran"
    with pytest.raises(BenchError, match=message):
        steerable_cnn("c8")
