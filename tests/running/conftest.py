"""Fixtures of tests that run real processes."""

import contextlib
import subprocess

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("needs the right to mount a small file system")
    yield place
    with contextlib.suppress(OSError):
        subprocess.run(["umount", str(place)], check=True)
