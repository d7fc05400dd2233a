"""Laws of verdicts: every seed on one side, enough of them, failed runs lose, the longer budget is a verdict apart."""

import pytest

from bench.leaderboard.claims.claim import Claim, Outcome
from bench.leaderboard.claims.criteria import Better
from bench.leaderboard.claims.outcome import judged, rows_by_task, verdict
from bench.leaderboard.markdown.claims import render_claims


@pytest.mark.parametrize(
    ("each", "holds"),
    [([True] * 6, True), ([False] * 6, False), ([True] * 5 + [False], None), ([True] * 5, None), ([], None)],
)
def test_a_criterion_needs_enough_seeds_that_agree(each, holds):
    assert Outcome(tuple(each), ()).holds(6) is holds


@pytest.mark.parametrize(
    ("found", "most", "expected"),
    [
        ([True, True], False, "confirmed"),
        ([True, None], False, "undecided"),
        ([None, False], False, "refuted"),
        ([True, False, True], False, "refuted"),
        ([True, False, True], True, "confirmed"),
        ([True, False, None], True, "undecided"),
        ([True, False, False], True, "refuted"),
        ([True, False], True, "undecided"),
        ([], False, "not run"),
    ],
)
def test_a_claim_is_as_good_as_its_weakest_criterion_or_as_most(found, most, expected):
    each = {True: (True,) * 6, False: (False,) * 6, None: (True, False) * 3}
    assert verdict([Outcome(each[holds], ()) for holds in found], 6, most) == expected


def test_criteria_without_a_run_leave_a_claim_undecided_beside_others():
    assert verdict([Outcome((True,) * 6, ()), Outcome((), ())], 6) == "undecided"
    assert verdict([Outcome((), ()), Outcome((), ())], 6) == "not run"


def test_rows_are_those_of_the_family_and_of_the_authors_and_keep_failures(make_record):
    records = [
        make_record("semola", search="mask2", mse=0.1),
        make_record("semola", search="mask2", mse=0.2, changed={"passes": 300}),
        make_record("liegan", search="full", mse=0.3, changed={"steps": 9}, preset="published"),
        make_record("plain", mse=0.1, budget="smoke"),
        make_record("gcnn", status="failed", reason="x"),
        make_record("gcnn", status="diverged", reason="x", seed=1),
        make_record("gcnn", status="timeout", reason="x", seed=2),
        make_record("gcnn", status="unsupported", reason="x", seed=3),
        make_record("gcnn", status="interrupted", reason="x", seed=4),
    ]
    assert rows_by_task(records, "small") == {
        "toy": {
            "semola [mask2]": {0: {"test/mse": 0.1}},
            "liegan [full] published": {0: {"test/mse": 0.3}},
            "gcnn": {0: None, 1: None, 2: None},
        }
    }
    assert rows_by_task(records, "smoke") == {"toy": {"plain": {0: {"test/mse": 0.1}}}}


@pytest.fixture
def records(make_record):
    return [
        make_record(m, mse=v + s / 100, seed=s, budget=b)
        for b, seeds, best in (("small", 6, 0.1), ("long", 3, 0.9))
        for m, v in (("a", best), ("b", 0.5))
        for s in range(seeds)
    ]


def test_the_longer_budget_has_a_verdict_of_its_own(records):
    claims = (
        Claim("Sec. 1", "a beats b", ("toy",), (Better("a", "b"),)),
        Claim("Sec. 2", "somewhere else", ("other",), (Better("a", "b"),)),
    )
    first, second = judged(claims, records)
    assert (first.place, first.verdict, first.longer, first.changes) == (1, "confirmed", "refuted", True)
    assert (second.verdict, second.longer, second.changes) == ("not run", "not run", False)
    assert render_claims(claims[1:], records) is None


def test_the_report_as_it_is_written(records):
    claims = (
        Claim("Sec. 1", "a beats b", ("toy",), (Better("a", "b"),)),
        Claim("Sec. 2", "somewhere else", ("other",), (Better("a", "b"),)),
    )
    page = render_claims(claims, records)
    assert page is not None
    assert "1 claim has no runs yet." in page
    _, _, table = page.partition("README.md#how-to-read-the-tables)\n\n")
    assert (
        table
        == """\
|   | where  | claim          | tasks   | verdict       | at long     |
|--:|--------|----------------|---------|---------------|-------------|
| 1 | Sec. 1 | a beats b      | `toy`   | **confirmed** | **refuted** |
| 2 | Sec. 2 | somewhere else | `other` | not run       | –           |

## Evidence

**1. a beats b**: confirmed

- [`toy`](boards/toy.md), holds: MSE: `a` 0.125 against `b` 0.525, better on 6 of 6 seeds
"""
    )
