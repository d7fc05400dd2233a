"""Laws of the molecular network: size, symmetries, and agreement with its definition written as loops."""

import pytest
import torch
import torch.nn.functional as F

from bench.nn.lieconv import SPECIES, LieConvNet

GROUPS = ["trivial", "t3"]


@pytest.fixture
def molecules():
    """Five molecules of 3 to 7 atoms, float64, padded to 7."""
    torch.manual_seed(0)
    x = torch.randn(5, 7, 4, dtype=torch.float64) * 1.5
    x[..., 0] = torch.tensor(SPECIES, dtype=torch.float64)[torch.randint(0, 5, (5, 7))]
    for row, size in enumerate([7, 3, 5, 4, 6]):
        x[row, size:] = 0
    return x


def make(group, width=16, blocks=2):
    """A network with random instead of trivial norms and running statistics."""
    torch.manual_seed(1)
    net = LieConvNet(width, blocks, group).double()
    with torch.no_grad():
        for name, p in [*net.named_parameters(), *net.named_buffers()]:
            if "norm" in name:
                p.copy_(torch.rand_like(p) + 0.5)
    return net


@pytest.mark.parametrize(
    ("group", "width", "count"),
    [("trivial", 1536, 21_316_129), ("t3", 1536, 21_315_553), ("trivial", 64, 51_617), ("t3", 64, 51_041)],
)
def test_the_reference_sizes_have_the_published_number_of_parameters(group, width, count):
    with torch.device("meta"):
        net = LieConvNet(width, 6, group)
    assert sum(p.numel() for p in net.parameters()) == count


def by_definition(net, x):
    """The network in training mode, atom by atom; norms see the list of all their valid rows."""

    def norm_swish(module, rows):
        return F.silu(F.batch_norm(rows, None, None, module.weight, module.bias, training=True, eps=module.eps))

    molecules = [[atom for atom in molecule if atom[0] > 0] for molecule in x]
    z = torch.stack([atom[0] for m in molecules for atom in m])
    one_hot = torch.stack([(z == s).to(x.dtype) for s in SPECIES], 1)
    h = net.embedding(torch.stack([one_hot, one_hot * z[:, None] / 9, one_hot * z[:, None] ** 2 / 81], 2).flatten(1))
    for block in net.blocks:
        conv = block.convolution
        v = norm_swish(block.norm2, block.squeeze(norm_swish(block.norm1, h)))
        pairs = [(a[1:], b[1:]) for m in molecules for a in m for b in m]
        w = torch.stack([torch.cat(p) if net.group == "trivial" else p[0] - p[1] for p in pairs])
        for layer in (conv.first, *conv.rest):
            w = norm_swish(layer.norm, layer.linear(w))
        out, pair, first = [], 0, 0
        for m in molecules:
            for _ in m:
                total = 0
                for j in range(len(m)):
                    total = total + torch.outer(w[pair], v[first + j])
                    pair += 1
                out.append(conv.mix(total.flatten()) / len(m))
            first += len(m)
        h = h + block.expand(norm_swish(block.norm3, torch.stack(out)))
    per_atom = net.head(norm_swish(net.norm, h))[:, 0].split([len(m) for m in molecules])
    return torch.stack([p.mean() for p in per_atom])


@pytest.mark.parametrize("group", GROUPS)
def test_the_network_and_its_gradients_are_those_of_the_definition(group, molecules):
    net = make(group)
    expected, got = by_definition(net, molecules), net(molecules)
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=1e-6)
    parameters = list(net.parameters())
    weights = torch.randn(5, dtype=torch.float64)
    for p, q in zip(
        torch.autograd.grad(got @ weights, parameters), torch.autograd.grad(expected @ weights, parameters), strict=True
    ):
        torch.testing.assert_close(p, q, atol=1e-8, rtol=1e-6)


