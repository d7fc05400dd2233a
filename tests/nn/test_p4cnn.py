"""Laws of the group convolutions over p4 and of the network made of them."""

import math
import re

import pytest
import torch
from torch import Tensor

from bench.lie.images import ImageAction
from bench.nn.cnn import CNN
from bench.nn.p4cnn import P4CNN, P4BatchNorm, matching_width, parameter_count
from bench.nn.p4conv import LiftingConv, P4Conv


def turned_image(x: Tensor, quarters: int) -> Tensor:
    """R^quarters on ``(n, c, h, w)``."""
    return x.rot90(quarters, (2, 3))


def turned(f: Tensor, quarters: int) -> Tensor:
    """R^quarters on functions on p4, ``(n, 4, c, h, w)``: the plane turns and the orientations shift."""
    return f.rot90(quarters, (3, 4)).roll(quarters, 1)


def lively(batch_norm: bool, size: int) -> tuple[P4CNN, Tensor]:
    """A network and six images whose logits differ by far more than rounding does."""
    torch.manual_seed(0)
    net, x = P4CNN(4, mean=0.2, batch_norm=batch_norm), torch.zeros(6, 1, size, size)
    for image in x[:, 0]:
        for row, column in torch.randint(size - 3, (6, 2)).tolist():
            image[row : row + 4, column : column + 2] = 1  # upright bars
    with torch.no_grad():
        for conv in net.convs:
            conv.weight.mul_(math.sqrt(6))  # He's scale: the features neither die out nor explode
    for _ in range(30):
        net(x)  # running statistics of batch norm
    return net, x


