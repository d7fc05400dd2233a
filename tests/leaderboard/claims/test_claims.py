"""Laws of the report: a verdict needs every seed on one side, enough of them, and pairs where two rows are compared."""

import pytest

from bench.leaderboard.claims.claims import (
    Claim,
    Outcome,
    at_least,
    below,
    better,
    judged,
    scores_by_task,
    verdict,
)
from bench.leaderboard.claims.semola import CLAIMS
from bench.leaderboard.markdown.claims import render_claims
from bench.running.registry import load_registry


def text(outcome):
    return "".join(words for _, words in outcome.evidence)


def rows(**values):
    """Row -> one test/mse per seed."""
    return {row: {seed: {"test/mse": value} for seed, value in enumerate(found)} for row, found in values.items()}


@pytest.mark.parametrize(
    ("ours", "theirs", "holds"),
    [
        ([1.0] * 6, [2.0] * 6, True),
        ([2.0] * 6, [1.0] * 6, False),
        ([1.0] * 5 + [3.0], [2.0] * 6, None),  # one seed disagrees
        ([1.0] * 5, [2.0] * 6, None),  # five pairs cannot reach p < 0.05
        ([], [2.0] * 6, None),
    ],
)
def test_a_comparison_needs_six_pairs_that_agree(ours, theirs, holds):
    assert better("a", "b")(rows(a=ours, b=theirs)).holds is holds


def test_pairs_are_matched_by_seed():
    scores = {"a": {0: {"test/mse": 1.0}, 7: {"test/mse": 9.0}}, "b": {7: {"test/mse": 10.0}}}
    assert text(better("a", "b")(scores)) == "MSE: a 9.00 against b 10.0 (1 of 1 seeds)"


def test_thresholds_are_reached_or_not_on_every_seed():
    scores = rows(a=[0.9, 0.95, 1.0, 1.0, 1.0, 1.0])
    assert at_least("a", "test/mse", 0.9)(scores).holds is True
    assert below("a", "test/mse", 0.9)(scores).holds is False
    assert at_least("a", "test/mse", 0.93)(scores).holds is None
    assert "0.900 to 1.00" in text(below("a", "test/mse", 0.9)(scores))
    assert at_least("missing", "test/mse", 0.9)(scores).holds is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [([True, True], "confirmed"), ([True, None], "not decided"), ([None, False], "refuted"), ([], "not decided")],
)
def test_a_claim_is_as_good_as_its_weakest_check(found, expected):
    assert verdict(Outcome(holds) for holds in found) == expected


def test_only_default_rows_of_the_boards_budget_count(make_record):
    records = [
        make_record("semola", search="mask2", mse=0.1),
        make_record("semola", search="mask2", mse=0.2, changed={"passes": 300}),
        make_record("plain", budget="smoke"),
        make_record("gcnn", status="failed", reason="x"),
    ]
    assert scores_by_task(records) == {"toy": {"semola [mask2]": {0: {"test/mse": 0.1}}}}


def test_claims_on_which_no_record_bears_are_left_out(make_record):
    records = [make_record(m, mse=v + s / 100, seed=s) for m, v in (("a", 0.1), ("b", 0.5)) for s in range(6)]
    claims = (
        Claim("Sec. 1", "a beats b", {"toy": (better("a", "b"),)}),
        Claim("Sec. 2", "somewhere else", {"other": (better("a", "b"),)}),
    )
    (one,) = judged(claims, records)
    assert (one.place, one.claim, one.verdict) == (1, claims[0], "confirmed")
    assert [(task, outcome.holds) for task, outcome in one.outcomes] == [("toy", True)]
    assert render_claims(claims[1:], records) is None


def test_the_report_as_it_is_written(make_record):
    records = [make_record(m, mse=v + s / 100, seed=s) for m, v in (("a", 0.1), ("b", 0.5)) for s in range(6)]
    assert (
        render_claims([Claim("Sec. 1", "a beats b", {"toy": (better("a", "b"),)})], records)
        == """\
# Claims of the SEMoLA paper, measured

A check holds when it holds on each of at least 6 seeds, fails when it fails on each, and is open otherwise. A claim \
is confirmed when all its checks hold, and refuted when one fails. The rows are those at budget `small` with the \
settings of their task family.

[How to read the scores](README.md#how-to-read-the-tables)

|   | where  | claim     | verdict       |
|--:|--------|-----------|---------------|
| 1 | Sec. 1 | a beats b | **confirmed** |

## Evidence

**1. a beats b**

- [`toy`](boards/toy.md), holds: MSE: `a` 0.125 against `b` 0.525 (6 of 6 seeds)
"""
    )


def test_claims_speak_of_tasks_and_methods_that_exist():
    registry = load_registry()
    for claim in CLAIMS:
        for task, checks in claim.checks.items():
            assert task in registry.tasks
            assert checks
            for check in checks:
                for row in [words for style, words in check({}).evidence if style == "code"]:
                    name, _, search = row.partition(" [")
                    registry.method(name)
                    assert not search or search.rstrip("]") in registry.task(task).card.searches
