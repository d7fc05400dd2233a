import re

import pytest

from bench.leaderboard.board.finders import build_finders
from bench.leaderboard.board.users import build_users
from bench.leaderboard.markdown.readme import END, START, with_board
from bench.leaderboard.site import Cards, write_pages
from bench.leaderboard.tables.front import front_pages
from bench.records.store import Store

README = f"# Project\n\n{START}\nold\n{END}\n\n## More\n"


def test_only_the_part_between_the_marks_changes():
    fresh = with_board(README, (), None, "leaderboard")
    assert fresh == f"# Project\n\n{START}\n\nNo results yet.\n\n{END}\n\n## More\n"
    assert with_board(fresh, (), None, "leaderboard") == fresh


@pytest.mark.parametrize("text", ["# no marks\n", f"{START} but no end", f"{END} before {START}"])
def test_a_readme_without_both_marks_stays_as_it_is(text):
    assert with_board(text, (), None, "leaderboard") == text


def test_the_short_front_pages_stand_there_with_their_numbers(make_record, board_of):
    told = {"true": (1.0, "group"), "semola": (1.5, "cardinality"), "plain": (2.0, "none")}
    records = [
        make_record(name, mse=mse + s / 100, seed=s, knowledge=tier, scores={"symmetry/finds": s % 2})
        for name, (mse, tier) in told.items()
        for s in range(3)
    ]
    boards = [board_of(records)]
    text = with_board(README, front_pages(build_finders(boards), build_users(boards)), None, "leaderboard")
    assert "## Who finds the symmetry\n\n| method" in text
    assert re.search(r"\| `semola` +\| cardinality +\| +0.33 \| +1/3 ", text)
    assert re.search(r"\| `semola` +\| cardinality +\| +0.50 ", text)
    assert "### Relative to plain" not in text
    assert "by family" not in text.lower()


def test_the_pages_keep_the_readme_up_to_date_and_check_it(tmp_path, make_record, put_record):
    put_record(tmp_path / "board" / "results", make_record())
    readme = tmp_path / "README.md"
    readme.write_text(README)

    def update(check=False):
        out = tmp_path / "board"
        cards = Cards({}, lambda name: None)
        return write_pages(Store(out / "results"), out, cards, lambda record: False, check=check, readme=readme).written

    assert "../README.md" in update(check=True)
    assert readme.read_text() == README
    update()
    assert "No results yet." in readme.read_text()
    assert update(check=True) == ()
