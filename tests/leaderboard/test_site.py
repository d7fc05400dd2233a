import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from bench.errors import BenchError
from bench.leaderboard.markdown.write import blocks
from bench.leaderboard.site import Cards, write_html, write_pages
from bench.leaderboard.tables.texts import left_out, not_shown
from bench.records.record import SCHEMA
from bench.records.store import Store
from bench.running.registry import Registry

ROTATION = np.array([[[0.0, -1.0], [1.0, 0.0]]])
#: What lies beside the record of a discoverer.
ARRAYS = {
    "generators": 2.0 * ROTATION,
    "truth": ROTATION,
    "sample_original": np.ones((1, 1, 8)),
    "sample_moved": np.zeros((1, 3, 1, 8)),
}


@pytest.fixture
def registry(toy_task):
    found = Registry()
    for name in ("toy", "empty"):
        found.tasks[name] = SimpleNamespace(card=toy_task(id=name))
    return found


@pytest.fixture
def update(tmp_path, registry):
    def run(check=False):
        cards = Cards({name: task.card for name, task in registry.tasks.items()}, registry.method_card)
        store = Store(tmp_path / "results")
        return write_pages(store, tmp_path / "pages", cards, lambda record: False, check=check)

    return run


def written(changes):
    return [*changes.written, *changes.removed]


def test_check_finds_missing_stale_and_left_over_pages_and_writes_nothing(tmp_path, make_record, put_record, update):
    pages = tmp_path / "pages"
    put_record(tmp_path / "results", make_record())
    assert written(update(check=True)) == ["README.md", "boards/toy.md"]
    assert not pages.exists()

    assert written(update()) == ["README.md", "boards/toy.md"]
    assert written(update(check=True)) == []
    assert written(update()) == []

    put_record(tmp_path / "results", make_record("gcnn", mse=0.25))
    for name in ("empty", "somebody_elses"):
        (pages / f"boards/{name}.md").write_text((pages / "boards/toy.md").read_text())
    before = (pages / "boards/toy.md").read_bytes()
    assert written(update(check=True)) == ["README.md", "boards/toy.md", "boards/empty.md"]
    assert (pages / "boards/toy.md").read_bytes() == before

    assert written(update()) == ["README.md", "boards/toy.md", "boards/empty.md"]
    assert sorted(path.name for path in (pages / "boards").iterdir()) == ["somebody_elses.md", "toy.md"]


def test_corrupt_records_are_counted_never_fatal(tmp_path, make_record, put_record, update):
    put_record(tmp_path / "results", make_record(seed=0))
    put_record(tmp_path / "results", make_record(seed=1)).write_text("{")
    put_record(tmp_path / "results", make_record(seed=2)).write_text('{"schema": "run.v999"}')
    assert len(update().problems) == 2
    (line,) = left_out(2)
    for name in ("boards/toy.md", "README.md"):
        assert line.text in (tmp_path / "pages" / name).read_text()


def test_records_of_an_earlier_protocol_are_counted_and_on_no_page(tmp_path, make_record, put_record, update):
    put_record(tmp_path / "results", make_record(seed=0))
    old = put_record(tmp_path / "results", make_record(seed=1))
    old.write_bytes(old.read_bytes().replace(SCHEMA.encode(), b"run.v1"))
    changes = update()
    assert (changes.problems, changes.earlier) == ((), 1)
    assert "cannot be read" not in (tmp_path / "pages/boards/toy.md").read_text()


def test_smoke_records_and_unknown_tasks_have_no_page_and_tasks_without_results_are_listed(
    tmp_path, make_record, put_record, update
):
    put_record(tmp_path / "results", make_record(budget="smoke", task={"id": "empty"}))
    put_record(tmp_path / "results", make_record(task={"id": "plugin_task"}))
    assert written(update()) == ["README.md"]
    index = (tmp_path / "pages/README.md").read_text()
    assert blocks(not_shown(["toy", "empty"], {"plugin_task": 1}, 0)) in index


