"""What `bench leaderboard` says of records that it leaves out."""

import pytest

from bench.cli.board import board_command
from bench.records.record import SCHEMA


@pytest.mark.parametrize(
    ("seeds", "words"),
    [(1, "1 record of an earlier protocol is"), (3, "3 records of an earlier protocol are")],
)
def test_records_of_an_earlier_protocol_cost_one_line(tmp_path, make_record, put_record, capsys, seeds, words):
    for seed in range(seeds):
        old = put_record(tmp_path / "results", make_record(seed=seed))
        old.write_bytes(old.read_bytes().replace(SCHEMA.encode(), b"run.v1"))
    assert board_command(tmp_path / "results", check=False, html=False) == 0
    assert capsys.readouterr().err.splitlines() == [f"{words} skipped"]