def group_correlation(f: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Sum over the group as the definition reads, one product h = (y, s) and g = (t, r) at a time."""
    n, turns, _, h, w = f.shape
    half = weight.shape[-1] // 2
    out = torch.zeros(n, 4, len(weight), h, w, dtype=f.dtype) + bias[:, None, None]
    for r in range(4):
        for s in range(turns):
            for ty, tx, yy, yx in torch.cartesian_prod(*(torch.arange(m) for m in (h, w, h, w))).tolist():
                dy, dx = yy - ty, yx - tx
                for _ in range(r):  # R^-1, clockwise: what lies right of the centre comes to lie below it
                    dy, dx = dx, -dy
                if max(abs(dy), abs(dx)) <= half:
                    psi = weight[:, :, (s - r) % turns, half + dy, half + dx]  # (o, i)
                    out[:, r, :, ty, tx] += f[:, s, :, yy, yx] @ psi.T
    return out


@pytest.mark.parametrize("kernel", [1, 3])
def test_the_p4_layer_is_the_sum_over_the_group(kernel):
    torch.manual_seed(0)
    layer = P4Conv(2, 3, kernel).double()
    f = torch.randn(2, 4, 2, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(layer(f), group_correlation(f, layer.weight, layer.bias))


def test_the_lifting_layer_is_the_sum_over_the_plane_for_every_turn():
    torch.manual_seed(0)
    layer = LiftingConv(2, 3).double()
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(x), group_correlation(x[:, None], layer.weight, layer.bias))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turning_the_input_of_a_layer_turns_its_output_and_shifts_its_orientations(quarters):
    torch.manual_seed(0)
    x, f = torch.randn(2, 3, 7, 7, dtype=torch.float64), torch.randn(2, 4, 3, 8, 8, dtype=torch.float64)
    lift, conv, norm = LiftingConv(3, 5).double(), P4Conv(3, 5).double(), P4BatchNorm(3).double()
    torch.testing.assert_close(lift(turned_image(x, quarters)), turned(lift(x), quarters))
    torch.testing.assert_close(conv(turned(f, quarters)), turned(conv(f), quarters))
    torch.testing.assert_close(norm(turned(f, quarters)), turned(norm(f), quarters))


def test_batch_norm_shares_its_statistics_between_the_orientations():
    torch.manual_seed(0)
    norm, f = P4BatchNorm(3).double(), 2 * torch.randn(5, 4, 3, 6, 6, dtype=torch.float64) + 1
    out = norm(f)
    mean, variance = f.mean((0, 1, 3, 4)), f.var((0, 1, 3, 4), unbiased=False)
    torch.testing.assert_close(out, (f - mean[:, None, None]) / (variance[:, None, None] + norm.eps).sqrt())
    torch.testing.assert_close(norm.running_mean, 0.1 * mean)


@pytest.mark.parametrize("size", [28, 12])
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("batch_norm", [True, False], ids=["bn", "no-bn"])
def test_the_logits_do_not_change_under_quarter_turns(batch_norm, training, size):
    net, x = lively(batch_norm, size)
    net.train(training)
    expected = net(x)
    assert expected.std(0).max() > 1e-2
    for quarters in (1, 2, 3):
        torch.testing.assert_close(net(turned_image(x, quarters)), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("batch_norm", [True, False], ids=["bn", "no-bn"])
def test_the_logits_change_under_an_eighth_of_a_turn_and_under_a_reflection(batch_norm):
    net, x = lively(batch_norm, 28)
    net.eval()
    quarter = torch.tensor([[[0.0, -1, 0], [1, 0, 0], [0, 0, 0]]]) * math.pi / 2
    action, expected = ImageAction(28), net(x)
    torch.testing.assert_close(net(action.apply(quarter, x)), expected, atol=1e-4, rtol=0)
    assert (net(action.apply(quarter / 2, x)) - expected).abs().max() > 1e-2
    assert (net(x.flip(3)) - expected).abs().max() > 1e-2


def test_no_images_have_no_logits():
    assert P4CNN(2).eval()(torch.zeros(0, 1, 8, 8)).shape == (0, 10)


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize(("width", "classes"), [(1, 10), (8, 10), (5, 3)])
def test_the_parameter_count_is_that_of_the_network(width, classes, batch_norm):
    count = sum(p.numel() for p in P4CNN(width, classes, batch_norm=batch_norm).parameters())
    assert parameter_count(width, classes, batch_norm) == count


@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_matching_width_is_the_nearest_of_all(batch_norm):
    counts = [parameter_count(width, batch_norm=batch_norm) for width in range(1, 40)]
    for parameters in [0, 1, *range(100, 200_000, 517)]:
        best = min(abs(count - parameters) for count in counts)
        assert abs(counts[matching_width(parameters, batch_norm=batch_norm) - 1] - parameters) == best


def test_half_the_fields_match_the_parameters_of_the_plain_network():
    assert matching_width(sum(p.numel() for p in CNN(16).parameters())) == 8


@pytest.mark.parametrize("layer", [LiftingConv(2, 3), P4Conv(2, 3)], ids=["lifting", "p4"])
def test_gradients_agree_with_finite_differences(layer):
    torch.manual_seed(0)
    shape = (1, 2, 4, 4) if isinstance(layer, LiftingConv) else (1, 4, 2, 4, 4)
    layer, x = layer.double(), torch.randn(shape, dtype=torch.float64, requires_grad=True)

    def function(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, x)

    assert torch.autograd.gradcheck(function, (x, layer.weight, layer.bias))


@pytest.mark.parametrize("shape", [(3, 28, 28), (3, 2, 28, 28), (3, 1, 28, 24), (3, 1, 0, 0), (3, 1, 30, 30)])
def test_wrong_images_are_refused_with_their_shape(shape):
    message = f"P4CNN got images of shape {shape}; they must be (n, 1, size, size) with size a positive multiple of 4."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        P4CNN(2)(torch.zeros(shape))


def test_wrong_shapes_and_sizes_of_a_layer_are_refused_by_name():
    with pytest.raises(ValueError, match=r"P4Conv got an input of shape \(1, 2, 6, 6\); it must be \(n, 4, 2, h, w\)"):
        P4Conv(2, 3)(torch.zeros(1, 2, 6, 6))
    with pytest.raises(ValueError, match=r"P4Conv got an input of shape \(1, 4, 3, 6, 6\)"):
        P4Conv(2, 3)(torch.zeros(1, 4, 3, 6, 6))
    with pytest.raises(
        ValueError, match=r"LiftingConv got an input of shape \(1, 3, 6, 6\); it must be \(n, 2, h, w\)"
    ):
        LiftingConv(2, 3)(torch.zeros(1, 3, 6, 6))
    with pytest.raises(ValueError, match=r"P4Conv got 2 and 3 channels and kernel 4; .* the kernel odd"):
        P4Conv(2, 3, kernel=4)
    with pytest.raises(ValueError, match="P4CNN got width 0 and classes 10"):
        P4CNN(0)