@pytest.mark.parametrize("group", GROUPS)
def test_evaluation_continues_training_once_the_statistics_have_settled(group, molecules):
    net = make(group)
    for module in net.modules():
        if hasattr(module, "momentum"):
            module.momentum = 1.0
    # With momentum 1 the running statistics are the last batch's, except for the unbiased variance.
    trained = net(molecules)
    for name, buffer in net.named_buffers():
        if name.endswith("running_var"):
            count = 135 if "convolution" in name else 25  # 7^2 + 3^2 + 5^2 + 4^2 + 6^2 pairs, 25 atoms
            buffer.mul_((count - 1) / count)
    torch.testing.assert_close(net.eval()(molecules), trained, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("group", GROUPS)
def test_order_of_atoms_and_amount_and_content_of_padding_do_not_matter(group, training, molecules):
    net = make(group).train(training).float()
    x = molecules.float()
    padded = torch.cat([x, torch.zeros(5, 4, 4)], 1)
    padded[..., 1:][padded[..., 0] == 0] = 100.0
    shuffled = padded[:, torch.randperm(11)]
    torch.testing.assert_close(net(shuffled), net(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_t3_is_invariant_to_translations_and_trivial_is_not(training, molecules):
    def change(group, x, moved):
        net = make(group).train(training).to(x.dtype)
        return (net(x) - net(moved)).abs().max().item()

    shift = torch.zeros(5, 1, 4, dtype=torch.float64)
    shift[..., 1:] = torch.randn(5, 1, 3)
    assert change("t3", molecules, molecules + shift) < 1e-12
    assert change("trivial", molecules, molecules + shift) > 1e-4
    assert change("t3", molecules.float(), (molecules + 100 * shift).float()) < 1e-4


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("group", GROUPS)
def test_gradients_to_the_positions_equal_finite_differences(group, training, molecules):
    net = make(group, width=8, blocks=1).train(training)
    charges, positions = molecules[1:3, :6, :1], molecules[1:3, :6, 1:].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: net(torch.cat([charges, p], 2)), (positions,))


def test_second_derivatives_in_evaluation_equal_finite_differences(molecules):
    net = make("trivial", width=8, blocks=1).eval()
    charges, positions = molecules[1:2, :3, :1], molecules[1:2, :3, 1:].clone().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda p: net(torch.cat([charges, p], 2)), (positions,))


def test_no_gradient_flows_to_charges_and_an_unknown_charge_is_an_atom_without_features(molecules):
    net = make("trivial").eval()
    x = molecules.clone().requires_grad_()
    (grad,) = torch.autograd.grad(net(x).sum(), x)
    assert (grad[..., 0] == 0).all()
    phosphorus, sulphur = molecules.clone(), molecules.clone()
    phosphorus[0, 0, 0], sulphur[0, 0, 0] = 15, 16
    assert torch.equal(net(phosphorus), net(sulphur))
    assert net(phosphorus)[0] != net(molecules)[0]


def test_an_empty_molecule_predicts_zero_and_a_distant_batch_loses_no_variance(molecules):
    x = torch.cat([molecules, torch.zeros(1, 7, 4, dtype=torch.float64)])
    with_empty = make("trivial")(x)
    assert with_empty[-1] == 0
    torch.testing.assert_close(with_empty[:-1], make("trivial")(molecules))
    far = molecules.clone()
    far[..., 1:] += 1e3
    # In training the norm removes a shift of the whole batch; float32 keeps 1e-4 angstrom at 1e3 angstrom.
    net = make("trivial")
    torch.testing.assert_close(net.float()(far.float()).double(), make("trivial")(molecules), atol=1e-2, rtol=1e-2)


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match="width 6, blocks 1; width must be a positive multiple of 4"):
        LieConvNet(6, 1, "t3")
    with pytest.raises(ValueError, match="group 'so3'; it must be 'trivial' or 't3'"):
        LieConvNet(8, 1, "so3")


def test_too_large_a_molecule_and_another_dtype_are_refused_with_the_numbers():
    net = LieConvNet(4, 1, "trivial")
    with pytest.raises(ValueError, match="molecules of 257 atoms; it convolves over all pairs of at most 256"):
        net(torch.zeros(1, 257, 4))
    with pytest.raises(ValueError, match=r"got torch\.float64 molecules, its weights are torch\.float32"):
        net(torch.zeros(1, 3, 4, dtype=torch.float64))
