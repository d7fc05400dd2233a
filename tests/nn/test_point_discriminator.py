"""Laws of the discriminator for points: their order and padding do not matter, everything else may."""

import torch

from bench.nn.point_discriminator import PointDiscriminator


def network(features=1):
    torch.manual_seed(0)
    return PointDiscriminator(features, 1, width=16)


def molecules(n=5, atoms=6):
    generator = torch.Generator().manual_seed(0)
    charges = torch.tensor([1.0, 6.0, 7.0, 8.0, 9.0, 1.0])[:atoms].expand(n, atoms)
    x = torch.cat([charges[..., None], torch.randn(n, atoms, 3, generator=generator)], -1)
    return x, torch.randn(n, generator=generator)


def test_the_order_of_the_atoms_does_not_matter():
    x, y = molecules()
    torch.testing.assert_close(network()(x, y), network()(x[:, [3, 1, 5, 0, 2, 4]], y))


def test_padding_does_not_matter_wherever_it_stands():
    x, y = molecules()
    padding = torch.zeros(5, 2, 4)
    padding[..., 1:] = 1e3
    torch.testing.assert_close(network()(x, y), network()(torch.cat([padding, x], 1), y))


def test_charges_places_and_targets_matter():
    x, y = molecules()
    plain = network()(x, y)
    other_charge, shifted = x.clone(), x.clone()
    other_charge[:, 0, 0] = 8.0
    shifted[..., 1:] += 0.5
    for logits in (network()(other_charge, y), network()(shifted, y), network()(x, y + 1)):
        assert bool((logits != plain).all())


def test_points_without_features_have_no_padding():
    x = torch.zeros(3, 4, 3)
    assert network(features=0)(x, torch.zeros(3, 1, 1)).isfinite().all()
