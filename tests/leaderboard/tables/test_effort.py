import pytest

from bench.leaderboard.tables.effort import effort_of
from bench.records.estimate import OVERHEAD_S


def test_the_cells_are_added_up_and_a_discovery_counts_once(make_record):
    cost = {"fit_s": 3600.0, "predict_s": 0.0}
    first = make_record("liegan", key="a" * 12, cost=cost)
    used = {"method": "liegan", "search": None, "key": "a" * 12}
    consumers = [
        make_record(f"liegan+{name}", cost={"fit_s": 1800.0, "predict_s": 0.0}, discovery=used)
        for name in ("augment", "emlp")
    ]
    failed = make_record("emlp", status="failed", reason="x")
    effort = effort_of([first, *consumers, failed])
    assert effort.hours == pytest.approx(2.0 + 3 * OVERHEAD_S / 3600)  # 1 h of discovery, half an hour of each consumer
    assert (effort.cells, effort.without_cost) == (3, 1)


def test_machines_are_counted_and_nothing_is_known_without_a_cost(make_record):
    records = [make_record(seed=0), make_record(seed=1, env={"cpu": "Other"}), make_record(seed=2)]
    assert effort_of(records).machines == (("Toy CPU", 2), ("Other", 1))
    assert effort_of([make_record(status="failed", reason="x")]) is None
