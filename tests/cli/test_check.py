"""`python -m bench check` as a user meets it: a table, the reasons, the exit code, the next command."""

import sys

import pytest

from bench.cli.app import main
from bench.records.command_line import PLUGINS

BROKEN = """
from bench.api import MethodCard
from bench.methods.plain import Plain, PlainFitted
from bench.api.training import train


class Unseeded(Plain):
    card = MethodCard(id="unseeded", title="Unseeded", summary="draws as it likes", knowledge="none", citation="")

    def fit(self, problem, ctx):
        network = problem.backbone()
        train(problem, ctx, network, lambda x, y: {"loss": problem.loss(network(x), y)})
        return PlainFitted(network, problem.link)


METHODS = (Unseeded(),)
"""


@pytest.fixture
def check(capsys, monkeypatch, tmp_path):
    """``check(*arguments)``: (exit code, stdout, stderr)."""
    monkeypatch.setenv("SYMMETRY_BENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv(PLUGINS, "")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["bench", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return exit_.value.code, captured.out, captured.err

    return call


def test_a_method_that_keeps_the_contract_exits_with_0_and_shows_what_to_try_next(check):
    code, out, err = check("persistence")
    assert (code, err) == (0, "")
    assert "persistence keeps" in out
    assert "other_seed: skipped: nothing in the fit is random" in out
    assert "next: python -m bench check persistence --task TASK" in out


def test_a_broken_method_exits_with_1_and_its_reasons(check, tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    code, out, err = check("unseeded", "--plugin", tmp_path / "broken.py")
    sys.modules.pop("symmetry_bench_plugin_broken", None)
    assert code == 1
    assert "equal_seed: failed: two fits of seed 0 on toy_vectors differ in prediction" in err
    assert "paired: failed: the first weights of the network on toy_vectors" in err
    assert "2 failed" in out


def test_a_known_failure_is_shown_with_its_reason_and_exits_with_0(check):
    code, out, _ = check("emlp")
    assert code == 0
    assert "precisions: known: its equivariant layers hold their bases in float32" in out


def test_a_task_that_the_method_does_not_treat_is_said_once(check):
    code, out, _ = check("linear", "--task", "toy_se3")
    assert code == 0
    assert out.count("skipped: unsupported (toy_se3: takes vectors only") == 1
    assert "next: python -m bench list" in out


def test_a_pipeline_is_checked_on_a_real_task(check):
    code, out, err = check("true+emlp", "--task", "discrete_rotation")
    assert code == 0, err
    assert "next: python -m bench run --method true+emlp --task discrete_rotation --budget small" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("semol",), "error: unknown method 'semol'. Did you mean 'semola'?"),
        (("plain", "--task", "toy_se33"), "error: unknown task 'toy_se33'. Did you mean 'toy_se3'?"),
    ],
)
def test_a_wrong_name_is_one_line(check, arguments, message):
    code, _, err = check(*arguments)
    assert code == 2
    assert err.startswith(message)
