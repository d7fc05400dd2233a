"""`python -m bench list` keeps its rows until a source changes, and then needs no torch."""

import os
import subprocess
import sys

import pytest

from bench.cli import entries

PROBE = """
import sys
from bench.cli.entries import list_entries
list_entries("")
print("torch" in sys.modules)
"""


def test_the_second_list_prints_the_same_and_imports_no_torch(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    shown = [
        subprocess.run(
            [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    first, second = (text.rpartition("\n")[0].rpartition("\n") for text in shown)
    assert first[0] == second[0]
    assert "semola" in first[0]
    assert (first[2], second[2]) == ("True", "False")


@pytest.fixture
def memo(tmp_path, monkeypatch):
    """Rows are kept for one source file; ``memo()`` returns the rows, ``made`` counts how often they were made."""
    source, made = tmp_path / "card.py", []
    source.write_text("first")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(entries, "_sources", lambda: [source])
    monkeypatch.setattr("bench.cli.listing.entry_rows", lambda: made.append(1) or {"broken": [], "n": len(made)})
    return source, made, tmp_path / "cache" / "symmetry-bench"


def test_a_changed_source_makes_the_rows_again(memo):
    source, _, folder = memo
    assert entries._rows() == entries._rows() == {"broken": [], "n": 1}
    source.write_text("second, longer")
    assert entries._rows() == {"broken": [], "n": 2}
    assert len(list(folder.glob("list-*"))) == 1


@pytest.mark.parametrize("content", ["", "{", "no json"])
def test_a_damaged_file_is_made_again(memo, content):
    _, made, folder = memo
    entries._rows()
    (file,) = folder.glob("list-*.json")
    file.write_text(content)
    entries._rows()
    assert len(made) == 2


def test_nothing_is_kept_with_a_plugin_or_in_a_folder_that_cannot_be_written(memo, monkeypatch, tmp_path):
    _, made, folder = memo
    monkeypatch.setattr(entries, "plugin_files", lambda: [tmp_path / "mine.py"])
    entries._rows()
    assert not folder.exists()
    monkeypatch.setattr(entries, "plugin_files", list)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    entries._rows()
    entries._rows()
    assert len(made) == 3
