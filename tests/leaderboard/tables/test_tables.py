"""The tables of a section: their columns, their rows and their cells."""

import shlex
from dataclasses import replace

import pytest

from bench.api import MetricCard
from bench.leaderboard.board.model import Entry
from bench.leaderboard.tables.cells import EMPTY
from bench.leaderboard.tables.section import summary, title
from bench.leaderboard.tables.tables import counted_cell, rank_cell, score_tables
from bench.leaderboard.tables.text import NOTHING, command, number

FIRST, PREDICTION, ANGLES, DISCOVERY = (
    "Results",
    "Prediction and equivariance",
    "Within and beyond the training angles",
    "Discovery",
)
GENERATORS = {
    f"symmetry/{name}": value
    for name, value in {"cosine": 0.7, "mae": 0.2, "precision": 1.0, "dimension": 1.0, "true_dimension": 1.0}.items()
}


def rows_of(board, index=0):
    return {row.label: row for row in board.sections[index].rows}


def test_references_are_unranked_rows_and_told_methods_carry_g_ranks(make_record, board_of, tables_of):
    board = board_of([make_record(mse=0.25), make_record("true", knowledge="group", mse=0.125)])
    assert {label: rank_cell(row).text for label, row in rows_of(board).items()} == {"plain": "1", "true": "G1"}
    assert {name: line["mse"] for name, line in tables_of(board)[FIRST].items()} == {
        "plain": "0.2500", "true": "0.1250", "constant": "1.500",
    }  # fmt: skip
    assert [line.row is None for line in score_tables(board, board.sections[0])[0].lines] == [False, False, True]


def test_the_best_row_is_bold_and_cells_carry_their_values(make_record, board_of):
    records = [make_record("semola", seed=s, mse=s / 1e6 + 1e-5) for s in range(6)]
    records += [make_record(seed=s, mse=s / 7 + 2) for s in range(6)]
    board = board_of(records)
    best, other = (line.cells[0] for line in score_tables(board, board.sections[0])[0].lines[:2])
    assert (best.style, best.value, best.text[-4:]) == ("b", pytest.approx(1.25e-5), ")e-5")
    assert (other.style, other.value) == ("", pytest.approx(2 + 2.5 / 7))


def test_a_strategy_has_a_column_where_it_is_not_the_methods_own(make_record, board_of, tables_of):
    averaged = {
        "test/mse_average": 0.5, "test/mse_plain": 0.75, "equivariance/e_prime": 0.25,
        "equivariance/e_prime_average": 0.25, "equivariance/e_prime_plain": 0.375,
    }  # fmt: skip
    alone = tables_of(board_of([make_record(mse=0.5, scores=averaged), make_record("gcnn")]))[PREDICTION]
    assert list(alone["plain"]) == ["plain", "E′ plain", "passes per prediction"]
    assert (alone["plain"]["plain"], alone["plain"]["E′ plain"]) == ("0.7500", "0.375")
    assert (alone["gcnn"]["plain"], alone["gcnn"]["E′ plain"]) == (NOTHING, NOTHING)
    # A method that predicts by the network alone, beside: its own way is empty, the other one is not.
    plainly = {"test/mse_average": 0.125, "test/mse_plain": 0.25}
    both = tables_of(board_of([make_record(scores=averaged), make_record("true", mse=0.25, scores=plainly)]))
    assert [both[PREDICTION][name][way] for name in ("plain", "true") for way in ("average", "plain")] == [
        NOTHING, "0.7500", "0.1250", NOTHING,
    ]  # fmt: skip


def test_recall_has_a_column_where_it_is_not_the_precision_of_every_row(make_record, board_of, tables_of):
    same = {"symmetry/precision": 0.5, "symmetry/recall": 0.5}
    other = {"symmetry/precision": 0.5, "symmetry/recall": 0.25}
    assert "recall" not in tables_of(board_of([make_record("a", scores=same)]))[DISCOVERY]["a"]
    both = tables_of(board_of([make_record("a", scores=same), make_record("b", scores=other)]))[DISCOVERY]
    assert (both["a"]["recall"], both["b"]["recall"]) == ("0.500", "0.250")


def test_a_deterministic_row_shows_no_spread(make_record, board_of, tables_of):
    board = board_of([make_record(seed=seed, mse=0.1) for seed in range(6)])
    assert tables_of(board)[FIRST]["plain"]["mse"] == "0.1000"
    assert rows_of(board)["plain"].entries["test/mse"].std == 0.0


def test_the_unit_of_the_metric_stands_in_the_header(make_record, board_of, toy_task, tables_of):
    metric = MetricCard("test/accuracy", "%", higher_is_better=True)
    records = [make_record(seed=s, mse=None, scores={"test/accuracy": a}) for s, a in enumerate((97.0, 97.5, 98.0))]
    (row, _) = tables_of(board_of(records, toy_task(metric=metric)))[FIRST].values()
    assert row["accuracy [%]"] == "97.50 ± 1.24"


