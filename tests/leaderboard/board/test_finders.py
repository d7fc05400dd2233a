import pytest

from bench.leaderboard.board.finders import build_finders, finds_of
from bench.leaderboard.board.users import build_users
from bench.leaderboard.tables.front import FINDERS, front_pages, short_form
from bench.metrics.statistics import clopper_pearson


def judged(finds=0.0, part=0.0, defect=0.5, dimension=1.0):
    values = {"finds": finds, "finds_part": part, "defect_sup": defect, "dimension": dimension, "true_dimension": 1.0}
    return {f"symmetry/{name}": value for name, value in values.items()}


@pytest.fixture
def boards(make_record, board_of, toy_task):
    """Two families with a symmetry and a control; SEMoLA on all, LieGAN on the first."""

    def on(task, outcomes, method="semola", **fields):
        return [
            make_record(method, search="full", seed=s, knowledge="cardinality", task={"id": task}, scores=o, **fields)
            for s, o in enumerate(outcomes)
        ]

    first = [
        *on("first", [judged(1, 1, 0.01), judged(0, 1, 0.05), judged()]),
        make_record("semola", search="full", seed=3, knowledge="cardinality", task={"id": "first"}, status="failed"),
        *on("first", [judged(1, 1, 0.02)] * 2, method="liegan", mse=None, cost={"fit_s": 8.0}),
        make_record("plain", task={"id": "first"}),
        make_record("true", knowledge="group", task={"id": "first"}, scores=judged(1)),
        make_record("liegan+augment", task={"id": "first"}, scores=judged(1)),
    ]
    second = on("second", [judged(1, 0, 0.03, dimension=2.0)] * 2)
    control = on("control", [{"symmetry/false_discovery": value} for value in (1.0, 0.0, 0.0)])
    return [
        board_of(first, toy_task(id="first", family="first")),
        board_of(second, toy_task(id="second", family="second")),
        board_of(control, toy_task(id="control", family="first", control=True)),
    ]


def test_runs_are_counted_over_families_and_a_failed_run_finds_nothing(boards):
    finders = build_finders(boards)
    assert (finders.families, finders.tasks, finders.controls) == (("first", "second"), 2, ("control",))
    semola = finders.rows[0]
    assert (semola.variant.label, semola.tier) == ("semola", "cardinality")
    total = semola.total
    assert (total.finds, total.part, total.nothing, total.runs, total.failed) == (3, 1, 2, 6, 1)
    assert total.right == 3
    assert semola.families["first"].finds == 1
    assert semola.families["second"].finds == 2
    assert semola.defect == 0.03  # of .01, .05, .5, .03, .03


def test_many_tasks_of_one_family_count_as_one(make_record, board_of, toy_task):
    def of(family, number, method, finds):
        name = f"{family}{number}"
        records = [make_record(method, search="full", task={"id": name}, scores=judged(finds, finds))]
        return records, toy_task(id=name, family=family)

    def boards_of(finder):
        """`finder` finds the symmetry of one task of its own family, the other method those of five of another."""
        tasks = [("small", 0)] + [("large", number) for number in range(5)]
        boards = []
        for family, number in tasks:
            one, task = of(family, number, "semola", float(finder == family))
            boards.append(board_of(one, task))
        return boards

    (small,), (large,) = (build_finders(boards_of(family)).rows for family in ("small", "large"))
    assert small.mean_finds == large.mean_finds == 0.5
    assert (small.total.finds, large.total.finds) == (1, 5)


def test_false_discoveries_are_counted_on_controls_with_the_exact_interval(boards):
    semola, liegan = build_finders(boards).rows
    assert (semola.false, semola.controls) == (1, 3)
    assert semola.false_interval == clopper_pearson(1, 3)
    assert liegan.false_interval is None


def test_only_discoverers_have_a_row_and_those_of_few_tasks_come_last(boards):
    rows = build_finders(boards).rows
    assert [row.variant.label for row in rows] == ["semola", "liegan"]
    assert (rows[1].tasks, rows[1].total.finds, rows[1].total.runs, rows[1].seconds) == (1, 2, 2, 8.0)


def test_a_search_space_and_a_preset_make_a_row_and_settings_by_hand_none(make_record, board_of):
    records = [
        make_record("semola", search="full", scores=judged()),
        make_record("semola", search="mask2", scores=judged(1)),
        make_record("semola", search="full", preset="published", changed={"lr": 0.5}, scores=judged(1)),
        make_record("semola", search="full", changed={"lr": 0.1}, scores=judged(1)),
    ]
    labels = [row.variant.label for row in build_finders([board_of(records)]).rows]
    assert labels == ["semola published", "semola [mask2]", "semola"]


def test_a_task_whose_truth_is_unknown_judges_nobody(make_record, board_of):
    finders = build_finders([board_of([make_record("semola", scores={"symmetry/declared": 1.0})])])
    assert (finders.rows, finders.tasks) == ((), 0)


def test_the_page_shows_counts_intervals_and_families(boards):
    (page,) = [page for page in front_pages(build_finders(boards), build_users(boards)) if page.title == FINDERS]
    totals, families = page.tables
    shown = dict(zip(totals.columns, (cell.text for cell in totals.lines[0].cells), strict=True))
    assert shown == {
        "mean share": "0.62", "finds": "3/6", "finds part": "1/6", "nothing": "2/6", "dimension right": "3/6",
        "sup defect": "0.030", "false discoveries": "1/3", "95 %": "0.01 to 0.91", "fit [s]": "2.00", "tasks": "2/2",
        "n ok": "5/6",
    }  # fmt: skip
    assert [cell.text for cell in families.lines[0].cells] == ["1 + 1 of 4", "2 of 2"]
    assert [cell.text for cell in families.lines[1].cells] == ["2 of 2", "–"]


def test_the_short_form_has_few_columns_and_the_widest_search_space_alone(make_record, board_of):
    records = [make_record("semola", search=search, scores=judged(1)) for search in ("full", "mask2")]
    (page,) = front_pages(build_finders([board_of(records)]), build_users([]))
    assert [line.label for line in page.tables[0].lines] == ["semola", "semola [mask2]"]
    (short,) = short_form(page).tables
    assert [line.label for line in short.lines] == ["semola"]
    assert short.columns == ("mean share", "finds", "finds part", "sup defect", "false discoveries", "fit [s]", "tasks")
    assert [cell.text for cell in short.lines[0].cells] == ["1.00", "1/1", "0/1", "0.50", "–", "2.00", "1/1"]


def test_methods_told_the_group_and_pipelines_find_nothing_themselves(make_record, board_of):
    records = [
        make_record("true", knowledge="group", scores=judged(1)),
        make_record("liegan+augment", scores=judged(1)),
        make_record("semola", scores=judged(1)),
    ]
    assert {row.label: finds_of(row) for row in board_of(records).sections[0].rows} == {
        "true": (0, 0), "liegan+augment": (0, 0), "semola": (1, 1),
    }  # fmt: skip
