"""`discover` on the command line: limits of time, one line for a wrong input, nothing half-written."""

import numpy as np
import pytest

from bench.cli.discover import parse_time
from bench.errors import BenchError


def test_times_are_seconds_minutes_and_hours():
    assert [parse_time(text) for text in ("90", "90s", "10m", "1.5h")] == [90.0, 90.0, 600.0, 5400.0]
    for text in ("", "m", "0", "ten", "-5m", "1d"):
        with pytest.raises(BenchError, match="--time"):
            parse_time(text)


@pytest.mark.slow
def test_a_wrong_input_is_one_line_and_writes_nothing(bench, tmp_path):
    np.savez(tmp_path / "data.npz", x=np.zeros((10, 2)), y=np.zeros(10))
    code, _, err = bench("discover", tmp_path / "data.npz", "--output-dir", tmp_path / "out")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
