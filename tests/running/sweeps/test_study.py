"""Laws of one study: a kill loses no trial, a failure stops nothing, and a journal that is broken is one line."""

import errno
import math

import pytest
from optuna.storages.journal import JournalFileBackend

from bench.api.parameters import Sweep
from bench.errors import BenchError
from bench.running.sweeps.search import FIRST_SEED, RANDOM_TRIALS, StudySettings, TrialOutcome
from bench.running.sweeps.study import run_study

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
    def make(
        trainer, trials=12, name="study0", on_end=lambda *_: None, identity="x", hours=1.0, higher=False, number=0
    ):
        settings = StudySettings(SPACE, DEFAULT, higher, EPOCHS, identity, trainer, on_end)
        return run_study(settings, number, tmp_path / f"{name}.log", trials, hours)

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


def test_the_same_command_makes_the_same_study_and_another_number_another(study_of):
    whole = study_of(Trainer(), name="whole")
    assert study_of(Trainer(), name="again").trials == whole.trials
    assert whole.count("pruned") > 0
    assert study_of(Trainer(), name="other", number=1).trials[1:] != whole.trials[1:]


@pytest.mark.parametrize("steps", [0, 4, 9, 23, 40])
def test_a_killed_study_goes_on_to_as_many_trials_and_repeats_the_one_that_was_killed(study_of, steps):
    dead, heir = Trainer(dies_after=steps), Trainer()
    with pytest.raises(Killed):
        study_of(dead)
    study = study_of(heir)
    assert [trial.trial for trial in study.trials] == list(range(12))
    assert study.trials[0].params == DEFAULT
    assert heir.runs[0] == dead.runs[-1]
    assert [params for _, params in dead.runs[:-1] + heir.runs] == [trial.params for trial in study.trials]
    assert study.best(False).validation is not None


def test_a_study_killed_twice_in_one_trial_still_repeats_it(study_of):
    first, second, heir = Trainer(dies_after=4), Trainer(dies_after=3), Trainer()
    for dead in (first, second):
        with pytest.raises(Killed):
            study_of(dead)
    assert len(study_of(heir).trials) == 12
    assert first.runs == second.runs == heir.runs[:1]


def test_a_study_continued_among_its_random_trials_draws_nothing_twice(study_of):
    for trials in range(1, RANDOM_TRIALS + 1):
        study = study_of(Trainer(), trials=trials)
    drawn = [tuple(trial.params.values()) for trial in study.trials]
    assert len(set(drawn)) == RANDOM_TRIALS


def test_a_journal_cut_after_any_line_continues_to_a_whole_study(study_of, tmp_path):
    """Every moment at which a kill may come leaves some first part of the journal."""
    study_of(Trainer(), trials=4, name="whole")
    lines = (tmp_path / "whole.log").read_bytes().splitlines(keepends=True)
    for count in range(len(lines)):
        journal = tmp_path / "study0.log"
        journal.write_bytes(b"".join(lines[:count]).replace(b"whole", b"study0"))
        study = study_of(Trainer(), trials=4)
        assert [trial.trial for trial in study.trials] == [0, 1, 2, 3], count
        assert study.trials[0].params == DEFAULT, count
        journal.unlink()


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


def test_the_hours_of_a_killed_trial_are_not_free(study_of, monkeypatch):
    clock = iter(range(0, 10**9, 100))
    monkeypatch.setattr("bench.running.sweeps.study.time.monotonic", lambda: float(next(clock)))
    with pytest.raises(Killed):
        study_of(Trainer(dies_after=5), trials=1, hours=0.1)
    assert study_of(Trainer(), trials=1, hours=0.1).trials == ()


@pytest.mark.parametrize("writes", range(3, 30))
def test_a_journal_that_cannot_be_written_any_more_is_an_error_of_the_disk(study_of, monkeypatch, writes):
    append, left = JournalFileBackend.append_logs, iter(range(writes))

    def full(self, logs):
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, logs)

    with monkeypatch.context() as patch:
        patch.setattr(JournalFileBackend, "append_logs", full)
        with pytest.raises(OSError, match="No space left on device"):
            study_of(Trainer(), trials=3)
    assert len(study_of(Trainer(), trials=3).trials) == 3


def test_a_journal_of_another_sweep_is_refused(study_of):
    study_of(Trainer(), trials=1)
    with pytest.raises(BenchError, match="holds a sweep by other code, data, ranges or settings; move the folder away"):
        study_of(Trainer(), trials=1, identity="y")


def _without_state(lines):
    return [line for line in lines if b'"state":"complete"' not in line]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda lines: [b"no journal", *lines], "line 1 is not JSON"),
        (lambda lines: [*lines[:3], b"\xff\xfe", *lines[3:]], "line 4 is not JSON"),
        (lambda lines: [*lines, b"[" * 100_000], "is not JSON"),
        (lambda lines: [*lines[:2], b"[1, 2]", *lines[2:]], "line 3 is not an operation of a study"),
        (lambda lines: [*lines[:2], b"null", *lines[2:]], "line 3 is not an operation of a study"),
        (lambda lines: [*lines, b"{}"], "is not an operation of a study"),
        (lambda lines: [*lines, b'{"op_code": 99, "worker_id": "x"}'], "AssertionError"),
        (lambda lines: [*lines, b'{"op_code": 4, "worker_id": "x"}'], "KeyError"),
        (lambda lines: [line for line in lines if b'"op_code":5' not in line], "has no 'copies'"),
        (_without_state, "trial 0 has ended, and its state is None"),
        (lambda lines: [line.replace(b'"state":"complete"', b'"state":"won"') for line in lines], "its state is 'won'"),
    ],
)  # fmt: skip
def test_a_damaged_journal_is_one_line_with_advice(study_of, tmp_path, damage, why):
    study_of(Trainer(), trials=2)
    journal = tmp_path / "study0.log"
    journal.write_bytes(b"\n".join([*damage(journal.read_bytes().splitlines()), b""]))
    with pytest.raises(BenchError) as caught:
        study_of(Trainer(), trials=2)
    message = str(caught.value)
    assert message.startswith(f"journal {str(journal)!r} cannot be read (")
    assert why in message
    assert "Move it away to begin its study again" in message
    assert "\n" not in message
