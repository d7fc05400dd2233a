"""Laws of tables on a terminal: they fit, and lose nothing."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from bench.cli.table import table_within

ROWS = [
    {
        "task": "nbody_1step_id",
        "metric": "test/mse (1)",
        "spaces": "full, mask2, mask4",
        "what": "a word " * 20 + "end",
    },
    {"task": "x", "metric": "", "spaces": "a_name_without_any_break_" * 3, "what": "short"},
]


def letters(text):
    return sorted(c for c in text if c not in " -\n")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_a_table_fits_and_keeps_every_character(width):
    whole, fitted = table_within(ROWS, None), table_within(ROWS, width)
    assert max(map(len, fitted.splitlines())) <= width
    assert letters(fitted) == letters(whole)


def test_without_a_width_each_row_is_one_line():
    assert len(table_within(ROWS, None).splitlines()) == 2 + len(ROWS)
    assert table_within([], 80) == ""


def on_a_terminal(columns, *arguments):
    """What the CLI prints on a terminal of that many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen([sys.executable, "-m", "bench", *arguments], stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        try:
            while block := os.read(ours, 65536):
                shown += block
        except OSError:  # the other end has closed
            pass
        os.close(ours)
        assert process.wait() == 0
    return shown.decode()


@pytest.mark.parametrize("columns", [80, 120])
def test_lists_fit_a_terminal(columns):
    lines = on_a_terminal(columns, "list").splitlines()
    assert max(len(line) for line in lines if not line.startswith("next: ")) <= columns
    assert any(line.startswith("semola") for line in lines)
