import pandas as pd
import pytest

from bench.cli.collect import collect_command
from bench.cli.compare import Selection, compare_command
from bench.errors import BenchError
from bench.records.frame import load_results
from bench.records.store import Store

TASK = "nbody_1step_id"


@pytest.fixture
def results(tmp_path, make_record, put_record):
    for seed in range(6):
        common = {"task": {"id": TASK}, "seed": seed}
        put_record(tmp_path, make_record("plain", mse=2.0 + 0.1 * seed, **common))
        put_record(tmp_path, make_record("semola", search="full", mse=1.0 + 0.1 * seed, **common))
        scores = {"symmetry/precision": 0.5}
        put_record(tmp_path, make_record("semola", search="mask2", mse=0.5 + 0.1 * seed, scores=scores, **common))
    return tmp_path


def ask(results, first, second, **options):
    selection = Selection(**({"tasks": [TASK], "budget": "small"} | options))
    compare_command(first, second, selection, results)


def test_it_says_the_difference_and_who_is_better(results, capsys):
    ask(results, "semola", "plain")
    row = capsys.readouterr().out.splitlines()[2].split()
    assert row == [TASK, "1.25", "2.25", "-1.00", "±", "<0.01", "0-5", "0.0312", "semola"]


def test_a_bare_name_is_the_widest_search_space_and_labels_need_no_exact_spaces(results, capsys):
    ask(results, "semola", "semola[mask2]")
    assert capsys.readouterr().out.splitlines()[2].split()[1:3] == ["1.25", "0.750"]


def test_without_a_task_every_common_one_is_compared_with_holm(results, capsys, make_record, put_record):
    for seed in range(6):
        for name in ("plain", "semola"):
            search = "full" if name == "semola" else None
            put_record(results, make_record(name, search=search, seed=seed, task={"id": "nbody_1step_ood"}))
    ask(results, "semola", "plain", tasks=())
    out = capsys.readouterr().out
    assert "nbody_1step_ood" in out
    assert "p (Holm)" in out
    assert "0.0625" in out  # 2 x 1/32
    assert "no p over 2 tasks can be below 0.0625" in out


@pytest.mark.parametrize(
    ("first", "options", "message"),
    [
        ("semloa", {}, "no row 'semloa' on 'nbody_1step_id'. Did you mean 'semola"),
        ("semola", {"tasks": ["nbody_3step_id"]}, "has no 'small' records"),
        ("semola", {"budget": "smoke"}, "for tests"),
        ("semola", {"score": "test/mae"}, "has no score 'test/mae'. Did you mean 'test/mse'"),
        ("semloa", {"tasks": ()}, "no task has 'small' records of both 'semloa' and 'plain'"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(results, first, options, message):
    with pytest.raises(BenchError, match=message.replace("(", r"\(")):
        ask(results, first, "plain", **options)


def test_collect_writes_the_frame_and_only_the_frame(results, capsys):
    collect_command(results, None)
    path = results.with_suffix(".parquet")
    assert str(path) in capsys.readouterr().out
    frame = pd.read_parquet(path)
    pd.testing.assert_frame_equal(frame, load_results(Store(results)), check_dtype=False)
    assert [p.name for p in path.parent.glob(f".{path.name}*")] == []


def test_collect_says_where_it_cannot_write(results, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot be written"):
        collect_command(results, tmp_path / "file" / "x.parquet")
