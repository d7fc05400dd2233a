"""Laws of the convolutional network."""

import copy
import re

import pytest
import torch
from torch import Tensor, nn

from bench.nn.cnn import CNN


def transcription(net: CNN, batch_norm: bool) -> nn.Sequential:
    """The network as its definition reads, with the same weights."""
    layers: list[nn.Module] = []
    for i, (conv, norm) in enumerate(zip(net.convs, net.norms, strict=True)):
        layers += [copy.deepcopy(conv), *([copy.deepcopy(norm)] if batch_norm else []), nn.ReLU()]
        if i in (1, 3):
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), copy.deepcopy(net.head))


def gradients(net: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
    """Of the cross-entropy, for the input and every parameter."""
    x = x.clone().requires_grad_()
    return list(torch.autograd.grad(nn.functional.cross_entropy(net(x), y), [x, *net.parameters()]))


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("batch_norm", [True, False], ids=["bn", "no-bn"])
def test_it_is_the_plain_sequence_of_layers_in_value_gradient_and_statistics(batch_norm, training):
    torch.manual_seed(0)
    net = CNN(5, classes=7, mean=0.3, batch_norm=batch_norm).double()
    net(torch.randn(9, 1, 28, 28, dtype=torch.float64))  # statistics other than 0 and 1
    plain = transcription(net, batch_norm)
    net.train(training), plain.train(training)
    x, y = torch.randn(6, 1, 28, 28, dtype=torch.float64), torch.randint(7, (6,))
    torch.testing.assert_close(net(x), plain(x - net.mean))
    torch.testing.assert_close(gradients(net, x, y), sorted_like(net, plain, gradients(plain, x - net.mean, y)))
    torch.testing.assert_close([b for n, b in net.named_buffers() if n != "mean"], list(plain.buffers()))


def sorted_like(net: CNN, plain: nn.Sequential, of_plain: list[Tensor]) -> list[Tensor]:
    """Gradients of ``plain`` in the order of the parameters of ``net``, which lists convolutions before norms."""
    modules = [m for kind in (nn.Conv2d, nn.BatchNorm2d, nn.Linear) for m in plain if isinstance(m, kind)]
    by_parameter = dict(zip(plain.parameters(), of_plain[1:], strict=True))
    return [of_plain[0], *(by_parameter[p] for m in modules for p in m.parameters())]


@pytest.mark.parametrize("batch_norm", [True, False])
def test_convolutions_have_a_bias_only_without_batch_norm(batch_norm):
    w, classes = 6, 10
    convolutions = 9 * (w + w * w + w * 2 * w + 2 * w * 2 * w)
    per_channel = (2 if batch_norm else 1) * (w + w + 2 * w + 2 * w)
    count = sum(p.numel() for p in CNN(w, classes, batch_norm=batch_norm).parameters())
    assert count == convolutions + per_channel + (2 * w + 1) * classes


def test_the_mean_is_subtracted_before_the_zero_padding():
    torch.manual_seed(0)
    plain, shifted = CNN(4).eval(), CNN(4, mean=0.25).eval()
    shifted.load_state_dict(plain.state_dict() | {"mean": shifted.mean})
    x = torch.randn(3, 1, 28, 28)
    torch.testing.assert_close(shifted(x + 0.25), plain(x))


def test_the_layout_of_the_input_does_not_matter():
    torch.manual_seed(0)
    net, x = CNN(4).eval(), torch.randn(3, 1, 12, 12)
    expected = net(x)
    torch.testing.assert_close(net(x.to(memory_format=torch.channels_last)), expected)
    torch.testing.assert_close(net(x.mT.contiguous().mT), expected)
    torch.testing.assert_close(net(x[:1]), expected[:1])


@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 2, 28, 28), (3, 1, 28, 24), (3, 1, 3, 3), ()])
def test_wrong_images_are_refused_with_their_shape(shape):
    message = f"CNN got images of shape {shape}; they must be (n, 1, size, size) with size at least 4."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        CNN(2)(torch.zeros(shape))


def test_a_network_without_channels_or_classes_is_refused():
    with pytest.raises(ValueError, match="CNN got width 0 and classes 10; both must be at least 1"):
        CNN(0)
