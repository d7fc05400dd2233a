"""`python -m bench show`: a record by its path, or by task, method and seed from loose and packed records."""

import pytest

from bench.cli.show import show_command
from bench.errors import BenchError

TASK = "nbody_1step_id"


@pytest.fixture
def results(tmp_path, make_record, put_record):
    """A folder with the records of one method in two search spaces, and of another without one."""
    for record in (
        make_record("semola", search="full", mse=0.25, task={"id": TASK}),
        make_record("semola", search="mask2", mse=0.5, task={"id": TASK}),
        make_record("plain", mse=0.75, task={"id": TASK}),
    ):
        put_record(tmp_path, record)
    return lambda: tmp_path


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("semola", "semola [full]"),
        ("semola [full]", "semola [full]"),
        ("semola [mask2]", "semola [mask2]"),
        ("plain", "plain"),
    ],
)
def test_a_method_alone_means_its_widest_search_space(results, capsys, method, label):
    show_command(TASK, method, results)
    assert capsys.readouterr().out.startswith(f"{label} on {TASK}@1, small, seed 0")


@pytest.mark.parametrize("method", ["semla", "semola [mask4]"])
def test_an_unknown_row_names_the_nearest(results, method):
    with pytest.raises(BenchError, match="Did you mean 'semola"):
        show_command(TASK, method, results)


def test_a_seed_that_was_not_run_names_those_that_were(results):
    with pytest.raises(BenchError, match="at budget 'small', seed 7; recorded: small seed 0"):
        show_command(TASK, "plain", results, seed=7)