def test_pages_do_not_depend_on_where_the_store_lies(tmp_path, make_record, put_record, registry):
    for name in ("here", "there"):
        put_record(tmp_path / name / "results", make_record(status="failed", reason="boom"))
        cards = Cards({name: task.card for name, task in registry.tasks.items()}, registry.method_card)
        store = Store(tmp_path / name / "results")
        write_pages(store, tmp_path / name, cards, lambda record: False)
        write_html(store, tmp_path / name, cards, lambda record: False)
    for page in ("README.md", "boards/toy.md", "index.html"):
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


@pytest.mark.parametrize("name", ["README.md", "boards/toy.md"])
def test_a_front_page_somebody_wrote_stops_the_writing(tmp_path, make_record, put_record, update, name):
    put_record(tmp_path / "results", make_record())
    (tmp_path / "pages" / "boards").mkdir(parents=True)
    (tmp_path / "pages" / name).write_text("<!doctype html><title>mine</title>")
    assert name in update(check=True).written
    with pytest.raises(BenchError, match=rf"{name}' was not generated and is not overwritten"):
        update()
    assert "mine" in (tmp_path / "pages" / name).read_text()


def figures(pages):
    return sorted(path.name for path in (pages / "boards/figures").iterdir())


def test_figures_are_drawn_once_and_checked_by_existence_alone(tmp_path, make_record, put_record, update):
    put_record(tmp_path / "results", make_record("semola"), ARRAYS)
    first = written(update())
    names = figures(tmp_path / "pages")
    assert [name.rsplit("-", 1)[0] for name in names] == ["toy-small-generators", "toy-small-samples"]
    assert first == ["README.md", "boards/toy.md", *(f"boards/figures/{name}" for name in names)]
    (tmp_path / "pages/boards/figures" / names[0]).write_bytes(b"from another version of matplotlib")
    assert written(update(check=True)) == written(update()) == []

    (tmp_path / "pages/boards/figures" / names[1]).unlink()
    assert written(update(check=True)) == written(update()) == [f"boards/figures/{names[1]}"]
    assert (tmp_path / "pages/boards/figures" / names[0]).read_bytes() == b"from another version of matplotlib"
    assert written(update(check=True)) == []


def test_a_figure_that_no_page_names_any_more_is_removed_and_other_files_stay(
    tmp_path, make_record, put_record, update
):
    put_record(tmp_path / "results", make_record("semola"), ARRAYS)
    update()
    old, folder = set(figures(tmp_path / "pages")), tmp_path / "pages/boards/figures"
    (folder / "mine.png").write_bytes(b"mine")
    put_record(tmp_path / "results", make_record("liegan", mse=None), ARRAYS)
    assert set(update(check=True).removed) >= {f"boards/figures/{name}" for name in old}
    update()
    new = set(figures(tmp_path / "pages"))
    assert not old & new
    assert len(new) == 3
    assert (folder / "mine.png").read_bytes() == b"mine"


@pytest.mark.parametrize("damage", ["missing", "no archive", "corrupt"])
def test_arrays_that_cannot_be_read_cost_a_row_of_the_figure_not_the_page(
    tmp_path, make_record, put_record, update, damage
):
    put_record(tmp_path / "results", make_record("semola"), ARRAYS)
    path = put_record(tmp_path / "results", make_record("liegan"), ARRAYS).with_suffix(".npz")
    if damage == "missing":
        path.unlink()
    elif damage == "no archive":
        path.write_bytes(b"nothing")
    else:
        path.write_bytes(path.read_bytes().replace(b"NUMPY", b"BROKE"))
        with path.open("r+b") as file:
            file.seek(80)
            file.write(bytes(40))
    update()
    page = (tmp_path / "pages/boards/toy.md").read_text()
    assert len(figures(tmp_path / "pages")) == 2
    assert ("generators: semola]" in page) == (damage != "corrupt")
    assert written(update(check=True)) == []


def test_pages_without_new_figures_need_no_matplotlib(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from bench.leaderboard.site import Cards, write_pages\n"
        "from bench.records.store import Store\n"
        "cards = Cards({}, lambda name: None)\n"
        "write_pages(Store(pathlib.Path('results')), pathlib.Path('pages'), cards, lambda record: False, check=True)\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
