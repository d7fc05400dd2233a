"""The committed arrays of the oracles belong to the environments that `make oracles` compares them in."""

import pytest

from tests.oracles.arrays import committed
from tests.oracles.make import DECISIVE, FOLDER, path


@pytest.mark.parametrize("package", DECISIVE)
def test_they_are_of_the_pinned_versions(package):
    pins = (FOLDER.parents[1] / f"constraints-{package}.txt").read_text().splitlines()
    stated = committed(package)["versions"].tolist()
    assert [version.partition("==")[0] for version in stated] == list(DECISIVE[package])
    assert set(stated) <= set(pins), f"run tests/oracles/make.py {package} in its environment"


def test_they_are_small():
    assert sum(path(package).stat().st_size for package in DECISIVE) < 300_000
