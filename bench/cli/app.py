"""The command line: `python -m bench list | run | suite | leaderboard | compare | …`; `--help` shows all."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bench.cli.command import App, help_alone, print_any_text, print_error, surroundings_fault, version_line
from bench.errors import BenchError, nearest

app = App("Symmetry Bench: compare methods that discover symmetries in data and use them.")
data_app = App("Download, build and check data sets.")
app.add_typer(data_app, name="data")

ResultsOption = Annotated[
    Path | None, typer.Option("--results", help="Folder of the records.", show_default="runs, over leaderboard/results")
]


def _plug_in(files: list[Path] | None) -> list[Path] | None:
    from bench.running.plugins import use_plugins

    if files:
        use_plugins(files)
    return files


#: The callback sets a variable that the registry reads, in this process and in workers.
PluginOption = Annotated[
    list[Path] | None,
    typer.Option("--plugin", callback=_plug_in, help="A Python file that defines METHODS or TASKS; may be repeated."),
]

ExecutorOption = Annotated[str, typer.Option(help="local, or ray for the nodes of a cluster.")]
AddressOption = Annotated[
    str | None, typer.Option(help="Ray's address, host:port.", show_default="a cluster on this machine")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
MemoryOption = Annotated[
    float | None, typer.Option(help="Memory of one cell, MiB.", show_default="its share of 90 %", min=64.0)
]
SearchOption = Annotated[str | None, typer.Option(help="Search space.", show_default="the task's widest")]
BudgetOption = Annotated[str, typer.Option(help="A budget of the task: smoke, small, ….", show_default=True)]


def main() -> None:
    """Run the CLI. A user error prints one line and exits with code 2; Ctrl-C exits with 130."""
    print_any_text()
    try:
        code = app(standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()  # reports a failed write before Python ends
    except BenchError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if (line := surroundings_fault(error)) is None:
            raise
        _fail(line, 1)
    except Exception as error:
        # Usage errors of typer (unknown option, missing value) have an exit code and a message.
        if not hasattr(error, "exit_code"):
            raise
        message = error.format_message() if hasattr(error, "format_message") else "interrupted."
        _fail(message, error.exit_code)
    sys.exit(code or 0)


@app.callback(invoke_without_command=True)
def _top(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(version_line())
        raise typer.Exit
    help_alone(ctx)


data_app.callback(invoke_without_command=True)(help_alone)


@app.command("list")
def list_command(
    kind: Annotated[str, typer.Argument(help="methods or tasks; both when left out.")] = "",
    name: Annotated[str, typer.Argument(help="Show one entry in detail.")] = "",
    plugin: PluginOption = None,
) -> None:
    """List methods and tasks, or one of them with its parameters and budgets."""
    if kind not in {"", "methods", "tasks"}:
        raise BenchError(f"cannot list {kind!r}.{nearest(kind, ['methods', 'tasks'])} Allowed: methods, tasks.")
    if name:
        from bench.cli.listing import show_entry

        show_entry(kind, name)
        return
    from bench.cli.entries import list_entries

    list_entries(kind)


@app.command()
def run(
    method: Annotated[str, typer.Option(help="A method, or a pipeline discoverer+consumer.")],
    task: Annotated[str, typer.Option(help="A task.")],
    seed: Annotated[int | None, typer.Option(min=0, help="One seed (default 0).")] = None,
    seeds: Annotated[str | None, typer.Option(help="Several seeds: 0-5 or 0,2,4.")] = None,
    budget: BudgetOption = "small",
    search: SearchOption = None,
    assignments: Annotated[list[str] | None, typer.Option("--set", help="name=value, may be repeated.")] = None,
    preset: Annotated[
        str, typer.Option(help="default, or tuned for the parameters that a sweep selected.")
    ] = "default",
    train_fraction: Annotated[float, typer.Option(help="Share of the training examples to use, in (0, 1].")] = 1.0,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    workers: Annotated[int | None, typer.Option(help="Cells at once.", show_default="1; on Ray all")] = None,
    device: DeviceOption = "auto",
    memory_mb: MemoryOption = None,
    results: ResultsOption = None,
    force: Annotated[bool, typer.Option("--force", help="Run finished cells again.")] = False,
    no_mlflow: Annotated[bool, typer.Option("--no-mlflow", help="Do not mirror to MLflow.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Train, evaluate and store one cell per seed."""
    from bench.cli.cells import CellOptions
    from bench.cli.run import run_command
    from bench.records.paths import results_dir
    from bench.running.executors.choose import Resources
    from bench.running.suite import parse_seeds

    _end_as_by_ctrl_c()
    if seed is not None and seeds is not None:
        raise BenchError(f"--seed {seed} and --seeds {seeds} exclude each other; give one.")
    fixed = tuple(parse_assignment(text) for text in assignments or ())
    code = run_command(
        CellOptions(method, task, budget, search, fixed, preset, train_fraction),
        parse_seeds(seeds) if seeds is not None else [seed or 0],
        results or results_dir(),
        Resources(executor, address, workers, device, memory_mb).one_by_one(),
        force=force,
        mlflow=not no_mlflow,
    )
    if code:
        raise typer.Exit(code)


