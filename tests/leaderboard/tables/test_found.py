"""Found generators by name, false discoveries of a control, and errors by subgroup, as a page tells them."""

from bench.leaderboard.markdown.pages import render_task
from bench.leaderboard.tables.found import found_names, found_sentences

SHARES = {"rotation_xy": 0.99, "rotation_xz": 0.96, "shift_x": 0.7, "shift_y": 0.1}


def scores(shares):
    return {f"symmetry/found_{name}": share for name, share in shares.items()}


def test_a_sentence_says_what_was_found_partly_and_not(board_of, make_record):
    (section,) = board_of([make_record("semola", search="full", scores=scores(SHARES))]).sections
    names = found_names(section)
    assert names == tuple(SHARES)
    text = found_sentences(section.rows, names)
    assert "- `semola [full]`: 2 of 4 found (rotation xy, rotation xz); partly shift x; missed shift y." in text


def test_a_sentence_says_when_all_or_none_are_found(board_of, make_record):
    everything = make_record("semola", search="full", scores=scores(dict.fromkeys(SHARES, 1.0)))
    nothing = make_record("liegan", search="full", scores=scores(dict.fromkeys(SHARES, 0.0)))
    (section,) = board_of([everything, nothing]).sections
    text = found_sentences(section.rows, found_names(section))
    assert "`semola [full]`: all 4 found" in text
    assert "`liegan [full]`: 0 of 4 found; missed rotation xy" in text


def test_means_over_seeds_decide(board_of, make_record):
    records = [
        make_record("semola", search="full", seed=s, scores=scores({"shift_x": v})) for s, v in enumerate((0, 1))
    ]
    (section,) = board_of(records).sections
    assert "0 of 1 found; partly shift x" in found_sentences(section.rows, ("shift_x",))


def test_a_task_without_names_has_no_such_part(board_of, make_record):
    page = render_task(board_of([make_record("semola", scores={"symmetry/precision": 1.0})]))
    assert "Which generators" not in page


def test_a_control_counts_false_discoveries(board_of, make_record, toy_task):
    found = make_record("semola", search="full", scores={"symmetry/declared": 0.0, "symmetry/strength": 0.7})
    blind = make_record("liegan", search="full", mse=None, scores={"symmetry/declared": 6.0})
    page = render_task(board_of([found, blind], task=toy_task(control=True)))
    assert "every generator that is declared is a false discovery" in page
    assert "- `semola [full]`: 0 declared, mean strength 0.70." in page
    assert "- `liegan [full]`: 6 declared: it has no predictor, and cannot decline." in page
    assert "Cosine and precision agree" not in page


def test_errors_by_subgroup_have_a_table_of_their_own(board_of, make_record):
    parts = {"equivariance/e_prime_shifts": 2.0, "equivariance/e_shifts": 1.0, "equivariance/e_prime": 3.0}
    page = render_task(board_of([make_record("plain", scores=parts)]))
    table = page.split("### Equivariance by subgroup")[1].split("###")[0]
    assert "E′ shifts" in table
    assert "E shifts" in table
    assert "Equivariance by subgroup" not in render_task(board_of([make_record("plain")]))
