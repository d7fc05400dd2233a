"""What all commands share: help, options given once, any terminal, outputs that break, and what they import."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from bench.cli.app import app, main
from bench.cli.command import SURROUNDINGS

pytestmark = pytest.mark.slow  # starts processes, trains, or compiles


#: Imports that only some commands need, each half a second or more of a start.
HEAVY = ("mlflow", "matplotlib", "pandas", "jax", "escnn", "optuna", "scipy", "sqlalchemy", "pyarrow", "ray")


def commands(group=None, path=()):
    """Every command with its path, the groups included."""
    group = group or typer.main.get_command(app)
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


GROUPS = [(path, group) for path, group in commands() if hasattr(group, "commands")]
SINGLE = [
    (*path, parameter.opts[0])
    for path, command in commands()
    for parameter in command.params
    if parameter.param_type_name == "option" and not parameter.multiple and not parameter.is_flag
]


def shell(line, **environment):
    """A line of a shell in a process of its own, `bench` for the CLI: (exit code, stdout, stderr) as bytes."""
    script = f'bench() {{ "{sys.executable}" -m bench "$@"; }}; {line}'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script], env=os.environ | environment, capture_output=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("path", "group"), GROUPS, ids=lambda value: " ".join(value) if type(value) is tuple else "")
def test_a_group_without_a_command_prints_its_help(bench, path, group):
    code, out, err = bench(*path)
    assert (code, err) == (0, "")
    shown = [line.split()[0] for line in out.partition("Commands:\n")[2].splitlines()]
    assert shown == list(group.commands)


@pytest.mark.parametrize("words", SINGLE, ids=" ".join)
def test_an_option_given_twice_is_refused(bench, words):
    *path, option = words
    code, out, err = bench(*path, option, "1", option, "2")
    assert (code, out) == (2, "")
    assert err == f"error: option {option} is given 2 times; give it once.\n"


def test_options_that_may_be_repeated_are_not_refused(bench):
    code, _, err = bench("run", "--method", "plain", "--task", "none", "--set", "lr=1", "--set", "passes=1")
    assert code == 2
    assert err.startswith("error: unknown task 'none'")


def test_the_version_is_that_of_the_project(bench):
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    code, out, _ = bench("--version")
    assert code == 0
    assert out.split()[-1] == project["version"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("line", ["--help", "list tasks"])
def test_an_output_on_a_full_device_is_one_line_and_no_success(line, unbuffered):
    code, _, err = shell(f"bench {line} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert code == 1
    assert err.decode().startswith("error: the output cannot be written: No space left on device")
    assert len(err.splitlines()) == 1
    code, out, _ = shell(f"bench {line} &> /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (code, out) == (1, b"")


@pytest.mark.parametrize("line", ["bench --help | true", "bench --help >&-"])
def test_an_output_that_nobody_reads_is_no_traceback(line):
    _, _, err = shell(line)
    assert b"Traceback" not in err
    assert b"Exception" not in err


@pytest.mark.parametrize("encoding", ["latin-1", "koi8-r", "utf-8"])
def test_every_stream_shows_every_text_in_its_own_encoding(encoding, tmp_path):
    code, _, err = shell(f"bench suite $'{tmp_path}/übung ρ′ \\xff.toml'", PYTHONIOENCODING=encoding)
    assert code == 2
    assert len(err.splitlines()) == 1
    shown = err.decode(encoding)
    assert shown.startswith("error: ")
    for letter in "üρ′":
        assert letter in shown or f"\\x{ord(letter):02x}" in shown or f"\\u{ord(letter):04x}" in shown


@pytest.mark.parametrize("module", ["run", "suite", "sweep", "check", "board", "listing", "data"])
def test_a_command_imports_nothing_heavy_before_it_needs_it(module):
    code = f"import sys, bench.cli.{module}\nprint([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", ["journal.log", None])
@pytest.mark.parametrize("number", sorted(SURROUNDINGS), ids=errno.errorcode.get)
def test_what_the_surroundings_do_to_any_file_is_one_line(bench, monkeypatch, number, name):
    def fail(*_):
        raise OSError(number, os.strerror(number), name)

    monkeypatch.setattr("bench.cli.entries.list_entries", fail)
    code, _, err = bench("list")
    assert code == 1
    assert err.startswith(f"error: {'a file' if name is None else repr(name)} cannot be used: {os.strerror(number)}.")
    assert len(err.splitlines()) == 1


def test_an_error_of_the_program_itself_keeps_its_traceback(monkeypatch):
    def fail(*_):
        raise FileNotFoundError(errno.ENOENT, "not there", "a name that the program made up")

    monkeypatch.setattr("bench.cli.entries.list_entries", fail)
    monkeypatch.setattr(sys, "argv", ["bench", "list"])
    with pytest.raises(FileNotFoundError):
        main()
