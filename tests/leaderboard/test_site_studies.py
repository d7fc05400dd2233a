"""Pages of studies: written, checked and removed with the others, while boards do not see their cells."""

from types import SimpleNamespace

import pytest

from bench.cli.publish import publish_command
from bench.leaderboard import site
from bench.leaderboard.site import Cards, write_html, write_pages
from bench.leaderboard.studies.study import Axis, Study
from bench.records.store import Store
from bench.running.registry import Registry

STUDY = Study(
    id="copies",
    title="Copies * stars",
    about="What *more* copies do.",
    suite="ablations",
    tasks=("toy", "empty"),
    methods=("semola", "liegan"),
    axis=Axis("copies", "copies K", (1, 2, 4)),
    scores=("primary", "symmetry/defect_sup"),
)
PAGE = "studies/copies.md"


@pytest.fixture(autouse=True)
def one_study(monkeypatch):
    monkeypatch.setattr(site, "STUDIES", (STUDY,))


@pytest.fixture
def cards(toy_task):
    registry = Registry()
    for name in ("toy", "empty"):
        registry.tasks[name] = SimpleNamespace(card=toy_task(id=name))
    return Cards({name: task.card for name, task in registry.tasks.items()}, registry.method_card)


@pytest.fixture
def update(tmp_path, cards):
    def run(check=False, stale=lambda record: False):
        return write_pages(Store(tmp_path / "results"), tmp_path / "pages", cards, stale, check=check)

    return run


@pytest.fixture
def put(tmp_path, make_record, put_record):
    def write(copies, seeds=range(3), method="semola", **fields):
        for seed in seeds:
            changed = {} if copies == 1 else {"copies": copies}
            content = {"params": {"copies": copies}, "changed": changed, "mse": 0.1 * copies + 0.01 * seed} | fields
            record = make_record(method, search="full", seed=seed, **content)
            put_record(tmp_path / "results", record)

    return write


def texts(pages):
    return {path.relative_to(pages).as_posix(): path.read_bytes() for path in sorted(pages.rglob("*.md"))}


def test_cells_of_a_study_leave_every_other_page_but_the_index_as_it_is(tmp_path, put, update, cards):
    put(1)
    put(1, method="liegan")
    update()
    before = texts(tmp_path / "pages")
    write_html(Store(tmp_path / "results"), tmp_path / "pages", cards, lambda record: False)
    html = (tmp_path / "pages/index.html").read_text()

    put(2)
    put(4, seeds=[0], method="liegan", mse=None, scores={"symmetry/defect_sup": 0.2})
    assert [name for name in update().written if not name.endswith(".png")] == ["README.md", PAGE]
    after = texts(tmp_path / "pages")
    assert after.keys() - before.keys() == {PAGE}
    assert {name: after[name] for name in before if name != "README.md"} == {
        name: text for name, text in before.items() if name != "README.md"
    }
    write_html(Store(tmp_path / "results"), tmp_path / "pages", cards, lambda record: False)
    shown = (tmp_path / "pages/index.html").read_text()
    assert "copies=2" not in html + shown


def test_a_task_with_cells_of_a_study_alone_has_no_board(tmp_path, put, update):
    put(2)
    update()
    assert not (tmp_path / "pages/boards/toy.md").exists()
    page = (tmp_path / "pages" / PAGE).read_text()
    assert "\n## `toy`\n" in page
    assert "Not run yet: empty." in page
    assert "No results yet: empty, toy." in (tmp_path / "pages/README.md").read_text()


def test_a_changed_row_that_no_study_lists_stays_on_its_board(tmp_path, put, update):
    put(3)
    update()
    assert "copies=3" in (tmp_path / "pages/boards/toy.md").read_text()
    assert not (tmp_path / "pages" / PAGE).exists()


