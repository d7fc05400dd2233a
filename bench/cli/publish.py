"""`python -m bench publish`: packs the finished cells of a workspace into two files per board."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import typer
from tabulate import tabulate

from bench.errors import BenchError
from bench.leaderboard.board.build import HIDDEN_BUDGETS
from bench.records.arrays import pictured, published_form, published_names
from bench.records.command_line import command_line
from bench.records.packed import pack
from bench.records.paths import packed_dir
from bench.records.record import Record, Status
from bench.records.store import Store


def publish_command(root: Path) -> None:
    """Pack every cell of ``root`` that has ended. Packed cells are kept unless the workspace replaces them.

    Raises:
        BenchError: when arrays cannot be read, or a file cannot be written.
    """
    store = Store(root)
    scan = store.scan()
    for reason in scan.skipped.values():
        typer.echo(f"warning: left out: {reason}", err=True)
    boards: defaultdict[str, list[Record]] = defaultdict(list)
    for record in scan.records.values():
        if record.status is not Status.INTERRUPTED and record.budget not in HIDDEN_BUDGETS:
            boards[f"{record.task.id}@{record.task.version}"].append(record)
    if not boards:
        raise BenchError(f"{str(root)!r} holds no finished cells at a budget that boards show.")
    rows = []
    for board, records in sorted(boards.items()):
        # All arrays are read before the packed file that some of them come from is replaced.
        shown = pictured(records)
        contents = [(r, published_form(store.arrays(r.place, published_names(r, r.place in shown)))) for r in records]
        text, archive = pack(packed_dir(root), board, contents)
        size = (text.stat().st_size + archive.stat().st_size) / 2**20
        rows.append([board, len(records), f"{size:.2f}"])
    typer.echo(tabulate(rows, ["board", "records", "MiB"], tablefmt="simple", disable_numparse=True))
    typer.echo(f"\nwritten: {packed_dir(root)}\nnext: {command_line('leaderboard', results=root)}")
