"""The pages as they are written: one whole page of each kind, and laws of all of them."""

import random
import re
from pathlib import Path

import pytest

from bench.leaderboard.board.finders import build_finders
from bench.leaderboard.board.users import build_users
from bench.leaderboard.markdown.pages import render_index, render_task
from bench.leaderboard.markdown.write import blocks
from bench.leaderboard.tables import texts
from bench.leaderboard.tables.front import front_pages

#: Whole pages, to be read by whoever changes them.
EXPECTED = Path(__file__).parent / "expected"
FOUND = {
    "symmetry/cosine": 0.7, "symmetry/mae": 0.2, "symmetry/precision": 1.0, "symmetry/dimension": 1.0,
    "symmetry/true_dimension": 1.0, "symmetry/precision_on_data": 1.0, "symmetry/finds": 1.0,
    "symmetry/defect_sup": 0.03125,
}  # fmt: skip


def fronts(boards):
    return front_pages(build_finders(boards), build_users(boards))


@pytest.fixture
def board(make_record, board_of, toy_task):
    records = [make_record("semola", search="full", seed=s, mse=0.25 + s / 8, scores=FOUND) for s in range(3)]
    records.append(make_record(seed=0, mse=0.5))
    records.append(make_record(seed=1, status="diverged", reason="loss is | <nan>"))
    records.append(make_record("true", mse=0.125, knowledge="group"))
    return board_of(records, toy_task(published={"semola": 0.0625, "augerino": 0.5}), skipped=1)


def test_the_page_of_a_task(board):
    assert render_task(board) == (EXPECTED / "task.md").read_text(encoding="utf-8")


def test_the_index_and_its_reading_guide(board):
    page = render_index([board], fronts([board]), texts.not_shown(["b", "a"], {"gone": 2}, 1), "claims.md")
    before, guide = page.split(f"## {texts.READING_TITLE}\n\n")
    assert before == (EXPECTED / "index.md").read_text(encoding="utf-8")
    assert guide == blocks(texts.reading()) + "\n"


def test_an_index_without_results_says_so():
    assert "No results yet.\n" in render_index([], fronts([]))


def test_the_same_records_in_any_order_give_the_same_bytes(make_record, board_of):
    records = [make_record(m, seed=s, mse=s / 7, scores=FOUND) for m in ("plain", "semola") for s in range(3)]

    def pages(some):
        made = board_of(some)
        return render_task(made), render_index([made], fronts([made]))

    for shuffle in range(5):
        assert pages(random.Random(shuffle).sample(records, len(records))) == pages(records)


def test_what_cards_and_records_say_is_not_markup(make_record, board_of, toy_task):
    hostile = "`a` *b* [c](d) <e> | f"
    record = make_record(status="failed", reason=hostile, task={"data_note": hostile})
    page = render_task(board_of([record], toy_task(title=hostile, summary=hostile, citation=hostile)))
    escaped = "\\`a\\` \\*b\\* \\[c\\](d) \\<e\\> | f"
    assert page.count(escaped) == 5
    assert len(re.findall(r"(?<!\\)<e", page)) == 0
