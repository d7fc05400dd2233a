"""The command line, called in the process of the test."""

import sys

import pytest

from bench.cli.app import main


@pytest.fixture
def bench(capsys, monkeypatch, tmp_path):
    """Calls the CLI in this process; returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("SYMMETRY_BENCH_DATA", str(tmp_path / "data"))

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return call
