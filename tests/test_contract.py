"""Every method of the registry keeps every promise of the contract, or its author says why not."""

from functools import cache
from pathlib import Path

import pytest
import torch

from bench.contract.check import Examination, run_check
from bench.contract.checks import CHECKS
from bench.running.registry import load_registry

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


REGISTRY = load_registry()


@cache
def examination(name):
    return Examination(REGISTRY.method(name), Path("no data needed"), check_names=[check.name for check in CHECKS])


@cache
def result_of(name, check):
    return run_check(check, examination(name))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("name", REGISTRY.methods)
def test_a_method_keeps_the_contract(name, check):
    result = result_of(name, check)
    assert result.status != "failed", result.reason
    if result.status == "known":
        pytest.xfail(result.reason)
    if result.status == "skipped":
        pytest.skip(result.reason)


@pytest.mark.parametrize("name", REGISTRY.methods)
def test_most_of_the_contract_applies_to_every_method(name):
    looked_at = {check.name for check in CHECKS if result_of(name, check).status != "skipped"}
    assert {"card", "supports", "unsupported", "equal_seed", "precisions", "imports", "record"} <= looked_at