def test_angles_of_the_training_data_and_beyond_have_a_table_of_their_own(make_record, board_of, tables_of):
    turned = {
        "test/mse_within": 0.25, "test/mse_beyond": 0.75, "equivariance/e_prime_floor": 0.125,
        "equivariance/e_prime_within": 0.5, "equivariance/e_prime_beyond": 0.875, "equivariance/e_prime": 0.625,
    }  # fmt: skip
    tables = tables_of(board_of([make_record(scores=turned), make_record("gcnn")]))
    assert tables[FIRST]["plain"]["E′"] == "0.625"
    assert next(iter(tables[PREDICTION]["plain"].items())) == ("E′ floor", "0.125")
    assert tables[ANGLES] == {
        "plain": {"mse within": "0.2500", "mse beyond": "0.7500", "E′ within": "0.500", "E′ beyond": "0.875"}
    }
    assert ANGLES not in tables_of(board_of([make_record()]))


def test_errors_by_subgroup_have_a_table_of_their_own(make_record, board_of, tables_of):
    parts = {"equivariance/e_prime_shifts": 2.0, "equivariance/e_shifts": 1.0, "equivariance/e_prime": 3.0}
    tables = tables_of(board_of([make_record(scores=parts)]))
    assert tables["Equivariance by subgroup"] == {"plain": {"E shifts": "1.00", "E′ shifts": "2.00"}}
    assert "E′ shifts" not in tables[PREDICTION]["plain"]
    assert "Equivariance by subgroup" not in tables_of(board_of([make_record()]))


def test_a_pure_discoverer_is_not_a_failed_predictor(make_record, board_of, tables_of):
    records = [make_record("liegan", seed=s, mse=None, scores=GENERATORS) for s in range(2)]
    records += [make_record("augerino", scores=GENERATORS), make_record("semola", status="timeout", reason="slow")]
    board = board_of(records)
    tables = tables_of(board)
    assert "liegan" not in tables[PREDICTION]
    assert (tables[FIRST]["semola"]["mse"], tables[FIRST]["liegan"]["mse"]) == ("timeout", NOTHING)
    assert "liegan" in tables[DISCOVERY]
    assert "liegan" in tables["Cost"]
    assert rank_cell(rows_of(board)["liegan"]) == EMPTY


def test_a_predictor_of_which_some_seeds_lack_the_metric_stays_in_the_table(make_record, board_of, tables_of):
    board = board_of([make_record(seed=0), make_record(seed=1, mse=None)])
    assert tables_of(board)[FIRST]["plain"]["mse"] == "0.5000 (n=1)"


def test_the_dimension_stands_beside_the_true_one(make_record, board_of, tables_of):
    table = tables_of(board_of([make_record("semola", scores=GENERATORS)]))[DISCOVERY]
    assert table["semola"]["dimension / true"] == "1 / 1"
    assert DISCOVERY not in tables_of(board_of([make_record()]))


def test_the_share_of_translations_has_a_column_where_it_was_measured(make_record, board_of, tables_of):
    measured = GENERATORS | {"symmetry/leakage_translation": 0.25}
    assert tables_of(board_of([make_record("a", scores=measured)]))[DISCOVERY]["a"]["translation share"] == "0.250"
    assert "translation share" not in tables_of(board_of([make_record("a", scores=GENERATORS)]))[DISCOVERY]["a"]


def test_costs_over_different_hardware_are_marked(make_record, board_of, tables_of):
    records = [make_record(seed=s, env={"threads": s + 1}) for s in range(3)]
    tables = tables_of(board_of([*records, make_record("gcnn")]))
    first, cost = tables[FIRST], tables["Cost"]
    assert (cost["plain"]["hardware"], cost["plain"]["steps"]) == ("A, B, C", "300")
    assert (cost["gcnn"]["hardware"], cost["gcnn"]["steps"]) == ("A", "300")
    assert [first[name]["fit [s]"] for name in ("plain", "gcnn")] == ["2.00 †", "2.00"]


def test_published_numbers_have_a_column(make_record, board_of, toy_task, tables_of):
    board = board_of([make_record("semola")], toy_task(published={"semola": 0.0625, "augerino": 0.5}))
    assert tables_of(board)[PREDICTION]["semola"]["published"] == "0.06250"


def test_seeds_are_counted_and_a_failure_shows_its_status(make_record, board_of, tables_of):
    records = [make_record(seed=0), make_record(seed=1, status="out_of_memory", reason="big")]
    records.append(make_record("gcnn", status="unsupported", reason="needs images"))
    board = board_of(records)
    assert {label: counted_cell(row).text for label, row in rows_of(board).items()} == {"plain": "1/2", "gcnn": "0/1"}
    assert tables_of(board)[FIRST]["gcnn"]["mse"] == "unsupported"
    stale = board_of([make_record()], is_stale=lambda record: True)
    assert counted_cell(rows_of(stale)["plain"]).text == "1/1 (1 stale)"


def test_sections_are_told_apart_by_share_and_by_data(make_record, board_of):
    board = board_of([make_record(), make_record(changed={"train_fraction": 0.25, "lr": 0.1})])
    assert [title(board, section) for section in board.sections] == ["small", "small, 25 % of the training examples"]
    assert [section.rows[0].rank for section in board.sections] == [1, 1]
    board = board_of([make_record(task={"data": d * 64}) for d in "ab"])
    assert [title(board, section) for section in board.sections] == [
        "small, data aaaaaaaaaaaa",
        "small, data bbbbbbbbbbbb",
    ]


