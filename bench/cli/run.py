"""`python -m bench run`: runs the cells that are not finished, mirrors them, and prints the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer
from tabulate import tabulate

from bench.api import OnProgress, TaskCard
from bench.cli.cells import CellOptions, fit_time, number_text, reason_of, with_data
from bench.cli.progress import Bars
from bench.leaderboard.board.build import HIDDEN_BUDGETS
from bench.leaderboard.mlflow import Mirroring
from bench.metrics.scores import SCORES
from bench.records.command_line import command_line
from bench.records.paths import log_hint
from bench.records.preset import DEFAULT
from bench.records.record import Record, Status
from bench.records.store import Store
from bench.running.executors.choose import Resources, choose_executor
from bench.running.jobs import Job, Watch, jobs_of
from bench.running.plan import Plan, make_plan
from bench.running.registry import load_registry
from bench.running.schedule import run_plan

#: Scores that the command shows in addition to the primary metric.
SUMMARY = ("equivariance/e_prime", "symmetry/cosine", "symmetry/precision", "symmetry/recall")


def run_command(
    options: CellOptions, seeds: Sequence[int], root: Path, resources: Resources, *, force: bool, mlflow: bool
) -> int:
    """Run one cell per seed. Returns 0 if every cell is ok, else 1.

    Raises:
        BenchError: when an option is wrong, before anything is computed.
    """
    registry, store = load_registry(), Store(root)
    cell = options.cell(registry, root, seeds[0])  # refuse a wrong choice before data are downloaded
    if options.preset != DEFAULT and cell.preset is None:
        typer.echo(f"preset {options.preset!r} has the default parameters, so this is the cell of the default.")
    jobs = jobs_of(cell, registry.method(options.method), seeds)
    with choose_executor(resources, jobs, store, registry) as executor:
        store.check_writable()
        plan = make_plan(with_data(jobs, executor.session), executor.session, retry=("failed",), force=force)
        if force:
            for job in plan.to_run:
                store.checkpoint(job.cell).unlink(missing_ok=True)
        with Bars() as bars:
            report = _RunReport(store, cell.method, seeds, bars, Mirroring(root) if mlflow else None)
            report.kept(plan)
            run_plan(plan, executor, report.ended, report.started)
    records = [report.records[seed] for seed in seeds]
    _print_summary(records, registry.task(options.task).card, store, root)
    return 0 if all(record.status is Status.OK for record in records) else 1


class _RunReport:
    """Prints the progress of each cell, and keeps the records of the requested cells by seed."""

    def __init__(self, store: Store, method: str, seeds: Sequence[int], bars: Bars, mirror: Mirroring | None) -> None:
        self.store, self.method, self.bars, self.mirror = store, method, bars, mirror
        self.numbers = {seed: f"[{number}/{len(seeds)}] " for number, seed in enumerate(seeds, start=1)}
        self.records: dict[int, Record] = {}
        self._bars: dict[str, tuple[OnProgress, Callable[[], None]]] = {}  # what moves a bar, what removes it

    def kept(self, plan: Plan) -> None:
        """Report the cells that are not run."""
        for job in (*plan.done, *plan.stale):
            record = self.store.read(self.store.place(job.cell))
            stale = "; its code has changed since, --force runs it again" if job in plan.stale else ""
            typer.echo(f"{self._title(job)}: finished before ({record.status}){stale}")
            self._keep(job, record)

    def started(self, job: Job) -> Watch:
        """Add a bar for ``job``; returns its callbacks."""
        title = self._title(job)
        if title not in self._bars:  # else it was begun before, and another process was at it
            self._bars[title] = self.bars.add(title)
        return Watch(self._bars[title][0])

    def ended(self, job: Job, record: Record, ran: bool) -> None:
        """Report the end of ``job``; ``ran`` is False when another process ran it."""
        title = self._title(job)
        if title in self._bars:
            self._bars.pop(title)[1]()
        elsewhere = "" if ran else ", by another process"
        if record.status is not Status.OK:
            log = log_hint(self.store.path(job.cell))
            typer.echo(f"error: {job.cell.title}: {record.status}: {reason_of(record)}{log}", err=True)
        elif self.bars.is_shown or elsewhere:
            typer.echo(f"{title}: {record.status} ({fit_time(record)}{elsewhere})")
        if self.mirror is not None and ran:
            self.mirror.record(self.store, job.cell, record)
        self._keep(job, record)

    def _keep(self, job: Job, record: Record) -> None:
        if job.cell.method == self.method:
            self.records[job.cell.seed] = record

    def _title(self, job: Job) -> str:
        discovery = "" if job.cell.method == self.method else "discovery: "
        return f"{self.numbers[job.cell.seed]}{discovery}{job.cell.title}"


def _print_summary(records: Sequence[Record], card: TaskCard, store: Store, root: Path) -> None:
    table = SCORES.on(card)
    names = [name for name in (card.metric.name, *SUMMARY) if any(name in r.scores for r in records)]
    titles = [score.title_on(card) for name in (*names, "cost/fit_s") if (score := table.find(name))]
    rows = []
    for record in records:
        values = [record.scores[name].value if name in record.scores else None for name in names]
        fit = record.cost.fit_s if record.cost else None
        rows.append([record.seed, record.status, *(number_text(v) for v in values), number_text(fit)])
    typer.echo("")
    typer.echo(tabulate(rows, ["seed", "status", *titles], tablefmt="simple", disable_numparse=True))
    last = store.root / records[-1].place
    typer.echo(f"\nrecords: {last.parent}")
    hidden = records[-1].budget in HIDDEN_BUDGETS
    words = command_line("show", str(last), plugins=()) if hidden else command_line("leaderboard", results=root)
    typer.echo(f"next: {words}")
