"""Where a test takes an oracle's arrays from: the committed file, or the package itself where it is installed."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import pytest

from bench.datasets.cache import read_npz
from tests.oracles.make import MAKERS, Arrays, path


@cache
def committed(package: str) -> Arrays:
    """The arrays in the file, ``versions`` among them."""
    return read_npz(path(package))


def live(package: str) -> Arrays:
    """The arrays that the package gives now; without it the test is skipped, with a broken one it fails."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    return made(package)


@cache
def made(package: str) -> Arrays:
    """The arrays of an installed package, made once for all tests."""
    return MAKERS[package]()


SOURCES = {"committed": committed, "live": live}
