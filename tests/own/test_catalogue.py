"""Naming: known algebras in random bases, at any scale and offset."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bench.lie.algebra import se, so
from bench.own.catalogue import Catalogue, formula
from bench.own.data import make_data
from bench.own.families import families
from bench.own.problem import prepare
from bench.own.spans import Field, orthonormal


def linear(generators):
    return F.pad(generators.double(), (0, 1, 0, 1))


def named(generators, names, group="", scale=1.0, offset=0.0):
    """The names of the span of ``generators`` in a random basis, over random data."""
    draws = np.random.default_rng(0)
    x = draws.normal(size=(500, len(names))) * scale + offset
    data = make_data(x, draws.normal(size=500), inputs=names, group=group)
    prepared = prepare(data, "invariant")
    field = Field.on(prepared.x, prepared.space)
    mixing = torch.randn(len(generators), len(generators), generator=torch.Generator().manual_seed(1)).double()
    mixed = torch.einsum("ab,bij->aij", mixing, generators)
    span = orthonormal(field.encode(prepared.frame.generators_to_training(mixed)))
    found = Catalogue(data.inputs, data.blocks, prepared.frame, field).name(span)
    return found, families(found, names)


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e3, 5e3), (1e-6, 0.0)])
def test_rotations_of_space(scale, offset):
    found, together = named(linear(so(3)), ["x", "y", "z"], "r:x,y,z", scale, offset)
    assert [n.kind for n in found] == ["rotation"] * 3
    assert [n.places for n in found] == [((0, 1),), ((0, 2),), ((1, 2),)]
    assert together[0].startswith("so(3)")


def test_rigid_motions():
    found, together = named(se(3), ["x", "y", "z"], "r:x,y,z")
    assert sorted(n.kind for n in found) == ["rotation"] * 3 + ["translation"] * 3
    assert together[0].startswith("se(3)")


def test_lorentz():
    found, together = named(linear(so(1, 3)), ["E", "px", "py", "pz"], "p:E,px,py,pz", offset=np.array([5.0, 0, 0, 0]))
    assert sorted(n.kind for n in found) == ["boost"] * 3 + ["rotation"] * 3
    assert together[0].startswith("so(1, 3)")


def test_blocks_that_turn_together_in_different_units():
    both = torch.kron(torch.eye(2), so(3))
    scale = np.array([1.0] * 3 + [1e3] * 3)
    found, _ = named(linear(both), list("abcdef"), "q:a,b,c p:d,e,f", scale)
    assert [n.places for n in found] == [((0, 1), (3, 4)), ((0, 2), (3, 5)), ((1, 2), (4, 5))]


def test_a_flow_of_time_and_an_ellipse():
    turn = torch.tensor([[0.0, 2.0], [-3.0, 0.0]])
    assert named(linear(torch.kron(turn, torch.eye(2))[None]), list("abcd"), "q:a,b p:c,d")[0][0].kind == "exchange"
    assert named(linear(turn[None]), ["a", "b"])[0][0].kind == "ellipse"


def test_scalings_and_shears():
    scaling, shear = torch.zeros(2, 3, 3)
    scaling[1, 1], shear[0, 2] = 1.0, 1.0
    found, _ = named(linear(torch.stack([scaling, shear])), ["x", "y", "z"])
    assert {(n.kind, formula(n.generator, ["x", "y", "z"])) for n in found} == {
        ("scaling", "dy = 1 y"),
        ("shear", "dx = 1 z"),
    }


@pytest.mark.parametrize("direction", [[0.0, 0.0, 1.0], [1.0, -1.0, 0.0], [0.3, 0.8, 0.5]])
def test_a_direction_that_does_not_matter_is_named_once(direction):
    multiples = torch.zeros(4, 4, 4, dtype=torch.float64)
    multiples[torch.arange(4), :3, torch.arange(4)] = torch.tensor(direction).double()
    found, _ = named(multiples, ["x", "y", "z"])
    assert [(n.kind, n.ignored) for n in found] == [("translation", True)]
    shift = found[0].generator[:3, 3]
    assert torch.allclose(shift / shift.norm(), F.normalize(torch.tensor(direction).double(), dim=0), atol=1e-6) or (
        torch.allclose(-shift / shift.norm(), F.normalize(torch.tensor(direction).double(), dim=0), atol=1e-6)
    )


def test_what_has_no_name_keeps_the_span():
    generators = F.pad(torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(3)).double(), (0, 1, 0, 1))
    found, _ = named(generators, ["x", "y", "z"])
    assert [n.kind for n in found] == ["other", "other"]
    assert max(n.outside for n in found) < 1e-9
