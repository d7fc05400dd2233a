import pytest

from bench.leaderboard.board.overall import Overall, build_overall
from bench.leaderboard.markdown.readme import END, START, with_board
from bench.leaderboard.site import Cards, write_pages
from bench.records.store import Store

README = f"# Project\n\n{START}\nold\n{END}\n\n## More\n"


def test_only_the_part_between_the_marks_changes():
    fresh = with_board(README, Overall((), (), ()), None, "leaderboard")
    assert fresh == f"# Project\n\n{START}\n\nNo results yet.\n\n{END}\n\n## More\n"
    assert with_board(fresh, Overall((), (), ()), None, "leaderboard") == fresh


@pytest.mark.parametrize("text", ["# no marks\n", f"{START} but no end", f"{END} before {START}"])
def test_a_readme_without_both_marks_stays_as_it_is(text):
    assert with_board(text, Overall((), (), ()), None, "leaderboard") == text


def test_the_overall_board_stands_there_with_its_numbers(make_record, board_of):
    records = [make_record(name, mse=mse, seed=s) for name, mse in (("a", 1.0), ("b", 2.0)) for s in range(3)]
    text = with_board(README, build_overall([board_of(records)]), None, "leaderboard")
    assert "| `a`" in text
    assert "1.00 to 1.00" in text


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
