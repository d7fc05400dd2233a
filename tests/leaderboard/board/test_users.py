import numpy as np
import pytest
from scipy import stats as oracle

from bench.api import MetricCard
from bench.leaderboard.board.finders import Finders
from bench.leaderboard.board.users import PLAIN, FamilyScale, Interval, Use, UserRow, Users, build_users
from bench.leaderboard.tables.front import front_pages
from bench.leaderboard.tables.front_texts import users_notes
from bench.metrics.statistics import fieller

SEEDS = range(6)


@pytest.fixture
def boards(make_record, board_of, toy_task):
    """``boards({task: {method: scores by seed}}, family=…, card=…)``; `true` and `emlp` are told the group."""

    def make(tables, family=lambda task: task, card=None):
        made = []
        for task, methods in tables.items():
            records = [
                make_record(
                    method, seed=s, mse=float(value), knowledge="group" if method in ("true", "emlp") else "none",
                    task={"id": task}, references={"constant": 10.0},
                )
                for method, values in methods.items()
                for s, value in enumerate(values)
            ]  # fmt: skip
            made.append(board_of(records, toy_task(id=task, family=family(task), **(card or {}))))
        return made

    return make


def drawn(mean, seed, spread=0.05):
    return np.random.default_rng(seed).normal(mean, spread, 6)


def use_of(users, method, family):
    (row,) = [row for row in users.rows if row.variant.label == method]
    return row.uses[family]


def test_the_gain_of_one_task_is_a_ratio_of_means_with_fiellers_interval(boards):
    plain, own, told = drawn(2.0, 0), drawn(1.25, 1), drawn(1.0, 2)
    users = build_users(boards({"a": {"plain": plain, "semola": own, "true": told, "emlp": told + 0.2}}))
    gain = use_of(users, "semola", "a").gain
    assert gain.value == pytest.approx((plain - own).mean() / (plain - told).mean())
    assert (gain.low, gain.high) == pytest.approx(fieller(plain - own, plain - told))
    assert users.families[0].best_told == {"a": "true"}
    assert use_of(users, "true", "a").gain.value == pytest.approx(1.0)


def test_the_ratio_is_to_plain_with_an_interval_near_the_t_interval_of_log_ratios(boards):
    plain, own = drawn(2.0, 0), drawn(1.0, 1)
    ratio = use_of(build_users(boards({"a": {"plain": plain, "semola": own}})), "semola", "a").ratio
    logs = np.log(own / plain)
    low, high = np.exp(oracle.t.interval(0.95, 5, loc=logs.mean(), scale=oracle.sem(logs)))
    assert ratio.value == pytest.approx(own.mean() / plain.mean())
    assert (ratio.low, ratio.high) == pytest.approx((low, high), rel=0.01)


def test_a_family_averages_its_tasks_whatever_their_scale(boards):
    tables = {
        "a": {"plain": [2.0] * 6, "semola": [1.5] * 6, "true": [1.0] * 6},
        "b": {"plain": [2e-6] * 6, "semola": [1e-6] * 6, "true": [1e-6] * 6},
    }
    use = use_of(build_users(boards(tables, family=lambda task: "both")), "semola", "both")
    assert use.gain.value == pytest.approx(0.75)
    assert use.ratio.value == pytest.approx((0.75 * 0.5) ** 0.5)


def test_no_gain_where_plain_is_not_distinctly_worse_than_the_best_told(boards):
    rng = np.random.default_rng(3)
    tables = {"a": {name: rng.normal(1.0, 0.3, 6) for name in ("plain", "semola", "true")}}
    users = build_users(boards(tables))
    assert use_of(users, "semola", "a").gain is None
    assert use_of(users, "semola", "a").ratio is not None
    assert users.families[0].best_told == {}


def test_a_method_that_lacks_a_gain_task_has_no_gain_in_the_family(boards):
    whole = {"plain": drawn(2.0, 0), "true": drawn(1.0, 1), "semola": drawn(1.5, 2)}
    without = {name: values for name, values in whole.items() if name != "semola"}
    use = use_of(build_users(boards({"a": whole, "b": without}, family=lambda task: "both")), "semola", "both")
    assert (use.gain, use.ratio, use.missing) == (None, None, "1 of 2 tasks")


def test_failures_count_as_the_constant_predictor_and_stay_visible(make_record, board_of):
    records = [
        make_record(name, seed=s, mse=mse, knowledge=tier, references={"constant": 9.0})
        for name, mse, tier in (("plain", 2.0, "none"), ("true", 1.0, "group"))
        for s in SEEDS
    ]
    none = {"references": {}}
    records += [make_record("frail", seed=s, mse=1.0, **none) for s in range(5)]
    records += [make_record(name, seed=5, status="failed", **none) for name in ("frail", "gone")]
    users = build_users([board_of(records)])
    frail = use_of(users, "frail", "toy")
    assert (frail.ok, frail.expected) == (5, 6)
    assert frail.gain.value == pytest.approx(2.0 - (5 * 1.0 + 9.0) / 6)
    assert use_of(users, "gone", "toy").missing == "failed"


def test_an_accuracy_is_compared_by_its_share_of_wrong_answers(make_record, board_of, toy_task):
    metric = MetricCard("test/accuracy", "%", higher_is_better=True)
    records = [
        make_record(name, seed=s, mse=None, scores={"test/accuracy": value}, knowledge=tier)
        for name, value, tier in (("plain", 80.0, "none"), ("semola", 90.0, "none"), ("true", 95.0, "group"))
        for s in SEEDS
    ]
    use = use_of(build_users([board_of(records, toy_task(metric=metric))]), "semola", "toy")
    assert use.ratio.value == pytest.approx(0.5)
    assert use.gain.value == pytest.approx(10 / 15)


def test_controls_have_nothing_to_use_and_methods_told_the_group_come_last(boards):
    tables = {"a": {"plain": drawn(2.0, 0), "true": drawn(1.0, 1), "semola": drawn(1.5, 2)}}
    assert [row.variant.label for row in build_users(boards(tables)).rows] == ["semola", "true"]
    assert build_users(boards(tables, card={"control": True})).rows == ()


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(0.5, 0.25, 0.75), "0.50 (0.25 to 0.75)"),
        (Interval(0.5, None, None), "0.50"),
        (Interval(1.0, 1.0, 1.0), "1.00"),
        (Interval(-525.9, -860.0, 0.004), "-526 (-860 to 4.0e-3)"),
    ],
)
def test_an_interval_stands_in_brackets_where_there_is_one(interval, text):
    users = Users((UserRow(PLAIN, "none", False, {"a": Use(None, interval, 6, 6)}, 6, 6),), (FamilyScale("a", (), {}),))
    (page,) = front_pages(Finders((), (), 0, ()), users)
    assert page.tables[0].lines[0].cells[0].text == text


def test_the_notes_name_the_best_told_of_each_task_and_where_there_is_no_gain():
    scale = FamilyScale("f*", ("a", "b"), {"a": "true+emlp"})
    (note,) = users_notes(Users((), (scale,)))
    told, none = "gain on a (best told true+emlp)", "plain is not distinctly worse than a method told the group on b"
    assert note.text == f"f*: {told}; {none}."
