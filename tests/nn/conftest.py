"""The oracles of our networks: the packages emlp and escnn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.oracles.arrays import SOURCES
from tests.oracles.make import Arrays


@pytest.fixture(scope="module", params=SOURCES)
def oracle(request: pytest.FixtureRequest) -> Callable[[str], Arrays]:
    """``oracle("emlp")``: the package's arrays. A test runs with the committed ones, and live where it is installed."""
    return SOURCES[request.param]