@app.command()
def suite(
    file: Annotated[
        Path, typer.Argument(help="A TOML file, or the name of a built-in suite: smoke, exact, long, small, paper.")
    ],
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    workers: Annotated[int | None, typer.Option(help="Cells at once.", show_default="as many as cores")] = None,
    device: DeviceOption = "auto",
    memory_mb: MemoryOption = None,
    retry: Annotated[list[str] | None, typer.Option(help="Rerun failed or stale cells; may be repeated.")] = None,
    results: ResultsOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    no_mlflow: Annotated[bool, typer.Option("--no-mlflow", help="Do not mirror to MLflow.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Run the cells of a suite that are not done."""
    from bench.cli.suite import suite_command
    from bench.records.paths import results_dir
    from bench.running.executors.choose import Resources

    _end_as_by_ctrl_c()
    code = suite_command(
        file,
        results or results_dir(),
        Resources(executor, address, workers, device, memory_mb),
        retry=retry or (),
        dry_run=dry_run,
        mlflow=not no_mlflow,
    )
    if code:
        raise typer.Exit(code)


@app.command()
def check(
    method: Annotated[str, typer.Argument(help="A method, or discoverer+consumer; all when left out.")] = "",
    task: Annotated[str, typer.Option(help="A task, at its smoke budget.", show_default="toy tasks in memory")] = "",
    plugin: PluginOption = None,
) -> None:
    """Check that methods keep the contract: seeds, batches, precisions, budgets, records and imports."""
    from bench.cli.check import check_command

    code = check_command(method, task)
    if code:
        raise typer.Exit(code)


@app.command()
def sweep(
    method: Annotated[str, typer.Option(help="A method with a predictor, or a pipeline discoverer+consumer.")],
    task: Annotated[str, typer.Option(help="A task.")],
    studies: Annotated[int, typer.Option(help="Independent searches.", min=1)] = 3,
    trials: Annotated[int, typer.Option(help="Trials of each study.", min=1)] = 20,
    budget: BudgetOption = "small",
    search: SearchOption = None,
    max_hours: Annotated[float, typer.Option(help="Hours after which a study starts no further trial.")] = 4.0,
    assignments: Annotated[list[str] | None, typer.Option("--set", help="name=value, the same in all trials.")] = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    workers: Annotated[int | None, typer.Option(help="Studies at once.", show_default="1; on Ray all")] = None,
    device: DeviceOption = "auto",
    memory_mb: MemoryOption = None,
    results: ResultsOption = None,
    plugin: PluginOption = None,
) -> None:
    """Select a method's parameters on the validation split; `run --preset tuned` then uses them."""
    from bench.cli.cells import CellOptions
    from bench.cli.sweep import sweep_command
    from bench.records.paths import results_dir
    from bench.running.executors.choose import Resources
    from bench.running.sweeps.sweep import SweepSize

    _end_as_by_ctrl_c()
    fixed = tuple(parse_assignment(text) for text in assignments or ())
    sweep_command(
        CellOptions(method, task, budget, search, fixed),
        SweepSize(studies, trials, max_hours),
        results or results_dir(),
        Resources(executor, address, workers, device, memory_mb).one_by_one(),
    )


@app.command()
def leaderboard(
    results: ResultsOption = None,
    check: Annotated[bool, typer.Option("--check", help="Do not write; fail when a page is out of date.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Also write index.html for a browser.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Write leaderboard/README.md and one page per task from the published records and yours."""
    from bench.cli.board import board_command
    from bench.records.paths import existing_results

    code = board_command(existing_results(results), check=check, html=html)
    if code:
        raise typer.Exit(code)


@app.command()
def discover(
    data: Annotated[Path, typer.Argument(help="Your data: .npz with x and y, .csv or .parquet.")],
    target: Annotated[str, typer.Option(help="Columns of the target, as patterns: energy or 'v*,w'.")] = "",
    inputs: Annotated[str, typer.Option(help="Columns of the inputs.", show_default="all others")] = "",
    group: Annotated[str, typer.Option(help="Vector blocks: 'q1:x1,y1 q2:x2,y2'.")] = "",
    output: Annotated[str, typer.Option(help="How the target moves: invariant, same, vector or auto.")] = "auto",
    kind: Annotated[str, typer.Option(help="What the target is: classes, numbers or auto.")] = "auto",
    time: Annotated[str, typer.Option(help="Limit of the work: 90s, 10m, 1h.")] = "10m",
    folder: Annotated[
        Path | None, typer.Option("--output-dir", help="Folder of the report.", show_default="DATA-symmetry, here")
    ] = None,
) -> None:
    """Search your own data for symmetries, and write a report."""
    from bench.cli.discover import discover_command

    _end_as_by_ctrl_c()
    choices = {"target": target, "inputs": inputs, "group": group, "kind": kind}
    code = discover_command(data, folder, output, time, choices)
    if code:
        raise typer.Exit(code)


@app.command()
def collect(
    results: ResultsOption = None,
    output: Annotated[
        Path | None, typer.Option(help="The file to write.", show_default="results.parquet next to the folder")
    ] = None,
) -> None:
    """Write every stored score to one tidy parquet file."""
    from bench.cli.collect import collect_command
    from bench.records.paths import existing_results

    collect_command(existing_results(results), output)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A row as the boards name it: plain, or 'semola [mask2]'.")],
    second: Annotated[str, typer.Argument(help="Another row.")],
    task: Annotated[
        list[str] | None, typer.Option(help="A task; may be repeated.", show_default="all common tasks")
    ] = None,
    budget: Annotated[str, typer.Option(help="Budget of the records.")] = "small",
    train_fraction: Annotated[float, typer.Option(help="Share of the training examples, in (0, 1].")] = 1.0,
    score: Annotated[str | None, typer.Option(help="Score to compare.", show_default="the primary metric")] = None,
    results: ResultsOption = None,
    plugin: PluginOption = None,
) -> None:
    """Compare two rows: the difference paired by seed, its interval, and p."""
    from bench.cli.compare import Selection, compare_command
    from bench.records.paths import existing_results

    compare_command(first, second, Selection(task or (), budget, train_fraction, score), existing_results(results))


@app.command()
def publish(results: ResultsOption = None) -> None:
    """Pack the finished cells of the workspace into the published files."""
    from bench.cli.publish import publish_command
    from bench.records.paths import existing_results

    publish_command(existing_results(results))


@app.command()
def track(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build the MLflow store again from the records.")] = False,
    results: ResultsOption = None,
) -> None:
    """Show or rebuild the MLflow mirror of the records."""
    from bench.cli.progress import progress_bar
    from bench.leaderboard.mlflow import rebuild as rebuild_mirror
    from bench.leaderboard.mlflow import tracking_uri
    from bench.records.paths import existing_results

    root = existing_results(results)
    if rebuild:
        with progress_bar(f"MLflow mirror of {root}") as on_progress:
            mirrored, skipped = rebuild_mirror(root, on_progress)
        typer.echo(f"mirrored {mirrored} records, skipped {skipped}")
    typer.echo(
        f"next: mlflow ui --backend-store-uri {shlex.quote(tracking_uri(root))}   (pip install 'symmetry-bench[ui]')"
    )


@app.command()
def show(
    task: Annotated[str, typer.Argument(metavar="TASK|FILE", help="A task, or a record's .json file.")],
    method: Annotated[str, typer.Argument(help="A row as the boards name it: plain, or 'semola [mask2]'.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="The seed.")] = 0,
    budget: Annotated[str, typer.Option(help="Budget of the record.")] = "small",
    key: Annotated[str, typer.Option(help="The cell's key, if several match.")] = "",
    results: ResultsOption = None,
) -> None:
    """Print one record: scores, costs, parameters, environment."""
    from bench.cli.show import show_command
    from bench.records.paths import existing_results

    show_command(task, method, lambda: existing_results(results), seed=seed, budget=budget, key=key)


@data_app.command("prepare")
def data_prepare(name: Annotated[str, typer.Argument(help="A data set.")]) -> None:
    """Download or generate a data set into the cache."""
    from bench.cli.data import prepare

    prepare(name)


@data_app.command("verify")
def data_verify(name: Annotated[str, typer.Argument(help="A data set.")]) -> None:
    """Check the cached files of a data set."""
    from bench.cli.data import verify

    if not verify(name):
        raise typer.Exit(1)


def parse_assignment(text: str) -> tuple[str, str]:
    """The name and the value of ``"name=value"``.

    Raises:
        BenchError: when the ``=`` or the name is missing.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BenchError(f"--set is {text!r}; it must be name=value, like --set lr=0.001.")
    return name.strip(), value.strip()


def _end_as_by_ctrl_c() -> None:
    """Handle SIGTERM and SIGHUP like Ctrl-C, so that workers end and cells are recorded. `nohup` still works."""
    import signal

    for sign in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sign) is not signal.SIG_IGN:
            signal.signal(sign, signal.default_int_handler)


def _fail(message: str, code: int) -> NoReturn:
    print_error(message)
    sys.exit(code)
