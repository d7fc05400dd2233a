import random

import pytest

from bench.api import MetricCard
from bench.leaderboard.board.model import Entry
from bench.leaderboard.board.overall import build_overall
from bench.leaderboard.markdown.pages import MARKER, index_remarks, render_index, render_task
from bench.leaderboard.tables.text import NOTHING, entry_text, number, seed_ranges, table

FOUND = {
    f"symmetry/{name}": value
    for name, value in {"cosine": 0.7, "mae": 0.2, "precision": 1.0, "dimension": 1.0, "true_dimension": 1.0}.items()
}


def index_of(boards, remarks=()):
    return render_index(boards, build_overall(boards), remarks)


def cells(page, first):
    """The cells of the first table row whose method column starts with ``first``."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    return next(row for row in rows if row[1].startswith(first))


@pytest.mark.parametrize(
    ("value", "spread", "text"),
    [
        (0.1234567, None, "0.123"),
        (1.5e-6, None, "1.50e-6"),
        (123456.0, None, "1.23e5"),
        (1234.5, 6.78, "1234 ± 7"),
        (1.234e-6, 5.6e-8, "(1.23 ± 0.06)e-6"),
        (0.0, None, "0"),
        (0.0, 0.0, "0 ± 0"),
        (0.0, 2.5e-7, "(0.00 ± 2.50)e-7"),
        (-0.5, 0.1, "-0.500 ± 0.100"),
        (9.9999e-5, None, "1.00e-4"),
        (0.0099996, None, "0.01000"),
        (0.9996, 4e-4, "1.000 ± 0.000"),
        (99999.6, None, "1.00e5"),
        (1e-7, 9.9999e-5, "(0.00 ± 1.00)e-4"),
    ],
)
def test_numbers_have_three_digits_and_the_spread_the_same_place(value, spread, text):
    assert number(value, spread=spread) == text


def test_an_accuracy_in_per_cent_has_two_decimals():
    assert entry_text(Entry(97.3123, 0.2061, 0.2163, 6, "%"), 4) == "97.31 ± 0.22"


def test_an_entry_that_some_seeds_lack_says_so():
    assert entry_text(Entry(0.5, 0.1, 0.1, 2, "1"), expected=3) == "0.500 ± 0.100 (n=2)"
    assert entry_text(None) == NOTHING


@pytest.mark.parametrize(
    ("seeds", "text"), [([0, 1, 2, 3, 4, 5], "0-5"), ([4, 0, 2, 1], "0-2,4"), ([7], "7"), ([1, 3], "1,3"), ([], "")]
)
def test_seeds_are_written_as_ranges(seeds, text):
    assert seed_ranges(seeds) == text


def test_a_bar_in_a_cell_does_not_break_the_table():
    lines = table(["a", "b"], [["x|y", "1"]], left=[0]).splitlines()
    assert lines == ["| a    | b |", "|------|--:|", "| x\\|y | 1 |"]


def test_the_same_records_in_any_order_give_the_same_bytes(make_record, board_of):
    records = [make_record(m, seed=s, mse=s / 7, scores=FOUND) for m in ("plain", "semola") for s in range(3)]
    page, index = render_task(board_of(records)), index_of([board_of(records)])
    for shuffle in range(5):
        board = board_of(random.Random(shuffle).sample(records, len(records)))
        assert (render_task(board), index_of([board])) == (page, index)


def test_a_page_names_its_data_budget_metric_and_sources(make_record, board_of):
    page = render_task(board_of([make_record("semola")]))
    assert page.startswith(MARKER)
    assert "Ranked by `test/mse` (lower is better)" in page
    assert "Data: made up (SHA-256 aaaaaaaaaaaa)" in page
    assert "Examples: 100 training, 10 validation, 50 test" in page
    assert "Training: 3 epochs, batches of 16, peak learning rate 0.002" in page
    assert "Nobody (2026)" in page
    assert "`semola`: SEMoLA; learns generators. Somebody (2025)." in page


def test_every_row_has_the_command_that_reproduces_it(make_record, board_of):
    changed = {"copies": 2, "mode": "two words", "average": True}
    records = [make_record("semola", search="mask2", seed=s, changed=changed) for s in (0, 1, 2, 4)]
    assert (
        "python -m bench run --method semola --task toy --search mask2 --budget small --seeds 0-2,4 "
        "--set average=true --set copies=2 --set 'mode=two words'  # "
    ) in render_task(board_of(records))


def test_references_are_unranked_rows_and_told_methods_carry_g_ranks(make_record, board_of):
    page = render_task(board_of([make_record(mse=0.25), make_record("true", knowledge="group", mse=0.125)]))
    assert cells(page, "`plain`")[:4] == ["1", "`plain`", "none", "0.2500"]
    assert cells(page, "`true`")[:4] == ["G1", "`true`", "group", "0.1250"]
    assert cells(page, "*constant*")[:4] == ["ref.", "*constant*", NOTHING, "1.500"]


def test_alternative_strategies_have_columns(make_record, board_of):
    page = render_task(board_of([make_record(scores={"test/mse_average": 0.25}), make_record("gcnn")]))
    assert cells(page, "method") == ["rank", "method", "told", "mse", "average", "passes", "n ok"]
    assert cells(page, "`plain`")[4] == "0.2500"
    assert cells(page, "`gcnn`")[4] == NOTHING


def test_the_unit_of_the_metric_stands_in_the_header(make_record, board_of, toy_task):
    metric = MetricCard("test/accuracy", "%", higher_is_better=True)
    records = [make_record(seed=s, mse=None, scores={"test/accuracy": a}) for s, a in enumerate((97.0, 97.5, 98.0))]
    page = render_task(board_of(records, toy_task(metric=metric)))
    assert cells(page, "method")[3] == "accuracy [%]"
    assert cells(page, "`plain`")[3] == "97.50 ± 1.24"


def test_angles_of_the_training_data_and_beyond_have_a_table_of_their_own(make_record, board_of):
    turned = {
        "test/mse_within": 0.25, "test/mse_beyond": 0.75, "equivariance/e_prime_floor": 0.125,
        "equivariance/e_prime_within": 0.5, "equivariance/e_prime_beyond": 0.875, "equivariance/e_prime": 0.625,
    }  # fmt: skip
    page = render_task(board_of([make_record(scores=turned), make_record("gcnn")]))
    prediction, angles = page.split("### Within and beyond the training angles")
    assert cells(prediction, "method")[3:-1] == ["mse", "E′", "E′ floor", "passes"]
    assert cells(prediction, "`plain`")[5] == "0.125"
    assert cells(angles, "method")[3:-1] == ["mse within", "mse beyond", "E′ within", "E′ beyond"]
    assert cells(angles, "`plain`")[3:-1] == ["0.2500", "0.7500", "0.500", "0.875"]
    assert "`gcnn`" not in angles.split("###")[0]
    assert "training angles" not in render_task(board_of([make_record()]))


def test_a_pure_discoverer_is_no_failed_predictor(make_record, board_of):
    records = [make_record("liegan", seed=s, mse=None, scores=FOUND) for s in range(2)]
    records += [make_record("augerino", scores=FOUND), make_record("semola", status="timeout", reason="over 900 s")]
    prediction, rest = render_task(board_of(records)).split("### Discovery")
    discovery, cost = rest.split("### Cost")
    assert "`liegan`" not in prediction
    assert cells(prediction, "`semola`")[3] == "timeout"
    for table_of in (discovery, cost):
        assert cells(table_of, "`liegan`")[0] == NOTHING


def test_a_predictor_of_which_some_seeds_lack_the_metric_stays_in_the_table(make_record, board_of):
    page = render_task(board_of([make_record(seed=0), make_record(seed=1, mse=None)]))
    assert cells(page, "`plain`")[3] == "0.5000 (n=1)"


def test_the_share_of_translations_has_a_column_where_it_was_measured(make_record, board_of):
    with_share = render_task(board_of([make_record("semola", scores=FOUND | {"symmetry/leakage_translation": 0.25})]))
    discovery = with_share.split("### Discovery")[1]
    assert dict(zip(cells(discovery, "method"), cells(discovery, "`semola`"), strict=True))["translation share"] == (
        "0.250"
    )
    assert "translation share" not in render_task(board_of([make_record("semola", scores=FOUND)]))


def test_a_share_of_the_training_examples_is_an_option_of_its_own(make_record, board_of):
    page = render_task(board_of([make_record(), make_record(changed={"train_fraction": 0.25, "lr": 0.1})]))
    whole, quarter = page.split("## Budget `small`, 25 % of the training examples")
    assert cells(whole, "`plain`")[0] == cells(quarter, "`plain lr=0.1`")[0] == "1"  # ranked apart
    assert "--budget small --seeds 0 --set lr=0.1 --train-fraction 0.25  # " in page


def test_failures_are_statuses_with_reasons(make_record, board_of):
    records = [make_record(seed=0), make_record(seed=1, status="diverged", reason="loss is | nan")]
    records.append(make_record("gcnn", status="unsupported", reason="needs images"))
    page = render_task(board_of(records))
    assert cells(page, "`plain`")[-1] == "1/2"
    assert cells(page, "`gcnn`")[3] == "unsupported"
    assert "- `plain`, seed 1: diverged, loss is | nan" in page
    assert "- `gcnn`, seed 0: unsupported, needs images" in page


def test_stale_and_unreadable_records_are_marked(make_record, board_of):
    board = board_of([make_record()], is_stale=lambda record: True, skipped=2)
    page = render_task(board)
    assert cells(page, "`plain`")[-1] == "1/1 (1 stale)"
    assert "`plain` (stale)" in index_of([board])
    assert "Stale: the record is of an earlier version" in page
    assert "2 files in the place of a record that cannot be read" in page


def test_costs_over_different_hardware_are_marked(make_record, board_of):
    records = [make_record(seed=s, env={"threads": s + 1}) for s in range(3)]
    cost = render_task(board_of([*records, make_record("gcnn")])).split("### Cost")[1]
    assert cells(cost, "`plain`")[3:5] == ["A, B, C", "2.00 ± 0.00 *"]
    assert cells(cost, "`gcnn`")[3:5] == ["A", "2.00"]
    assert "- Hardware B: Toy CPU, no GPU, 2 threads" in cost


def test_a_paragraph_says_where_cosine_and_precision_disagree_and_what_that_means(make_record, board_of):
    on_data = {"symmetry/cosine": 0.1, "symmetry/precision": 0.1, "symmetry/precision_on_data": 0.9}
    page = render_task(board_of([make_record("semola", scores=FOUND), make_record("liegan", scores=FOUND | on_data)]))
    first, second = (line for line in page.splitlines() if line.startswith("- `") and "cosine" in line)
    assert first.startswith("- `liegan`: cosine 0.10, MAE 0.20, precision 0.10; against all that the labels")
    assert "precision is 0.90" in first
    assert second == "- `semola`: cosine 0.70, MAE 0.20, precision 1.0; more of a true symmetry than its matrices show."
    assert cells(page.split("### Discovery")[1], "`semola`")[5] == "1 / 1"  # behind "on data"


def test_a_page_says_so_where_the_scores_agree(make_record, board_of):
    page = render_task(board_of([make_record("semola", scores=FOUND | {"symmetry/cosine": 0.95})]))
    assert "Cosine and precision agree within 0.1 on every row." in page


def test_methods_that_find_nothing_are_not_in_the_discovery_table(make_record, board_of):
    assert "### Discovery" not in render_task(board_of([make_record()]))


def test_data_variants_are_named_in_their_headings(make_record, board_of):
    page = render_task(board_of([make_record(task={"data": d, "data_sha256": d * 64}) for d in "ab"]))
    assert "## Budget `small`, data aaaaaaaaaaaa" in page
    assert "## Budget `small`, data bbbbbbbbbbbb" in page


def test_published_numbers_have_a_column_or_a_line(make_record, board_of, toy_task):
    page = render_task(board_of([make_record("semola")], toy_task(published={"semola": 0.0625, "augerino": 0.5})))
    assert cells(page, "`semola`")[-2] == "0.06250"
    assert "Published, not run here: augerino 0.5." in page


def test_the_index_shows_the_best_of_each_pool_and_what_is_missing(make_record, board_of):
    records = [make_record(mse=0.25), make_record("gcnn", mse=0.5), make_record("true", knowledge="group", mse=0.125)]
    index = index_of([board_of(records)], index_remarks(["b", "a"], {"gone": 1}, 1))
    assert cells(index, "small") == [
        "[toy](boards/toy.md)", "small", "`test/mse` ↓", "`plain`", "0.250", "`true`", "0.125", "constant", "1.50",
        "3/3",
    ]  # fmt: skip
    assert "No results yet: `a`, `b`." in index
    assert "1 record of `gone`, a task that this installation does not know" in index
    assert "1 file in the place of a record that cannot be read" in index
    assert "E′" in index
    assert "a seed changes the initial" in index


def test_an_index_without_results_says_so(board_of):
    assert "No results yet.\n" in index_of([])
