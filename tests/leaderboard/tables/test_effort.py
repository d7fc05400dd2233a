from bench.leaderboard.tables.effort import remaking
from bench.records.estimate import OVERHEAD_S


def test_the_cells_are_added_up_and_a_discovery_counts_once(make_record):
    cost = {"fit_s": 3600.0, "predict_s": 0.0}
    first = make_record("liegan", key="a" * 12, cost=cost)
    used = {"method": "liegan", "search": None, "key": "a" * 12}
    consumers = [
        make_record(f"liegan+{name}", cost={"fit_s": 1800.0, "predict_s": 0.0}, discovery=used)
        for name in ("augment", "emlp")
    ]
    hours = 2.0 + 3 * OVERHEAD_S / 3600  # 1 h of discovery, half an hour of each consumer
    assert f"These 3 cells took {hours:.1f} hours of one core" in remaking([first, *consumers])
    assert f"2 workers about {hours / 2:.1f} hours" in remaking([first, *consumers])
    failed = make_record("emlp", status="failed", reason="x")
    assert "(1 more ended without a cost)" in remaking([first, failed])


def test_it_names_the_machines_and_is_silent_without_a_cost(make_record):
    records = [make_record(seed=0), make_record(seed=1, env={"cpu": "Other"})]
    assert "Other (1)" in remaking(records)
    assert remaking([make_record(status="failed", reason="x")]) is None
