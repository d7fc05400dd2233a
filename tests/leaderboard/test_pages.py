from types import SimpleNamespace

import pytest

from bench.errors import BenchError
from bench.leaderboard.pages import write_pages
from bench.registry import Registry


@pytest.fixture
def registry(toy_task):
    found = Registry()
    for name in ("toy", "empty"):
        found.tasks[name] = SimpleNamespace(card=toy_task(id=name))
    return found


@pytest.fixture
def update(tmp_path, registry):
    def run(check=False):
        return write_pages(tmp_path / "results", tmp_path / "pages", registry, lambda record: False, check=check)

    return run


def test_check_finds_missing_stale_and_left_over_pages_and_writes_nothing(tmp_path, make_record, put_record, update):
    pages = tmp_path / "pages"
    put_record(tmp_path / "results", make_record())
    assert update(check=True) == ["README.md", "toy.md"]
    assert not pages.exists()

    assert update() == ["README.md", "toy.md"]
    assert update(check=True) == []
    assert update() == []

    put_record(tmp_path / "results", make_record("gcnn", mse=0.25))
    (pages / "gone.md").write_text((pages / "toy.md").read_text())
    before = (pages / "toy.md").read_bytes()
    assert update(check=True) == ["README.md", "gone.md", "toy.md"]
    assert (pages / "toy.md").read_bytes() == before

    assert update() == ["README.md", "gone.md", "toy.md"]
    assert sorted(path.name for path in pages.iterdir()) == ["README.md", "toy.md"]


def test_corrupt_records_are_counted_never_fatal(tmp_path, make_record, put_record, update):
    put_record(tmp_path / "results", make_record(seed=0))
    put_record(tmp_path / "results", make_record(seed=1)).write_text("{")
    put_record(tmp_path / "results", make_record(seed=2)).write_text('{"schema": "run.v0"}')
    update()
    for name in ("toy.md", "README.md"):
        assert "2 files in the place of a record that cannot be read" in (tmp_path / "pages" / name).read_text()


def test_smoke_records_and_unknown_tasks_have_no_page_and_tasks_without_results_are_listed(
    tmp_path, make_record, put_record, update
):
    put_record(tmp_path / "results", make_record(budget="smoke", task={"id": "empty"}))
    put_record(tmp_path / "results", make_record(task={"id": "plugin_task"}))
    assert update() == ["README.md"]
    index = (tmp_path / "pages/README.md").read_text()
    assert "No results yet: `empty`, `toy`." in index
    assert "1 record of `plugin_task`" in index


def test_pages_do_not_depend_on_where_the_store_lies(tmp_path, make_record, put_record, registry):
    for name in ("here", "there"):
        put_record(tmp_path / name / "results", make_record(status="failed", reason="boom"))
        write_pages(tmp_path / name / "results", tmp_path / name, registry, lambda record: False)
    for page in ("README.md", "toy.md"):
        assert (tmp_path / "here" / page).read_bytes() == (tmp_path / "there" / page).read_bytes()
        assert str(tmp_path) not in (tmp_path / "here" / page).read_text()


def test_a_page_somebody_wrote_is_neither_overwritten_nor_removed(tmp_path, make_record, put_record, update):
    put_record(tmp_path / "results", make_record())
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "notes.md").write_text("mine")
    (pages / "README.md").write_text("mine too")
    with pytest.raises(BenchError, match=r"README\.md' was not generated and is not overwritten"):
        update()
    assert {path.name: path.read_text() for path in pages.iterdir()} == {"notes.md": "mine", "README.md": "mine too"}