def test_every_row_has_the_command_that_reproduces_it(make_record, board_of):
    changed = {"copies": 2, "mode": "two words", "average": True, "train_fraction": 0.25}
    records = [make_record("semola", search="mask2", seed=s, changed=changed) for s in (0, 1, 2, 4)]
    (row,) = board_of(records).sections[0].rows
    assert shlex.split(command(row, "toy", "small")) == [
        "python", "-m", "bench", "run", "--method", "semola", "--task", "toy", "--search", "mask2",
        "--budget", "small", "--seeds", "0-2,4", "--set", "average=true", "--set", "copies=2",
        "--set", "mode=two words", "--train-fraction", "0.25",
    ]  # fmt: skip


def test_the_summary_shows_the_best_of_each_pool(make_record, board_of):
    records = [make_record(mse=0.25), make_record("gcnn", mse=0.5), make_record("true", knowledge="group", mse=0.125)]
    board = board_of(records)
    assert [cell.text for cell in summary(board, board.sections[0])] == [
        "small", "test/mse ↓", "plain", "0.250", "true", "0.125", "constant", "1.50", "3/3",
    ]  # fmt: skip
    stale = board_of(records, is_stale=lambda record: True)
    assert summary(stale, stale.sections[0])[2].text == "plain (stale)"


def test_no_two_columns_of_a_section_show_the_same(make_record, board_of, tables_of):
    scores = GENERATORS | {
        "symmetry/recall": 1.0, "symmetry/precision_chance": 0.5, "symmetry/recall_chance": 0.5,
        "test/mse_average": 0.5, "test/mse_plain": 0.6, "equivariance/e_prime": 0.22, "equivariance/e": 0.1,
        "equivariance/e_prime_average": 0.22, "equivariance/e_prime_plain": 0.3, "equivariance/e_prime_floor": 0.05,
        "equivariance/e_prime_within": 0.15, "equivariance/e_prime_beyond": 0.25, "test/mse_within": 0.4,
        "test/mse_beyond": 0.55,
    }  # fmt: skip
    tables = tables_of(board_of([make_record("semola", scores=scores), make_record("true", mse=0.7)]))
    shown = [column for title, lines in tables.items() if title != "Cost" for column in lines["semola"].values()]
    numbers = [text for text in shown if text != NOTHING]
    assert len(set(numbers)) == len(numbers) > 10


def test_the_first_table_has_every_row_with_finds_and_costs(make_record, board_of, toy_task, tables_of):
    judged = {f"symmetry/{name}": value for name, value in {"finds": 1.0, "precision": 1.0}.items()}
    records = [make_record("liegan", seed=s, mse=None, scores=judged | {"symmetry/finds": s % 2}) for s in range(3)]
    records += [make_record("semola", scores=judged | {"equivariance/e_prime": 0.25}), make_record("plain", mse=2.0)]
    records.append(make_record("liegan", seed=3, mse=None, status="failed", reason="no"))
    first = tables_of(board_of(records))[FIRST]
    assert list(first) == ["semola", "plain", "liegan", "constant"]
    assert [first[name]["finds"] for name in ("semola", "plain", "liegan")] == ["1/1", NOTHING, "1/4"]
    assert (first["semola"]["E′"], first["semola"]["fit [s]"]) == ("0.250", "2.00")
    false = [make_record("semola", seed=s, scores={"symmetry/false_discovery": s % 2}) for s in range(4)]
    assert tables_of(board_of(false, toy_task(control=True)))[FIRST]["semola"]["false discoveries"] == "2/4"


def test_the_tables_below_the_first_have_no_rank_and_no_row_without_a_value(make_record, board_of):
    board = board_of([make_record("semola", scores={"test/mse_plain": 0.75}), make_record("plain")])
    first, second, *_ = score_tables(board, board.sections[0])
    assert (first.ranked, second.ranked) == (True, False)


@pytest.mark.parametrize(
    ("value", "spread", "text"),
    [(1.0, 0.0, "1.00"), (1.0, 1e-9, "1.00 ± <0.01"), (1.0, 0.006, "1.00 ± 0.01"), (2e-5, 1e-9, "(2.00 ± <0.01)e-5")],
)
def test_a_spread_is_never_shown_as_zero(value, spread, text):
    assert number(value, 3, spread) == text


def test_training_passes_stand_in_the_first_table_alone(make_record, board_of, tables_of):
    board = board_of([make_record("semola"), make_record("plain")])
    (section,) = board.sections
    passes = Entry(96_000.0, 0.0, None, 1, "1")
    rows = tuple(replace(row, entries=row.entries | {"cost/passes": passes}) for row in section.rows)
    tables = tables_of(replace(board, sections=(replace(section, rows=rows),)))
    assert tables[FIRST]["semola"]["training passes"] == "96,000"
    assert [title for title, lines in tables.items() if "96,000" in lines["semola"].values()] == [FIRST]
