"""Laws of criteria: pairs by seed, thresholds, failed runs lose; and every claim speaks of what exists."""

import pytest

from bench.leaderboard.claims import ours, semola
from bench.leaderboard.claims.claim import Outcome
from bench.leaderboard.claims.criteria import HIGHER, Better, Reaches, fails, finds
from bench.metrics.scores import find
from bench.running.registry import load_registry

CLAIMS = (*semola.CLAIMS, *ours.CLAIMS)


def text(outcome: Outcome) -> str:
    return "".join(words for _, words in outcome.evidence)


def rows(score="test/mse", **values):
    """Row -> one score per seed; None for a failed run."""
    return {
        row: {seed: None if value is None else {score: value} for seed, value in enumerate(found)}
        for row, found in values.items()
    }


@pytest.mark.parametrize(
    ("ours", "theirs", "each"),
    [
        ([1.0, 3.0], [2.0, 2.0], (True, False)),
        ([None, 1.0, None], [2.0, None, None], (False, True, False)),
        ([1.0], [1.0], (False,)),
        ([], [2.0], ()),
    ],
)
def test_a_comparison_is_won_seed_by_seed_and_a_failed_run_loses(ours, theirs, each):
    assert Better("a", "b")(rows(a=ours, b=theirs)).each == each


def test_more_is_better_where_the_table_of_scores_says_so():
    assert Better("a", "b", "symmetry/cosine")(rows("symmetry/cosine", a=[0.9], b=[0.2])).each == (True,)
    assert all(find(score).better == "higher" for score in HIGHER if score.startswith("symmetry/"))


def test_pairs_are_matched_by_seed():
    scores = {"a": {0: {"test/mse": 1.0}, 7: {"test/mse": 9.0}}, "b": {7: {"test/mse": 10.0}}}
    assert text(Better("a", "b")(scores)) == "MSE: a 9.00 against b 10.0, better on 1 of 1 seeds"


def test_two_scores_of_one_row_are_compared():
    scores = {"a": {0: {"test/mse_average": 1.0, "test/mse_plain": 2.0}}}
    assert Better("a", "a", "test/mse_average", "test/mse_plain")(scores).each == (True,)


def test_a_row_reaches_a_threshold_or_not_and_a_failed_run_does_not():
    scores = rows("symmetry/finds", a=[1.0, 0.0, None])
    assert finds("a")(scores).each == (True, False, False)
    scores = rows("symmetry/finds_part", a=[1.0, 0.0, None])
    assert fails("a")(scores).each == (False, True, True)
    assert Reaches("a", "symmetry/cosine", 0.9)(rows("symmetry/cosine", a=[0.9, 0.89])).each == (True, False)
    assert "0.890 to 0.900 on 1 of 2 seeds" in text(
        Reaches("a", "symmetry/cosine", 0.9)(rows("symmetry/cosine", a=[0.9, 0.89]))
    )


def test_claims_speak_of_tasks_methods_searches_and_scores_that_exist():
    registry = load_registry()
    for claim in CLAIMS:
        assert claim.tasks
        assert claim.criteria
        for task in claim.tasks:
            card = registry.task(task).card
            for criterion in claim.criteria:
                assert isinstance(criterion, Reaches | Better)
                scores = {criterion.score, getattr(criterion, "other_score", "")} - {""}
                for score in scores:
                    if score.startswith("test/"):
                        metric = score.removesuffix("_average").removesuffix("_plain")
                        assert metric == card.metric.name, (claim.text, task)
                    else:
                        find(score)
                for row in criterion.rows:
                    name, _, search = row.removesuffix(" published").partition(" [")
                    searches = registry.method(name).card.searches
                    assert bool(search) == searches, (claim.text, row)
                    assert not search or search.rstrip("]") in card.searches, (claim.text, row)


def test_claims_are_told_apart():
    assert len({claim.text for claim in CLAIMS}) == len(CLAIMS)
    assert all(claim.ours for claim in ours.CLAIMS)
    assert not any(claim.ours for claim in semola.CLAIMS)
