"""The code of docs/tutorials/your_own_data.md, run at a small size."""

import re
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "your_own_data.md"
SMALL = ("n, seconds = 10_000, 600.0", "n, seconds = 2_000, 300.0")

pytestmark = pytest.mark.slow  # trains


def test_its_examples_find_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = TUTORIAL.read_text(encoding="utf-8")
    assert SMALL[0] in text
    held = {}
    exec("\n".join(re.findall(r"```python\n(.*?)```", text.replace(*SMALL), re.DOTALL)), held)
    assert any(words.startswith("so(4)") for words in held["spring"].best.families)
    assert any(words.startswith("so(1, 3)") for words in held["particle"].best.families)
    assert held["nothing"].best.findings == []
    assert len(held["moved"]) == 64
