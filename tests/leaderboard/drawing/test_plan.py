import random

import pytest

from bench.leaderboard.drawing.plan import MAX_CURVES, MAX_ROWS, NAME, plan_figures
from bench.leaderboard.markdown.pages import render_task

FOUND = frozenset({"generators", "truth", "sample_original", "sample_moved"})
TRACED = FOUND | {"trace", "trace_step"}
CURVE = frozenset({"orientation_curve"})


@pytest.fixture
def plans_of(board_of):
    """``plans_of((record, names), ...)``: kind -> plan of the first section."""

    def make(*pairs, index=0):
        names = {(record.key, record.seed): frozenset(found) for record, found in pairs}
        board = board_of([record for record, _ in pairs], arrays=lambda r: names[r.key, r.seed])
        return {plan.kind: plan for plan in plan_figures(board)[index]}

    return make


def labels(plan):
    return [row.label for row in plan.rows]


def test_a_section_without_arrays_has_no_figures(make_record, plans_of):
    assert plans_of((make_record(), ()), (make_record("gcnn", status="failed", reason="boom"), FOUND)) == {}


def test_figures_come_in_a_fixed_order(make_record, plans_of):
    assert list(plans_of((make_record("semola"), TRACED | CURVE))) == ["generators", "samples", "angle", "trace"]


def test_generators_are_shown_once_and_never_those_that_a_method_was_told(make_record, plans_of):
    plans = plans_of(
        (make_record("liegan", mse=None), FOUND),
        (make_record("liegan+augment"), FOUND),
        (make_record("consumer", discovery={"method": "liegan", "search": None, "key": "a" * 12}), FOUND),
        (make_record("true+augment", knowledge="group"), FOUND),
        (make_record("semola"), TRACED),
    )
    assert labels(plans["generators"]) == ["semola", "liegan"]
    assert labels(plans["samples"]) == ["true group", "semola", "liegan"]
    assert labels(plans["trace"]) == ["semola"]


def test_the_true_group_alone_is_no_figure(make_record, plans_of):
    assert plans_of((make_record("true+augment", knowledge="group"), FOUND)) == {}


def test_the_lowest_seed_with_arrays_stands_for_its_row_and_curves_take_every_seed(make_record, plans_of):
    pairs = [(make_record("semola", seed=seed), found) for seed, found in enumerate([(), TRACED | CURVE, TRACED])]
    plans = plans_of(*pairs, (make_record("semola", seed=3, status="failed", reason="boom"), TRACED))
    assert [[run.seed for run in plans[kind].rows[0].runs] for kind in plans] == [[1], [1], [1], [1, 2]]


@pytest.mark.parametrize(
    "change", [{"started": "2027-01-01T00:00:00Z"}, {"seed": 1}, {"key": "a" * 12}, {"changed": {"lr": 1.0}}], ids=str
)
def test_another_record_gives_another_name(make_record, plans_of, change):
    before = plans_of((make_record("semola"), FOUND))
    after = plans_of((make_record("semola", **change), FOUND))
    assert before["samples"].name != after["samples"].name
    assert all(NAME.fullmatch(plan.name) for plan in (*before.values(), *after.values()))


def test_a_record_that_a_figure_does_not_show_leaves_its_name(make_record, plans_of):
    alone = plans_of((make_record("semola"), FOUND))
    more = plans_of((make_record("semola"), FOUND), (make_record("plain"), CURVE))
    assert [alone[kind] for kind in ("generators", "samples")] == [more[kind] for kind in ("generators", "samples")]


def test_names_do_not_depend_on_the_order_of_the_records(make_record, plans_of):
    pairs = [(make_record(m, seed=s), TRACED | CURVE) for m in ("semola", "liegan", "gcnn") for s in range(3)]
    expected = plans_of(*pairs)
    for shuffle in range(3):
        assert plans_of(*random.Random(shuffle).sample(pairs, len(pairs))) == expected


def test_sections_of_one_budget_have_figures_of_different_names(make_record, plans_of):
    pairs = [(make_record("semola", task={"data": data}, seed=seed), FOUND) for seed, data in enumerate("ab")]
    names = {plans_of(*pairs, index=index)["samples"].name for index in range(2)}
    assert len(names) == 2


def test_a_method_keeps_its_colour_on_the_whole_page(make_record, plans_of):
    pairs = [(make_record(m, budget=b), TRACED | CURVE) for m in ("semola", "liegan") for b in ("small", "paper")]
    pairs.append((make_record("augerino", budget="paper"), TRACED | CURVE))
    styles = [
        {(row.label, row.style) for kind in ("angle", "trace") for row in plans_of(*pairs, index=index)[kind].rows}
        for index in range(2)
    ]
    assert styles == [{("liegan", 1), ("semola", 2)}, {("augerino", 0), ("liegan", 1), ("semola", 2)}]


def test_a_crowded_figure_says_which_rows_it_shows(make_record, plans_of):
    plan = plans_of(*((make_record(f"m{i:02}"), TRACED) for i in range(MAX_ROWS + 2)))["trace"]
    assert len(plan.rows) == MAX_ROWS
    assert plan.caption.endswith("The first 24 of 26 rows.")
    assert plan.alt.endswith("m07, and 16 more")


def test_curves_are_those_of_the_best_rows_of_each_pool(make_record, plans_of):
    def record(name, score, knowledge):
        return make_record(name, mse=score, knowledge=knowledge)

    told = [(record(f"g{i:02}", 10.0 - i, "group"), CURVE) for i in range(MAX_CURVES + 1)]
    others = [(record(f"m{i:02}", 20.0 - i, "none"), CURVE) for i in range(MAX_CURVES + 1)]
    labels = [row.label for row in plans_of(*told, *others)["angle"].rows]
    best = [f"{i:02}" for i in range(MAX_CURVES, 0, -1)]
    assert labels == [f"m{i}" for i in best] + [f"g{i}" for i in best]


def test_the_page_embeds_every_figure_with_words_for_those_who_cannot_see_it(make_record, board_of):
    board = board_of([make_record("semola", search="mask2")], arrays=lambda record: FOUND | CURVE)
    page = render_task(board)
    for plan in plan_figures(board)[0]:
        assert f"(figures/{plan.name})" in page
    assert "### Generators\n\n![Heat maps of the learned generators: semola \\[mask2\\]](figures/toy-small-gen" in page
    assert "*The textbook's, then what each method found: seed 0, at Frobenius norm 1, in the sign nearest" in page