def test_the_index_links_a_study_that_has_a_page(tmp_path, put, update):
    put(1)
    update()
    assert "Studies" not in (tmp_path / "pages/README.md").read_text()
    put(2)
    update()
    assert f"\n- [Copies \\* stars]({PAGE})\n" in (tmp_path / "pages/README.md").read_text()


def rows_of(page):
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    return {tuple(cell.strip() for cell in line.split("|")[1:3]): line.split("|")[3:-1] for line in lines}


def test_the_table_has_every_setting_and_says_what_is_missing(tmp_path, put, update):
    put(1)
    put(2, seeds=[0, 1])
    put(2, seeds=[2], status="diverged", reason="loss is not finite", mse=None)
    update()
    rows = rows_of((tmp_path / "pages" / PAGE).read_text())
    semola, liegan = [("`semola`", k) for k in ("1 (default)", "2", "4")], [("`liegan`", k) for k in "124"]
    assert list(rows) == semola + liegan
    cells = {key: [cell.strip() for cell in row] for key, row in rows.items()}
    assert cells["`semola`", "1 (default)"] == ["0.1100 ± 0.0248", "3/3"]
    assert cells["`semola`", "2"] == ["0.2050", "2/3"]
    assert cells["`semola`", "4"] == cells["`liegan`", "1"] == ["–", "missing"]
    assert "- semola, copies K 2, seed 2: diverged, loss is not finite" in (tmp_path / "pages" / PAGE).read_text()


def test_check_covers_pages_and_figures_and_pages_come_out_the_same_bytes(tmp_path, put, update):
    put(2)
    pages = tmp_path / "pages"
    (planned,) = (name for name in update(check=True).written if name.endswith(".png"))
    assert planned.startswith("studies/figures/copies-toy-parameter-")
    assert not pages.exists()
    update()
    assert (pages / planned).exists()
    assert update(check=True).written == ()

    before = (pages / PAGE).read_bytes()
    (pages / PAGE).write_bytes(before + b"edited")
    assert update(check=True).written == (PAGE,)
    update()
    assert (pages / PAGE).read_bytes() == before
    (pages / planned).unlink()
    assert update(check=True).written == (planned,)


def test_the_figure_has_a_new_name_when_its_numbers_change_and_the_old_one_is_removed(tmp_path, put, update):
    put(2)
    (old,) = (name for name in update().written if name.endswith(".png"))
    put(4, seeds=[0])
    changes = update()
    (new,) = (name for name in changes.written if name.endswith(".png"))
    assert new != old
    assert changes.removed == (old,)
    assert not (tmp_path / "pages" / old).exists()


def test_a_page_whose_records_are_gone_or_stale_is_removed_and_foreign_files_stay(tmp_path, put, update):
    put(1)
    put(2)
    update()
    folder = tmp_path / "pages/studies"
    (folder / "mine.md").write_text("mine")
    (folder / "figures/mine.png").write_bytes(b"mine")
    changes = update(stale=lambda record: bool(record.changed))
    assert [name.rsplit("-", 1)[0] for name in changes.removed] == [
        PAGE, "studies/figures/copies-toy-parameter",
    ]  # fmt: skip
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["mine.md", "mine.png"]


def test_a_page_somebody_wrote_is_not_overwritten(tmp_path, put, update):
    put(2)
    (tmp_path / "pages/studies").mkdir(parents=True)
    (tmp_path / "pages" / PAGE).write_text("mine")
    with pytest.raises(site.BenchError, match=r"copies\.md' was not generated and is not overwritten"):
        update()


def test_published_records_hold_the_cells_of_studies(tmp_path, put, update):
    put(1)
    put(2)
    update()
    before = texts(tmp_path / "pages")
    publish_command(tmp_path / "results")
    for path in (tmp_path / "results").rglob("seed*.json"):
        path.unlink()
    assert len(Store(tmp_path / "results").scan().records) == 6
    assert update(check=True).written == ()
    assert texts(tmp_path / "pages") == before
