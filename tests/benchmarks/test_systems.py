"""The systems that calibrate the rule of declaring: what is planted is a symmetry, and where nothing is, nothing is."""

import pytest
import torch

from bench.lie.vectors import VectorAction
from bench.metrics.defect import TrueMap, defect
from bench.metrics.discovery import DEFECT
from benchmarks.calibration.declaring import SETS, false_share, power
from benchmarks.calibration.systems import FLAVOURS, GENERIC_INPUTS, PLANTED, System

GENERATORS = {"rotation": ((0, 1, -1.0), (1, 0, 1.0)), "squeeze": ((0, 0, 1.0), (1, 1, -1.0))}


@pytest.mark.parametrize("seed", range(9))
def test_what_is_planted_is_a_symmetry_and_nothing_else_is_one(seed):
    system = System(seed)
    assert (system.planted, system.flavour) == (PLANTED[seed % 3], FLAVOURS[seed // 3])
    if system.planted == "none":
        assert system.least_defect() > DEFECT
        return
    generator = torch.zeros(system.dim, system.dim, dtype=torch.float64)
    for i, j, value in GENERATORS[system.planted]:
        generator[i, j] = value
    planted = (system.basis @ generator @ system.inverse)[None]
    known = TrueMap(system.function, system.inputs(GENERIC_INPUTS, "generic"), torch.ones(system.dim))
    assert defect(planted, known, (VectorAction(system.dim), system.action_out)).sup < 1e-9


def test_a_seed_gives_the_same_system_and_outputs_of_unit_spread():
    one, two = System(4), System(4)
    x = one.inputs(2_000, "test")
    assert torch.equal(one.function(x), two.function(x))
    assert float(one.function(x).std()) == pytest.approx(1.0, abs=0.5)


def test_the_sets_of_seeds_are_disjoint_and_hold_every_kind_equally_often():
    assert not set(SETS["calibration"]) & set(SETS["fresh"])
    for seeds in SETS.values():
        kinds = [(seed % 3, seed // 3 % 3) for seed in seeds]
        assert {kinds.count(kind) for kind in kinds} == {len(kinds) // 9}


def test_runs_are_counted_by_what_they_declare():
    runs = [
        {"strength": [0.9, 0.9], "reach": [1.0, 1.0], "defect": [0.05, 0.3]},  # one right, one false
        {"strength": [0.9, 0.2], "reach": [0.01, 1.0], "defect": [0.3, 0.3]},  # neither declared
        {"strength": [0.2], "reach": [1.0], "defect": [0.05]},  # right, but too weak
    ]
    assert false_share(runs, 0.5) == (1, 3)
    assert power(runs, 0.5) == (1, 2)
