"""Laws of one study: what it draws does not depend on when it was killed, and a failure stops nothing."""

import json
import math

import pytest

import bench.running.sweeps.study
from bench.api.parameters import Sweep
from bench.errors import BenchError
from bench.running.sweeps.search import StudySettings, TrialOutcome
from bench.running.sweeps.study import FIRST_SEED, run_study

SPACE = {"lr": Sweep(1e-4, 1e-1, log=True), "copies": Sweep(1, 8, whole=True), "kind": Sweep(choices=("a", "b"))}
DEFAULT = {"lr": 0.0123456, "copies": 2, "kind": "b"}
EPOCHS = 9


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it is done."""


class Trainer:
    """Losses of a made-up training, one report per epoch; dies after so many of them."""

    def __init__(self, dies_after=math.inf, fails=()):
        self.left, self.fails, self.runs = dies_after, fails, []

    def __call__(self, seed, params, prune):
        self.runs.append((seed, params))
        quality = abs(math.log10(params["lr"]) + 2) + 0.1 * params["copies"] + (params["kind"] == "a")
        for epoch in range(1, EPOCHS + 1):
            self.left -= 1
            if self.left < 0:
                raise Killed
            if prune([(epoch, quality + 1 / epoch)]):
                return TrialOutcome("pruned")
        if len(self.runs) - 1 in self.fails:
            return TrialOutcome("failed", reason="diverged: no number")
        return TrialOutcome("complete", round(quality, 9))


@pytest.fixture
def study_of(tmp_path):
    def make(trainer, trials=12, name="study0", told=lambda *_: None, identity="x", hours=1.0, higher=False, number=0):
        search = StudySettings(SPACE, DEFAULT, higher, EPOCHS, identity, trainer, told)
        return run_study(search, number, tmp_path / f"{name}.log", trials, hours)

    return make


def test_the_first_trial_is_the_default_and_the_others_lie_in_the_range(study_of):
    study = study_of(Trainer())
    assert study.trials[0].params == DEFAULT
    assert study.default == study.trials[0].validation
    assert len(study.trials) == 12
    for trial in study.trials[1:]:
        assert 1e-4 <= trial.params["lr"] <= 1e-1
        assert float(f"{trial.params['lr']:.3g}") == trial.params["lr"]
        assert trial.params["copies"] in range(1, 9)
        assert trial.params["kind"] in ("a", "b")
    assert study.best(False).validation <= study.default
    assert study.seed == FIRST_SEED


def test_a_study_is_the_same_whenever_it_is_killed(study_of):
    whole = study_of(Trainer(), name="whole")
    assert study_of(Trainer(), name="again").trials == whole.trials
    assert whole.count("pruned") > 0
    assert study_of(Trainer(), name="other", number=1).trials[1:] != whole.trials[1:]
    for steps in (0, 4, 9, 23, 40):
        dead, heir = Trainer(dies_after=steps), Trainer()
        with pytest.raises(Killed):
            study_of(dead, name=f"killed{steps}")
        assert study_of(heir, name=f"killed{steps}").trials == whole.trials
        # Only the trial in which it died is begun again.
        assert [params for _, params in dead.runs[:-1] + heir.runs] == [trial.params for trial in whole.trials]


@pytest.mark.parametrize("number", range(12))
def test_a_kill_before_the_end_of_a_trial_is_told_changes_nothing(study_of, monkeypatch, number):
    whole, tell, told = study_of(Trainer(), name="whole"), bench.running.sweeps.study._tell, []

    def dying(search, study, asked, outcome):
        told.append(asked.number)
        if told.count(number) == 1 and asked.number == number:
            raise Killed
        tell(search, study, asked, outcome)

    monkeypatch.setattr("bench.running.sweeps.study._tell", dying)
    with pytest.raises(Killed):
        study_of(Trainer())
    assert study_of(Trainer()).trials == whole.trials
    assert sorted(told) == sorted([*range(12), number])


def test_a_finished_study_runs_nothing_and_a_longer_one_only_what_is_missing(study_of):
    first = study_of(Trainer(), trials=5)
    idle, more = Trainer(), Trainer()
    assert study_of(idle, trials=5).trials == first.trials
    assert idle.runs == []
    assert study_of(more, trials=7).trials[:5] == first.trials
    assert len(more.runs) == 2


def test_half_a_line_and_a_lock_that_a_killed_process_left_are_mended(study_of, tmp_path):
    first = study_of(Trainer(), trials=3)
    journal = tmp_path / "study0.log"
    with journal.open("a") as file:
        file.write('{"op_code": 4, "wor')
    (tmp_path / "study0.log.lock").symlink_to(journal)
    assert study_of(Trainer(), trials=4).trials[:3] == first.trials


def test_a_failure_counts_as_a_trial_and_is_never_chosen(study_of):
    study = study_of(Trainer(fails=(0, 2)), trials=6)
    assert (study.trials[0].state, study.trials[0].validation) == ("failed", None)
    assert study.count("failed") == 2
    assert len(study.trials) == 6
    assert study.best(False).state == "complete"
    assert study_of(Trainer(fails=range(6)), trials=6, name="bad").best(False) is None


def test_a_study_that_maximises_prunes_by_the_loss_all_the_same(study_of):
    class Score(Trainer):
        def __call__(self, seed, params, prune):
            outcome = super().__call__(seed, params, prune)
            return TrialOutcome("complete", -outcome.validation) if outcome.validation is not None else outcome

    lower, higher = study_of(Trainer(), trials=8, name="low"), study_of(Score(), trials=8, name="high", higher=True)
    assert [(t.state, t.params) for t in higher.trials] == [(t.state, t.params) for t in lower.trials]
    assert higher.best(True).trial == lower.best(False).trial


def test_a_study_whose_hours_are_spent_begins_no_further_trial(study_of, monkeypatch):
    clock = iter(range(0, 10**9, 100))
    monkeypatch.setattr("bench.running.sweeps.study.time.monotonic", lambda: float(next(clock)))
    study = study_of(Trainer(), hours=0.5)
    assert study.capped
    assert 0 < len(study.trials) < 12
    assert study.hours >= 0.5
    assert not study_of(Trainer(), hours=1000.0).capped


def test_a_journal_of_another_sweep_is_refused(study_of, tmp_path):
    study_of(Trainer(), trials=1)
    with pytest.raises(BenchError, match="holds a sweep by other code, data, ranges or settings; move the folder away"):
        study_of(Trainer(), trials=1, identity="y")
    (tmp_path / "study0.log").write_text("no journal\n" + json.dumps({}) + "\n")
    with pytest.raises(BenchError, match="cannot be read"):
        study_of(Trainer(), trials=1)
